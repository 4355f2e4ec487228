"""What is stored: saved questions, dashboards with their tiles, who may read them, and which dashboard opens first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.desk.sharing import with_groups_of
from guanxi.foundation.governed import Governed
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Part, Personal, Reach, Rights, Through, VisibleQuerySet


class Sharing(models.TextChoices):
    PRIVATE = "private", _("only me")
    NAMED = "named", _("people and teams whom I name")
    EVERYBODY = "everybody", _("everybody")


@dataclass(frozen=True)
class OwnOrShared(Personal):
    """Rows of somebody's own that he may let some or all see who may see figures at all."""

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        figures = rights.everything or rights.reach("reports", "view") is not Reach.NONE
        return super().reach(model, rights, verb) if figures else Reach.NONE

    def among(
        self, model: type[models.Model], rights: Rights, verb: str, reach: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        if verb != "view":
            return super().among(model, rights, verb, reach, walking, shared)
        named = Q(sharing=Sharing.NAMED) & Q(pk__in=_named_for(model, rights.viewer_id))
        return Q(owner=rights.viewer_id) | Q(sharing=Sharing.EVERYBODY) | named

    def covers(self, row: models.Model, rights: Rights, verb: str, reach: Reach, shared: str) -> bool:
        if verb != "view" or super().covers(row, rights, verb, reach, shared):
            return super().covers(row, rights, verb, reach, shared)
        condition = self.among(type(row), rights, verb, reach, False, shared)
        return type(row)._base_manager.filter(condition, pk=row.pk).exists()


def _named_for(model: type[models.Model], viewer_id: int | None) -> Any:
    """The numbers of the rows of a model that somebody is named for, or a team of his."""
    if viewer_id is None:  # of nobody: else what is shared with teams, and so with no person, would be meant
        return Reader.objects.none().values("pk")
    column = f"{model._meta.model_name}_id"
    named = Q(user=viewer_id) | with_groups_of(User(pk=viewer_id))
    return Reader.objects.filter(named).exclude(**{column: None}).values(column)


class Shared(Governed):
    """Something that somebody made for himself, for some, or for everybody."""

    governed = OwnOrShared("owner")

    name = models.CharField(_("name"), max_length=100)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("owner"))
    query = models.TextField(_("query"), blank=True, max_length=8000)
    sharing = models.CharField(_("who may see it"), max_length=9, choices=Sharing.choices, default=Sharing.PRIVATE)
    created_at = models.DateTimeField(default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Question(Shared):
    """A question to the lake as Explore's address writes it, under a name."""

    class Meta:
        verbose_name = _("saved question")
        verbose_name_plural = _("saved questions")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="question_name",
                violation_error_message=_("You have a question of this name already; choose another name."),
            )
        ]


class Dashboard(Shared):
    """Tiles under a name; `query` is the period and the filters that it opens with."""

    class Meta:
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboards")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="dashboard_name",
                violation_error_message=_("You have a dashboard of this name already; choose another name."),
            )
        ]


class Tile(Governed):
    """A saved question on a dashboard: as what, how wide, and at which place."""

    governed = Through("dashboard")

    class Form(models.TextChoices):
        NUMBER = "number", _("figure")
        PLOT = "plot", _("plot")
        TABLE = "table", _("table")

    class Size(models.TextChoices):
        THIRD = "third", _("a third")
        HALF = "half", _("half")
        FULL = "full", _("full width")

    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="tiles")
    question = models.ForeignKey(Question, models.CASCADE, related_name="tiles", verbose_name=_("question"))
    form = models.CharField(_("shown as"), max_length=6, choices=Form.choices, default=Form.PLOT)
    size = models.CharField(_("width"), max_length=5, choices=Size.choices, default=Size.HALF)
    position = models.PositiveIntegerField(_("place"), default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("tile")
        verbose_name_plural = _("tiles")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return str(self.question)


class Reader(Governed):
    """Somebody whom the owner named for a question or a dashboard, or a group (a team) by its key."""

    governed = Part("reports", {"create": "view", "edit": "view", "delete": "view"})

    question = models.ForeignKey(Question, models.CASCADE, null=True, blank=True, related_name="readers")
    dashboard = models.ForeignKey(Dashboard, models.CASCADE, null=True, blank=True, related_name="readers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    group = models.CharField(max_length=60, blank=True, db_index=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
        constraints = [
            models.UniqueConstraint(fields=["question", "user"], name="question_reader_once"),
            models.UniqueConstraint(fields=["dashboard", "user"], name="dashboard_reader_once"),
            models.UniqueConstraint(
                fields=["question", "group"], condition=Q(group__gt=""), name="question_group_once"
            ),
            models.UniqueConstraint(
                fields=["dashboard", "group"], condition=Q(group__gt=""), name="dashboard_group_once"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True, group__gt="") | Q(user__isnull=False, group=""), name="reader_is_one"
            ),
            models.CheckConstraint(
                condition=Q(question=None, dashboard__isnull=False) | Q(question__isnull=False, dashboard=None),
                name="reader_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question or self.dashboard} → {self.user or self.group}"


class FirstDashboard(Governed):
    """Which dashboard opens first for somebody: its number, or the slug of a ready-made one."""

    governed = Personal("user")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.SlugField(max_length=50)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("dashboard that opens first")
        verbose_name_plural = _("dashboards that open first")

    def __str__(self) -> str:
        return f"{self.user}: {self.key}"
