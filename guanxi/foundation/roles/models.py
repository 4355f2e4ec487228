"""Roles, who holds them, teams and who is in them, and records shared with somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.belonging import Belonging
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import VERBS, Part, Reach
from guanxi.foundation.roles.ready_made import name_of
from guanxi.foundation.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager  # of the stubs; Django makes it when asked

HIDDEN, READ_ONLY = "hidden", "read_only"
ADMINISTRATED = Part("people", {"create": "everything", "edit": "everything", "delete": "everything"})


class Role(Governed):
    """What those who hold it may: `grants` {subject: {verb: reach}}, `fields` {model: {field: hidden or read_only}}.

    Both are kept with the role, so that what a person may is one query, and a change of a role one entry of the audit
    log. An administrator may everything, also what is added later.
    """

    governed = ADMINISTRATED

    key = models.SlugField(_("key"), max_length=40, blank=True, editable=False)  # of a ready-made one
    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.CharField(_("what it is for"), max_length=200, blank=True)
    is_administrator = models.BooleanField(_("may do everything"), default=False)
    grants = models.JSONField(_("rights"), default=dict, blank=True)
    fields = models.JSONField(_("fields"), default=dict, blank=True)

    holdings: RelatedManager[Holding]
    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [models.UniqueConstraint(fields=["key"], condition=~Q(key=""), name="role_key")]

    def __str__(self) -> str:
        return name_of(self.key, self.name)

    def clean(self) -> None:
        """Only known verbs, reaches and rules; subjects and fields may be those of a package that is gone."""
        reaches = {reach.name.lower() for reach in Reach}
        for subject, verbs in _mapping(self.grants, "grants").items():
            for verb, reach in _mapping(verbs, "grants").items():
                if verb not in VERBS or reach not in reaches:
                    words = gettext("There is no right “%(verb)s: %(reach)s” on “%(subject)s”.")
                    raise ValidationError({"grants": words % {"verb": verb, "reach": reach, "subject": subject}})
        for rules in _mapping(self.fields, "fields").values():
            for field, rule in _mapping(rules, "fields").items():
                if rule not in (HIDDEN, READ_ONLY):
                    words = gettext("There is no rule “%(rule)s” for the field “%(field)s”.")
                    raise ValidationError({"fields": words % {"rule": rule, "field": field}})


def _mapping(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValidationError({field: gettext("This is no table of rights.")})
    return value


class Holding(Governed):
    """Somebody holds a role."""

    governed = ADMINISTRATED

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="holdings", db_index=False)
    role = models.ForeignKey(Role, models.CASCADE, related_name="holdings")

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("role of a colleague")
        verbose_name_plural = _("roles of colleagues")
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="holding_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class Team(Governed):
    """Colleagues who see each other's records, as far as their roles reach to the team; those above see those below."""

    governed = Part("people", {"view": ""})

    name = models.CharField(_("name"), max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )

    memberships: RelatedManager[Membership]
    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return str(self.name)


class Membership(Governed):
    """Somebody is in a team."""

    governed = Part("people", {"view": "", "create": "edit", "delete": "edit"})

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of a team")
        verbose_name_plural = _("members of teams")
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.team}: {self.user}"


class Share(Belonging):
    """One record, shared with a colleague or a team beyond what their roles reach."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("colleague")
    )
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team"))
    may_edit = models.BooleanField(_("may edit"), default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("shared record")
        verbose_name_plural = _("shared records")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, team__isnull=True) | Q(user__isnull=True, team__isnull=False),
                name="share_with_one",
                violation_error_message=_("Share it with a colleague or with a team."),
            ),
            models.UniqueConstraint(
                fields=["object_type", "object_id", "user"], condition=Q(user__isnull=False), name="share_user_once"
            ),
            models.UniqueConstraint(
                fields=["object_type", "object_id", "team"], condition=Q(team__isnull=False), name="share_team_once"
            ),
        ]
        indexes = [
            models.Index(fields=["origin"], condition=Q(origin__isnull=False), name="share_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}: {self.user or self.team}"
