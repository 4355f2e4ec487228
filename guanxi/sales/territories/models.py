"""What is stored of territories: their rules, who is in which, how it came, and re-cuts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.customers.models.origins import once, origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.roles.models import Team
from guanxi.foundation.visibility import VisibleQuerySet


class How(models.TextChoices):
    """Why a customer is in a territory."""

    NAMED = "named", _("named")
    RULE = "rule", _("by its rule")
    NONE = "none", _("no rule fits")


class Territory(Governed):
    """A part of the market: customers that fulfil its rule, and those that are named; whose they are."""

    governed = Part("territories", {"view": ""})

    name = models.CharField(_("name"), max_length=60, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who has it")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("team"),
    )  # fmt: skip
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    active = models.BooleanField(_("in use"), default=True)
    # Which customers, in the language of the filters of their list (“f.country=TW”); none: only named ones.
    query = models.CharField(_("which customers"), max_length=4000, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("territory")
        verbose_name_plural = _("territories")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class NamedAccount(Governed):
    """A customer who belongs to a territory whatever the rules say."""

    governed = Part("territories", dict.fromkeys(("view", "create", "edit", "delete", "export"), "edit"))

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="named", verbose_name=_("territory"))
    party = models.ForeignKey(
        Party, models.CASCADE, related_name="+", db_index=False, db_constraint=False, verbose_name=_("customer")
    )
    origin = origin_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("named account")
        verbose_name_plural = _("named accounts")
        constraints = [once("party", name="named_account_once")]
        indexes = [origin_index("named_account_origin")]

    def __str__(self) -> str:
        return f"{self.territory_id}: {self.party_id}"


class Assigned(Governed):
    """In which territory a customer is. What a merged one brought along keeps its origin and does not count."""

    governed = Through("party")

    party = models.ForeignKey(Party, models.CASCADE, related_name="territories", db_index=False, db_constraint=False)
    origin = origin_field()
    territory = models.ForeignKey(Territory, models.PROTECT, related_name="assigned", db_index=False)
    how = models.CharField(_("why"), max_length=5, choices=How.choices)
    since = models.DateTimeField(_("since"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer of a territory")
        verbose_name_plural = _("customers of territories")
        constraints = [once("party", name="territory_of_party_once")]
        indexes = [models.Index(fields=["territory", "party"], name="territory_party"), origin_index("assigned_origin")]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.territory_id}"


class Recut(Governed):
    """The territories cut anew by their rules: first as a plan with its figures, then done, perhaps undone."""

    governed = Part("territories", dict.fromkeys(("view", "create", "edit", "delete", "export"), "run"))

    at = models.DateTimeField(_("simulated"), default=timezone.now, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("who"),
    )  # fmt: skip
    hand_over = models.BooleanField(_("customers go to who has their territory"), default=True)
    with_deals = models.BooleanField(_("their open deals go along"), default=True)
    figures = models.JSONField(default=dict, editable=False)
    total = models.PositiveIntegerField(_("customers that move"), default=0, editable=False)
    applied_at = models.DateTimeField(_("done"), null=True, blank=True, editable=False)
    change = models.BigIntegerField(null=True, editable=False)  # the bulk change that did it, and can undo it

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("re-cut")
        verbose_name_plural = _("re-cuts")
        indexes = [models.Index(fields=["at", "id"], name="recut_at")]

    def __str__(self) -> str:
        return _now("Re-cut %(number)s") % {"number": self.pk}


class RecutRow(models.Model):
    """A customer that a re-cut moves: from where and whom, to where and whom; and the deals that went along."""

    recut = models.ForeignKey(Recut, models.CASCADE, related_name="rows", db_index=False)
    party = models.ForeignKey(Party, models.CASCADE, related_name="recut_rows", db_index=False, db_constraint=False)
    origin = origin_field()
    how = models.CharField(max_length=5, choices=How.choices)
    before = models.ForeignKey(
        Territory, models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    after = models.ForeignKey(
        Territory, models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    owner_before = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    owner_after = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    deals = models.JSONField(default=list)  # numbers of the open deals that went along
    done = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["recut", "party"], name="recut_row_party"),
            models.Index(fields=["party"], name="recut_row_of_party"),
            origin_index("recut_row_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.recut_id}: {self.party_id}"


class Move(Governed):
    """That a customer came from one territory into another, and why. Never changed."""

    governed = Through("party")

    party = models.ForeignKey(Party, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    origin = origin_field()
    before = models.ForeignKey(Territory, models.SET_NULL, null=True, related_name="+", db_index=False)
    after = models.ForeignKey(Territory, models.SET_NULL, null=True, related_name="+", db_index=False)
    how = models.CharField(_("why"), max_length=5, choices=How.choices)
    rule = models.CharField(max_length=4000, blank=True)  # as it was then
    recut = models.ForeignKey(Recut, models.SET_NULL, null=True, related_name="moves", db_index=False)
    undone = models.BooleanField(_("undone"), default=False)  # that it went back, because the re-cut was undone
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("who")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("move between territories")
        verbose_name_plural = _("moves between territories")
        indexes = [models.Index(fields=["party", "-at", "-id"], name="territory_move"), origin_index("move_origin")]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.after_id}"
