"""What is stored of forecasts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import a_currency
from guanxi.foundation.desk import display
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.money import MoneyField
from guanxi.foundation.roles.models import Team
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models import ForecastCategory, State
from guanxi.sales.forecast.governing import OfUnit
from guanxi.sales.forecast.periods import is_period

KEPT_BY_THE_HOUSE = dict.fromkeys(("create", "edit", "delete"), "settings.edit")
OF_ONE = Q(user__isnull=False, team__isnull=True) | Q(user__isnull=True, team__isnull=False)


class Quota(Governed):
    """What a person or a team is to sell in a month or a quarter."""

    governed = OfUnit("quotas")

    # By what another system knows it, so that rows sent again find it.
    number = models.CharField(_("number"), max_length=50, unique=True, null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("colleague"),
    )  # fmt: skip
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("team")
    )
    period = models.CharField(_("period"), max_length=7, validators=[is_period])
    value = MoneyField(_("quota"))
    currency = models.CharField(_("currency"), max_length=3, blank=True, validators=[a_currency])
    # In the business's currency, by the rate of the day on which it was written.
    amount = MoneyField(_("amount"), editable=False, own=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        constraints = [
            models.CheckConstraint(
                condition=OF_ONE, name="quota_of_one",
                violation_error_message=_("A quota is of a colleague or of a team."),
            ),
            models.UniqueConstraint(
                fields=["user", "period"], condition=Q(user__isnull=False), name="quota_user_once",
                violation_error_message=_("There is a quota of this colleague for this period already."),
            ),
            models.UniqueConstraint(
                fields=["team", "period"], condition=Q(team__isnull=False), name="quota_team_once",
                violation_error_message=_("There is a quota of this team for this period already."),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["period", "id"], name="quota_period")]

    def __str__(self) -> str:
        return f"{self.user or self.team}, {self.period}"


class Judgement(Governed):
    """That somebody says another number than his deals, or another's, add up to; never changed, the newest counts.

    `value` empty: taken back. Of those above a person the newest word stands over his own.
    """

    governed = OfUnit("forecasts", {"create": "edit"})

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("colleague"),
    )  # fmt: skip
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("team")
    )
    period = models.CharField(_("period"), max_length=7, validators=[is_period])
    value = MoneyField(_("amount"), null=True, blank=True, own=True)
    original = MoneyField(_("what deals added up to"), own=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    by_himself = models.BooleanField(_("his own word"), default=False)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("judgement of a forecast")
        verbose_name_plural = _("judgements of forecasts")
        constraints = [
            models.CheckConstraint(condition=OF_ONE, name="judgement_of_one"),
            models.CheckConstraint(condition=Q(value__isnull=True) | ~Q(reason=""), name="judgement_says_why"),
        ]
        indexes = [models.Index(fields=["period", "id"], name="judgement_period")]

    def __str__(self) -> str:
        return f"{self.user or self.team}, {self.period}"

    @property
    def shown(self) -> str:
        """What was said, in words."""
        return "" if self.value is None else display.number(self.value, 2)

    @property
    def shown_original(self) -> str:
        """What the deals added up to, in words."""
        return display.number(self.original, 2)


class Night(Governed):
    """That it was kept how all deals stood, early on a day."""

    governed = Part("forecasts", KEPT_BY_THE_HOUSE)

    day = models.DateField(_("day"), unique=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    deals = models.PositiveIntegerField(_("deals"), default=0)
    changed = models.PositiveIntegerField(_("changed since the last time"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("snapshot of deals")
        verbose_name_plural = _("snapshots of deals")

    def __str__(self) -> str:
        return f"{self.day}"


class DealState(Governed):
    """How a deal stood from one day on until another: one row each time that something of it changed.

    It holds numbers and no references, so that what was forecast stays true when a deal, stage or colleague goes.
    """

    governed = Part("forecasts", KEPT_BY_THE_HOUSE)

    deal = models.BigIntegerField()
    since = models.DateField()
    until = models.DateField(null=True)  # the first day on which it stood otherwise
    owner = models.BigIntegerField(null=True)
    stage = models.BigIntegerField()
    state = models.CharField(max_length=4, choices=State.choices)
    category = models.CharField(max_length=9, choices=ForecastCategory.choices)
    amount = MoneyField(null=True, own=True)
    weighted = MoneyField(null=True, own=True)
    closes_on = models.DateField(null=True)  # of one that is closed, when it was

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("how a deal stood")
        verbose_name_plural = _("how deals stood")
        constraints = [
            models.UniqueConstraint(fields=["deal", "since"], name="deal_state_once"),
            models.UniqueConstraint(fields=["deal"], condition=Q(until__isnull=True), name="deal_state_now"),
        ]
        indexes = [models.Index(fields=["state", "closes_on", "since"], name="deal_state_closes")]

    def __str__(self) -> str:
        return f"{self.deal}, {self.since}"


class PersonScore(Governed):
    """What was forecast for a person so many days before a period ended, and what came."""

    governed = Part("forecasts", KEPT_BY_THE_HOUSE)

    period = models.CharField(_("period"), max_length=7)
    days = models.PositiveSmallIntegerField(_("days before the end"))
    user = models.BigIntegerField(null=True)
    original = MoneyField(own=True)  # what the deals added up to
    said = MoneyField(own=True)  # the same, or what people said instead
    expected = MoneyField(own=True)  # won, and the rest by probability
    actual = MoneyField(own=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("score of a person's forecast")
        verbose_name_plural = _("scores of people's forecasts")
        indexes = [models.Index(fields=["period", "days", "user"], name="person_score")]

    def __str__(self) -> str:
        return f"{self.user}, {self.period}, {self.days}"


class StageScore(Governed):
    """What was expected of the deals of a stage so many days before a period ended, and what came of them in it."""

    governed = Part("forecasts", KEPT_BY_THE_HOUSE)

    period = models.CharField(_("period"), max_length=7)
    days = models.PositiveSmallIntegerField(_("days before the end"))
    stage = models.BigIntegerField()
    deals = models.PositiveIntegerField()
    won_deals = models.PositiveIntegerField()
    amount = MoneyField(own=True)
    expected = MoneyField(own=True)
    actual = MoneyField(own=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("score of a stage")
        verbose_name_plural = _("scores of stages")
        indexes = [models.Index(fields=["period", "days", "stage"], name="stage_score")]

    def __str__(self) -> str:
        return f"{self.stage}, {self.period}, {self.days}"
