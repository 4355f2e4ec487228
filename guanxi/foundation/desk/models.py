"""What the desk stores: views that people saved, with whom they share them, and what each makes of them for himself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.desk.sharing import with_groups_of
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Personal, Through
from guanxi.foundation.visibility import Viewer, VisibleQuerySet, is_staff

if TYPE_CHECKING:
    from typing import Self


class SavedViewQuerySet(VisibleQuerySet["SavedView"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """One's own, those shared with everybody, and those shared with oneself or a group that one belongs to."""
        to_him = Q(user=viewer.pk) | with_groups_of(viewer)
        shares = ViewShare.objects.filter(to_him, view=OuterRef("pk"))
        mine = Q(owner=viewer.pk) | Q(shared=True) | Exists(shares)
        return self.filter(mine) if is_staff(viewer) else self.none()


class SavedView(Governed):
    """A list as somebody wants to come back to it: form, filters, columns and order, as the address writes them."""

    governed = Personal("owner", others_see="shared")

    class Icon(models.TextChoices):
        BOOKMARK = "bookmark", _("Bookmark")
        STAR = "star", _("Star")
        FLAG = "flag", _("Flag")
        USERS = "users", _("People")
        BUILDING = "building", _("Building")
        COIN = "coin", _("Coin")
        CLOCK = "clock", _("Clock")
        CALENDAR = "calendar", _("Calendar")
        PHONE = "phone", _("Telephone")
        MAIL = "mail", _("Letter")
        ALERT = "alert-circle", _("Warning")
        CHECK = "checkbox", _("Tick")
        BOARD = "layout-kanban", _("Board")
        CHART = "chart-line", _("Plot")
        HEART = "heart", _("Heart")
        PIN = "map-pin", _("Place")

    desk = models.CharField(max_length=50)
    name = models.CharField(_("name"), max_length=100)
    icon = models.CharField(_("icon"), max_length=20, choices=Icon.choices, default=Icon.BOOKMARK)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("owner"), db_index=False
    )
    query = models.TextField(_("query"), blank=True, max_length=8000)
    shared = models.BooleanField(_("shared"), default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "desk", "name"],
                name="saved_view_name",
                violation_error_message=_("You have a view of this name already; choose another name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ViewShare(Governed):
    """That a view is shared with one person, or with one group (a team) by its key."""

    governed = Through("view")

    view = models.ForeignKey(SavedView, models.CASCADE, related_name="shares", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    group = models.CharField(max_length=60, blank=True, db_index=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("share of a view")
        verbose_name_plural = _("shares of views")
        constraints = [
            models.UniqueConstraint(
                fields=["view", "user"], condition=Q(user__isnull=False), name="view_share_user_once"
            ),
            models.UniqueConstraint(fields=["view", "group"], condition=Q(group__gt=""), name="view_share_group_once"),
            models.CheckConstraint(
                condition=Q(user__isnull=True, group__gt="") | Q(user__isnull=False, group=""), name="view_share_with"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.view_id} → {self.user_id or self.group}"


class ViewChoice(Governed):
    """What one person makes of a view, his own or a shared one: pinned to his side bar, opened first by him."""

    governed = Personal("user")

    view = models.ForeignKey(SavedView, models.CASCADE, related_name="choices", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="view_choices", db_index=False)
    desk = models.CharField(max_length=50)  # the view's, for the constraint
    pinned = models.BooleanField(_("pinned"), default=False)
    is_default = models.BooleanField(_("default"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice of a view")
        verbose_name_plural = _("choices of views")
        constraints = [
            models.UniqueConstraint(fields=["user", "view"], name="view_choice_once"),
            models.UniqueConstraint(
                fields=["user", "desk"], condition=Q(is_default=True), name="view_choice_one_default"
            ),
        ]
        indexes = [models.Index(fields=["view"], name="view_choice_of_view")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.view_id}"
