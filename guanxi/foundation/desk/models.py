"""What the desk stores: views that people saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.visibility import Viewer, VisibleQuerySet

if TYPE_CHECKING:
    from typing import Self


class SavedViewQuerySet(VisibleQuerySet["SavedView"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """One's own and the shared ones."""
        return super().visible_to(viewer).filter(Q(owner=viewer.pk) | Q(shared=True))  # type: ignore[return-value]


class SavedView(models.Model):
    """A list as somebody wants to come back to it: filters, columns and order, as the address writes them."""

    desk = models.CharField(max_length=50)
    name = models.CharField(_("name"), max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("owner"), db_index=False
    )
    query = models.TextField(_("query"), blank=True, max_length=8000)
    shared = models.BooleanField(_("shared"), default=False)
    pinned = models.BooleanField(_("pinned"), default=False)
    is_default = models.BooleanField(_("default"), default=False)
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
            models.UniqueConstraint(
                fields=["owner", "desk"], condition=Q(is_default=True), name="saved_view_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name
