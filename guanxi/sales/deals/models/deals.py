"""Deals, where they have been, and whose merit they are."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation import clock
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Owned, Through
from guanxi.foundation.money import MoneyField
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models.kinds import BuyerKind, ForecastCategory, PurchaseKind
from guanxi.sales.deals.models.pipelines import LostReason, Pipeline, Stage

is_web_address = URLValidator(schemes=["http", "https"])


LANE = ("state", "expected_close", "id", "amount", "weighted")  # of indexes for boards


class State(models.TextChoices):
    """How a deal stands."""

    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class Source(models.TextChoices):
    """How a deal began."""

    CUSTOMER = "customer", _("Customer asked")
    WEB = "web", _("Web")
    MAIL = "mail", _("Mail")
    CALL = "call", _("Call of ours")
    REFERRAL = "referral", _("Referral")
    PARTNER = "partner", _("Partner")
    EVENT = "event", _("Fair or event")
    CAMPAIGN = "campaign", _("Campaign")
    TENDER = "tender", _("Tender")
    REPEAT = "repeat", _("Repeats by itself")
    OTHER = "other", _("Other")


def days_since(moment: datetime, now: datetime | None = None) -> int:
    """Whole days from a moment until now."""
    return max(((now or clock.now()) - moment) // timedelta(days=1), 0)


class Deal(Governed):
    """What may be sold to one party."""

    governed = Owned("deals", by_lane=True)

    name = models.CharField(_("name"), max_length=200)
    # By what another system knows it, so that rows sent again find it.
    number = models.CharField(_("number"), max_length=50, unique=True, null=True, blank=True)
    party = models.ForeignKey(
        Party, models.PROTECT, related_name="deals", db_index=False, db_constraint=False, verbose_name=_("customer")
    )
    origin = origin_field()
    contact = models.ForeignKey(
        Party, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, db_constraint=False,
        verbose_name=_("contact person"),
    )  # fmt: skip
    contact_origin = origin_field()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("owner"),
    )  # fmt: skip

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals", db_index=False, editable=False)
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals", db_index=False, verbose_name=_("stage"))
    stage_since = models.DateTimeField(_("in this stage since"), default=timezone.now, editable=False)
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.OPEN)
    probability = models.PositiveSmallIntegerField(
        _("probability in %"), default=0, validators=[MaxValueValidator(100)]
    )

    # Said by hand; empty: that of the stage. Read `category` to have the one that counts.
    forecast_category = models.CharField(
        _("forecast category"), max_length=9, choices=ForecastCategory.choices, blank=True, default="", db_default=""
    )

    value = MoneyField(pgettext_lazy("money", "value"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    # In the business's currency, worked out from the two above (null: no rate is known), and times the probability.
    amount = MoneyField(_("amount"), null=True, blank=True, editable=False, own=True)
    weighted = MoneyField(_("expected amount"), null=True, blank=True, editable=False, own=True)
    expected_close = models.DateField(_("expected close"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True, editable=False)

    source = models.CharField(_("source"), max_length=10, choices=Source.choices, blank=True)
    purchase_kind = models.CharField(_("kind of purchase"), max_length=14, choices=PurchaseKind.choices, blank=True)
    buyer_kind = models.CharField(_("kind of buyer"), max_length=11, choices=BuyerKind.choices, blank=True)
    tender_number = models.CharField(_("number of the tender"), max_length=100, blank=True)
    tender_url = models.CharField(_("documents of the tender"), max_length=500, blank=True, validators=[is_web_address])
    tender_due_on = models.DateField(_("offers until"), null=True, blank=True)
    tender_decision_on = models.DateField(_("tender decided on"), null=True, blank=True)

    lost_reason = models.ForeignKey(
        LostReason, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("reason of loss"),
    )  # fmt: skip
    lost_to = models.ForeignKey(
        Party, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, db_constraint=False,
        verbose_name=_("lost to"),
    )  # fmt: skip
    lost_to_origin = origin_field()
    lost_note = models.CharField(_("why, in words"), max_length=500, blank=True)

    repeats_months = models.PositiveSmallIntegerField(
        _("comes again after months"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    follows = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="followed_by", editable=False,
        verbose_name=_("repeats"),
    )  # fmt: skip

    custom = custom_field()
    computed = computed_field()
    made_up = models.BooleanField(_("made up for demonstration"), default=False, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="lost") | Q(lost_reason__isnull=False), name="deal_lost_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_on__isnull=True) | (~Q(state="open") & Q(closed_on__isnull=False)),
                name="deal_closed_or_open",
            ),
            models.CheckConstraint(condition=Q(probability__lte=100), name="deal_probability"),
        ]
        indexes = [
            models.Index(fields=["expected_close", "id"], name="deal_close"),
            models.Index(fields=["owner", "expected_close", "id"], condition=Q(owner__isnull=False), name="deal_owner"),
            models.Index(fields=["name", "id"], name="deal_name"),
            models.Index(fields=["amount", "id"], name="deal_amount"),
            models.Index(fields=["created_at", "id"], name="deal_made"),
            models.Index(fields=["closed_on", "id"], name="deal_closed"),
            # The columns of boards, in the order of their cards and with what they add up; then one owner's.
            models.Index(fields=["stage", *LANE], name="deal_in_stage"),
            models.Index(fields=["pipeline", *LANE], name="deal_in_pipeline"),
            models.Index(fields=[*LANE], name="deal_in_state"),
            models.Index(fields=["owner", "stage", *LANE], name="deal_own_stage"),
            models.Index(fields=["owner", "pipeline", *LANE], name="deal_own_pipeline"),
            models.Index(fields=["owner", *LANE], name="deal_own_state"),
            # One owner's open deals, those that may bring most first, and which of them stand for too long.
            models.Index(
                fields=["owner", "weighted", "id", "state", "stage", "stage_since"],
                condition=Q(state="open"),
                name="deal_own_best",
            ),
            # What a forecast adds up over a month or a quarter, all of it read from the index.
            models.Index(
                fields=["state", "expected_close", "owner", "stage", "forecast_category", "amount", "weighted"],
                name="deal_forecast",
            ),
            models.Index(fields=["state", "closed_on", "owner", "amount"], name="deal_ended"),
            models.Index(fields=["party", "id"], name="deal_party"),
            origin_index("deal_contact", "contact"),
            origin_index("deal_lost_to", "lost_to"),
            origin_index("deal_origin"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def days_in_stage(self) -> int:
        """How long it has stood where it stands."""
        return days_since(self.stage_since)

    @property
    def category(self) -> ForecastCategory:
        """How much a forecast may count on it."""
        return ForecastCategory(self.forecast_category or self.stage.category)

    @property
    def is_ageing(self) -> bool:
        """Whether it has stood in its stage for longer than deals should."""
        expected = self.stage.expected_days
        return self.state == State.OPEN and expected is not None and self.days_in_stage > expected


class StageChange(Governed):
    """That a deal came from one stage, or state, to another: what forecasts and scores are made from. Never changed.

    What it was worth and when it was to close is kept as it was known then.
    """

    governed = Through("deal")

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="changes", db_index=False)
    from_stage = models.ForeignKey(Stage, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    to_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+", db_index=False)
    from_state = models.CharField(max_length=4, choices=State.choices, blank=True)
    to_state = models.CharField(max_length=4, choices=State.choices)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    days = models.PositiveIntegerField(_("days in the stage before"), default=0)
    amount = MoneyField(_("amount"), null=True, blank=True, own=True)
    probability = models.PositiveSmallIntegerField(_("probability in %"), default=0)
    expected_close = models.DateField(_("expected close"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of stage")
        verbose_name_plural = _("changes of stage")
        indexes = [
            models.Index(fields=["deal", "at", "id"], name="stage_change_of_deal"),
            models.Index(fields=["at", "id"], name="stage_change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.to_stage_id} {self.to_state}"


class Credit(Governed):
    """Whose merit a deal is, in whole percent; all of a deal together are a hundred. None: the owner's alone."""

    governed = Through("deal")

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="credits", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("colleague"))
    percent = models.PositiveSmallIntegerField(_("percent"), validators=[MinValueValidator(1), MaxValueValidator(100)])

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [
            models.UniqueConstraint(fields=["deal", "user"], name="deal_credit_once"),
            models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=100), name="deal_credit_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.percent} %"
