"""What is learned: each party's standing, the models behind it, the assumptions it rests on.

The newest standing of each party is here, so that lists sort and filter by it; its history is in the lake.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.money import MoneyField
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.ledger import kinds
from guanxi.ledger.models import Channel

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class Assumptions(Governed):
    """What values rest on beside the data; one row, changed by people."""

    governed = Part("insight", {"create": "edit", "delete": "edit"})

    class Bond(models.TextChoices):
        OPEN = "open", _("without contract: customers come and go as they like")
        CONTRACT = "contract", _("by contract: customers renew or leave, period by period")

    discount_rate = models.FloatField(_("discount rate a year"), default=0.10, validators=SHARE)
    # Null: for ever (perpetuity).
    horizon_years = models.PositiveSmallIntegerField(
        _("horizon in years"), null=True, blank=True, default=5, validators=[MinValueValidator(1)]
    )
    margin_rate = models.FloatField(_("margin where the cost is not known"), default=1.0, validators=SHARE)
    risk_days = models.PositiveSmallIntegerField(
        _("days ahead that the risk looks"), default=30, validators=[MinValueValidator(1), MaxValueValidator(730)]
    )
    bond = models.CharField(_("kind of relationship"), max_length=8, choices=Bond.choices, default=Bond.OPEN)
    contract_days = models.PositiveSmallIntegerField(
        _("length of a contract period in days"), default=365, validators=[MinValueValidator(1)]
    )
    share_a = models.FloatField(_("share of the value that grade A brings"), default=0.80, validators=SHARE)
    share_b = models.FloatField(_("share of the value that grades A and B bring"), default=0.95, validators=SHARE)
    resources_a = models.CharField(_("what grade A is given"), max_length=200, blank=True)
    resources_b = models.CharField(_("what grade B is given"), max_length=200, blank=True)
    resources_c = models.CharField(_("what grade C is given"), max_length=200, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("assumptions")
        verbose_name_plural = _("assumptions")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


COSTS = "cost.booked"  # the kind of event by which the ledger tells what something cost


def kinds_with_cost() -> list[tuple[str, Any]]:
    """The kinds of event that may have a rate, as choices."""
    return [(code, label) for code, label in kinds.labels() if code != COSTS]


class CostRate(Governed):
    """What one event of a kind costs the business: a letter, a call, a visit; its hours and its way."""

    governed = Part("insight", {"create": "edit", "delete": "edit"})

    class Purpose(models.TextChoices):
        ATTRACT = "attract", _("to attract")
        SELL = "sell", _("to sell to")
        KEEP = "keep", _("to keep")
        SERVE = "serve", _("to serve")

    kind = models.CharField(_("kind of event"), max_length=40, choices=kinds_with_cost)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, blank=True)  # empty: any
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose.choices)
    amount = MoneyField(_("cost of one"), validators=[MinValueValidator(0)])
    hour = MoneyField(_("cost of an hour"), default=0, blank=True, validators=[MinValueValidator(0)])
    kilometre = MoneyField(_("cost of a kilometre"), default=0, blank=True, validators=[MinValueValidator(0)])

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("cost rate")
        verbose_name_plural = _("cost rates")
        constraints = [models.UniqueConstraint(fields=["kind", "channel"], name="cost_rate_once")]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Cost(Governed):
    """What one call, meeting, visit or event has cost: what the ledger was told of it in sum. Written by costing."""

    governed = Through("party", "insight")
    goes_with_party = True  # follows from other rows, so that it holds nobody whom an import that is reverted brought

    party = models.ForeignKey(Party, models.CASCADE, related_name="costs", db_index=False, db_constraint=False)
    origin = origin_field()
    # Of what: an activity or an event; and the record that it was done for: a deal, or nothing.
    object_type = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    place_type = models.CharField(max_length=60, blank=True)
    place_id = models.BigIntegerField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    kind = models.CharField(_("kind of event"), max_length=40)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices)
    purpose = models.CharField(_("purpose"), max_length=8, choices=CostRate.Purpose.choices)
    occurred_at = models.DateTimeField(_("when"))
    amount = MoneyField(_("cost"))
    told = MoneyField(default=0)  # what the ledger knows of it; another than `amount` only within a transaction,
    untold = models.BooleanField(default=False)  # for the length of which this is said by an index

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("cost")
        verbose_name_plural = _("costs")
        constraints = [models.UniqueConstraint(fields=["object_type", "object_id"], name="cost_once")]
        indexes = [
            models.Index(fields=["party"], name="cost_of_party"),
            models.Index(fields=["place_type", "place_id"], condition=Q(place_id__isnull=False), name="cost_of_place"),
            models.Index(fields=["id"], condition=Q(untold=True), name="cost_untold"),
            origin_index("cost_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class Learning(Governed):
    """One run of `guanxi learn`: what it saw, how far it came, what it says in sum."""

    governed = Part("insight", {"create": "run", "edit": "run"})

    class State(TextChoices):  # to type checkers `models` is here what ModelVersion calls a learning's models
        RUNNING = "running", _("Running")
        PUBLISHED = "published", _("Published")
        FAILED = "failed", _("Failed")

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.RUNNING)
    day = models.DateField(_("as of"))  # the last day that the data tell of
    customers = models.PositiveIntegerField(_("customers"), default=0)
    # What the run rests on: the lake's version and the assumptions; a run with the same is taken up again.
    basis = models.CharField(max_length=64, blank=True)
    # Customers up to this number have a standing or are listed as WithoutStanding. 0: not known.
    known_to = models.BigIntegerField(default=0)
    # For pages: equity and its parts, Lorenz curve, base by stage, notes (code and values), seconds of each step.
    figures = models.JSONField(default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("learning")
        verbose_name_plural = _("learnings")

    def __str__(self) -> str:
        return f"{self.day}"


class ModelVersion(Governed):
    """One fitted model: its parameters, their errors, what it came to on the hold-out, and whether it is used."""

    governed = Part("insight", {"create": "run", "edit": "edit"})

    class Family(models.TextChoices):
        PURCHASES = "purchases", _("Purchases")
        SPEND = "spend", _("Spend")
        STAGE = "stage", _("Stage")
        GROWTH = "growth", _("Growth")
        CONTRACT = "contract", _("Renewal of contracts")

    class State(models.TextChoices):
        USED = "used", _("In use")
        COMPARED = "compared", _("Compared")
        REFUSED = "refused", _("Not promoted")
        FAILED = "failed", _("Could not be fitted")
        REPLACED = "replaced", _("Replaced")

    learning = models.ForeignKey(Learning, models.CASCADE, related_name="models")
    family = models.CharField(_("family"), max_length=9, choices=Family.choices)
    name = models.CharField(_("model"), max_length=40)
    segment = models.CharField(_("segment"), max_length=60, blank=True)  # empty: all customers
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    # Fitted on everything (`parameters`) and on the calibration period (in `holdout`), with standard errors.
    parameters = models.JSONField(default=dict, blank=True)
    errors = models.JSONField(default=dict, blank=True)
    covariance = models.JSONField(default=list, blank=True)  # of the logarithms of the parameters
    log_likelihood = models.FloatField(_("log-likelihood"), null=True, blank=True)
    customers = models.PositiveIntegerField(_("customers"), default=0)
    holdout = models.JSONField(default=dict, blank=True)
    reason = models.JSONField(default=dict, blank=True)  # a note: code and values
    fitted_at = models.DateTimeField(_("fitted"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        indexes = [models.Index(fields=["family", "state", "-id"], name="model_version_used")]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class Stage(models.TextChoices):
    """The state of a relationship, from before it begins until it is broken."""

    NONE = "none", _("None yet")
    EXPLORATION = "exploration", _("Exploration")
    FORMATION = "formation", _("Formation")
    STABILITY = "stability", _("Stability")
    DECLINE = "decline", _("Decline")
    BROKEN = "broken", _("Broken")


class Tier(models.TextChoices):
    """What kind of customer somebody is by value."""

    MOST_VALUABLE = "most_valuable", _("Most valuable")
    MOST_GROWABLE = "most_growable", _("Most growable")
    REGULAR = "regular", _("Regular")
    BELOW_ZERO = "below_zero", _("Below zero")


class Grade(models.TextChoices):
    """By share of the value, with resources to match."""

    A = "A", _("A")
    B = "B", _("B")
    C = "C", _("C")


class Loyalty(models.IntegerChoices):
    """How far loyalty goes."""

    NOT_KNOWN = 0, _("Not known yet")
    SATISFIED = 1, _("Satisfied")
    BUYS_AGAIN = 2, _("Buys again")
    BRINGS_OTHERS = 3, _("Brings others")


# What the strength of a relationship is made of, and the weight of each part.
STRENGTH = {
    "alive": (_("Still a customer"), 0.30),
    "frequency": (_("Buys often"), 0.20),
    "value": (_("Brings money"), 0.20),
    "breadth": (_("Buys many things"), 0.15),
    "length": (_("Known for long"), 0.15),
}


class Standing(Governed):
    """What a relationship is worth and what state it is in: the newest, one row per party."""

    governed = Through("party", "insight")

    party = models.OneToOneField(Party, models.CASCADE, primary_key=True, db_constraint=False, related_name="standing")
    learning = models.ForeignKey(Learning, models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    day = models.DateField(_("as of"))
    # Money, in the business's currency.
    value_so_far = MoneyField(_("value so far"))
    expected_value = MoneyField(_("expected value"), null=True)
    expected_low = MoneyField(_("expected value, low"), null=True)
    expected_high = MoneyField(_("expected value, high"), null=True)
    lifetime_value = MoneyField(_("lifetime value"), null=True)
    at_stake = MoneyField(_("at stake"), null=True)
    growth = MoneyField(_("room to grow in a year"), null=True)
    spend = MoneyField(_("expected spend per purchase"), null=True)
    # Purchases.
    p_alive = models.FloatField(_("chance that he is still a customer"), null=True)
    purchases_ahead = models.FloatField(_("purchases expected in a year"), null=True)
    risk = models.FloatField(_("risk of no purchase"), null=True)
    risk_before = models.FloatField(_("risk before"), null=True)
    next_from = models.DateField(_("next purchase from"), null=True)
    next_to = models.DateField(_("next purchase until"), null=True)
    # State and kind.
    stage = models.CharField(_("stage"), max_length=11, choices=Stage.choices, default=Stage.NONE)
    stage_since = models.DateField(_("in this stage since"), null=True)
    stage_chance = models.FloatField(_("certainty of the stage"), null=True)
    tier = models.CharField(_("tier"), max_length=13, choices=Tier.choices, default=Tier.REGULAR)
    grade = models.CharField(_("grade"), max_length=1, choices=Grade.choices, default=Grade.C)
    rfm = models.CharField(_("RFM"), max_length=3, blank=True)
    # 0 to 100, and what it is made of: one number from 0 to 100 for each of STRENGTH, joined by blanks.
    strength = models.FloatField(_("strength"), null=True)
    strength_parts = models.CharField(max_length=30, blank=True)
    loyalty = models.PositiveSmallIntegerField(_("loyalty"), choices=Loyalty.choices, default=Loyalty.NOT_KNOWN)
    categories = models.PositiveIntegerField(_("categories bought"), default=0)
    channels = models.PositiveSmallIntegerField(_("channels used"), default=0)
    warned_on = models.DateField(_("early warning"), null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")
        indexes = [
            models.Index(fields=["expected_value", "party"], name="standing_expected"),
            models.Index(fields=["lifetime_value", "party"], name="standing_lifetime"),
            models.Index(fields=["stage", "at_stake", "party"], name="standing_stage"),
            models.Index(fields=["tier", "expected_value", "party"], name="standing_tier"),
            models.Index(fields=["risk", "party"], name="standing_risk"),
            models.Index(fields=["at_stake", "party"], name="standing_at_stake"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.stage}"

    @property
    def parts_of_strength(self) -> list[tuple[str, int]]:
        """The label and the number (0 to 100) of each part."""
        numbers = [int(part) for part in self.strength_parts.split()]
        return list(zip((str(label) for label, _weight in STRENGTH.values()), numbers, strict=False))


class WithoutStanding(Governed):
    """A party who may have no standing: among these few, and not among all, are looked for those who have none."""

    governed = Through("party", "insight")
    goes_with_party = True

    party = models.OneToOneField(Party, models.CASCADE, primary_key=True, db_constraint=False, related_name="+")

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer without a standing")
        verbose_name_plural = _("customers without a standing")

    def __str__(self) -> str:
        return str(self.party_id)


class EquityPoint(Governed):
    """Customer equity at the end of a month: the expected value of all customers, and what moved it."""

    governed = Part("insight", {"create": "run"})

    day = models.DateField(_("day"), primary_key=True)
    equity = MoneyField(_("customer equity"))
    acquired = MoneyField(_("acquired"))
    developed = MoneyField(_("developed"))
    retained = MoneyField(_("retained"))
    lost = MoneyField(_("lost"))
    customers = models.PositiveIntegerField(_("customers"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer equity")
        verbose_name_plural = _("customer equity")

    def __str__(self) -> str:
        return f"{self.day}: {self.equity}"
