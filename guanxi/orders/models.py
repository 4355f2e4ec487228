"""What was bought, and what that says in sum of each party.

The tables that imports fill have no foreign keys in the database (docs/decisions/0015-references-checked-in-sets.md).
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import Product
from guanxi.customers.models import Party, Source
from guanxi.customers.models.origins import import_run_field, origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.money import MoneyField, QuantityField
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.ledger.models import Channel

UNCOUNTED = ("draft", "cancelled")  # the states of orders by which nothing was bought


class Place(Governed):
    """Where is sold: a shop, a market stall, a web shop."""

    governed = Part("orders", {"edit": "settings.edit", "delete": "settings.edit"})

    code = models.CharField(_("number"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    city = models.CharField(_("city"), max_length=100, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("place of sale")
        verbose_name_plural = _("places of sale")

    def __str__(self) -> str:
        return self.name


class SalesPerson(Governed):
    """Who sold; need not be a user of the system."""

    governed = Part("orders", {"edit": "settings.edit", "delete": "settings.edit"})

    code = models.CharField(_("number"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("sales person")
        verbose_name_plural = _("sales persons")

    def __str__(self) -> str:
        return self.name


class OrderQuerySet(VisibleQuerySet["Order"]):
    """Orders; those that count are what was bought: no drafts, and none that was cancelled."""

    def counted(self) -> OrderQuerySet:
        """Only orders that count: in sums, in the lake, in what is known of a customer."""
        return self.exclude(state__in=UNCOUNTED)


class Order(Governed):
    """One purchase (or return) of one party."""

    governed = Through("party", "orders")

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        RETURN = "return", _("Return")

    class State(models.TextChoices):
        """How far an order made here is; one that was imported, or only noted down, has none."""

        NONE = "", _("as it came")
        DRAFT = "draft", _("Draft")
        CONFIRMED = "confirmed", _("Confirmed")
        PARTLY = "partly", _("Partly delivered")
        DELIVERED = "delivered", _("Delivered")
        CANCELLED = "cancelled", _("Cancelled")

    # `number` is what people call it; (source, key) is what makes an import find it again: the order number, or
    # customer and day where the source knows none.
    number = models.CharField(_("number"), max_length=100)
    source = models.ForeignKey(Source, models.PROTECT, db_index=False, db_constraint=False)
    key = models.CharField(max_length=200)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices, default=Kind.SALE)
    party = models.ForeignKey(Party, models.PROTECT, related_name="orders", db_index=False, db_constraint=False)
    origin = origin_field()
    placed_at = models.DateTimeField(_("placed at"))
    # The business day of `placed_at`, in the business's time zone.
    day = models.DateField(_("day"))
    place = models.ForeignKey(
        Place, models.PROTECT, null=True, blank=True, db_index=False, db_constraint=False, related_name="orders"
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, default=Channel.OTHER)
    sales_person = models.ForeignKey(
        SalesPerson, models.PROTECT, null=True, blank=True, db_index=False, db_constraint=False, related_name="orders"
    )
    currency = models.CharField(_("currency"), max_length=3)
    # Sums of the lines: what was paid (`amount`, refunds negative), what was taken off, what it cost (if known).
    amount = MoneyField(_("amount"), default=0)
    discount = MoneyField(_("discount"), default=0)
    cost = MoneyField(_("cost"), null=True, blank=True)
    # What of tax comes on top of the amount, of orders that were made here with tax in mind.
    tax = MoneyField(_("tax"), default=0, db_default=0)
    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.NONE, blank=True, db_default=""
    )
    line_count = models.PositiveIntegerField(_("lines"), default=0)
    # The sale that a return gives back, where it is known.
    returns = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="returned_by",
        verbose_name=_("returns"),
    )
    custom = custom_field()
    computed = computed_field()
    import_run = import_run_field()
    created_at = models.DateTimeField(_("recorded"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="order_once")]
        indexes = [
            models.Index(fields=["party", "-placed_at", "-id"], name="order_of_party"),
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["amount", "id"], name="order_amount"),
            models.Index(fields=["state", "-placed_at", "-id"], condition=~models.Q(state=""), name="order_in_hand"),
            models.Index(fields=["returns"], condition=models.Q(returns__isnull=False), name="order_returned"),
            origin_index("order_origin"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(Governed):
    """One position of an order. `key` tells lines of one order apart, so that a file sent twice changes nothing."""

    governed = Through("order", "orders", {"delete": "edit"})

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False, db_constraint=False)
    key = models.CharField(max_length=64)
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, db_index=False, db_constraint=False, related_name="+"
    )
    description = models.CharField(_("description"), max_length=250, blank=True)
    quantity = QuantityField(_("quantity"), default=1)
    amount = MoneyField(_("amount"))  # paid for the line, after discounts; negative for a refund
    discount = MoneyField(_("discount"), default=0)  # taken off, as a positive number
    cost = MoneyField(_("cost"), null=True, blank=True)
    tax_percent = QuantityField(_("tax in per cent"), default=0, db_default=0)
    delivered = QuantityField(_("delivered"), default=0, db_default=0)
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [models.UniqueConstraint(fields=["order", "key"], name="order_line_once")]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.key}"


class PurchaseSummary(Governed):
    """What the orders of a party say in sum; derived, kept current by every change of his orders.

    A purchase is a day on which he bought: several orders on one day are one. Returns count in `revenue` only, and of
    amounts only those in the business's currency do.
    """

    governed = Through("party", "orders")

    party = models.OneToOneField(Party, models.CASCADE, primary_key=True, db_constraint=False, related_name="purchases")
    first_day = models.DateField(_("first purchase"))
    last_day = models.DateField(_("last purchase"))
    order_count = models.PositiveIntegerField(_("orders"))
    purchase_days = models.PositiveIntegerField(_("days of purchase"))
    revenue = MoneyField(_("value so far"))
    # Days from purchase to purchase: mean and standard deviation, null below two (three) purchases.
    gap_mean = models.FloatField(_("usual gap in days"), null=True)
    gap_deviation = models.FloatField(null=True)
    # From which day on he is silent for longer than his rhythm allows (null below four days of purchase), from which
    # day on he counts as lost, and what he would spend in a year at his own pace; see orders.summary.
    overdue_from = models.DateField(_("overdue from"), null=True)
    lost_from = models.DateField(_("lost from"), null=True)
    yearly_pace = MoneyField(_("a year at his pace"), null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchases in sum")
        verbose_name_plural = _("purchases in sum")
        indexes = [
            models.Index(fields=["revenue", "party"], name="summary_revenue"),
            models.Index(fields=["last_day", "party"], name="summary_last"),
            models.Index(fields=["first_day", "party"], name="summary_first"),
            models.Index(fields=["order_count", "party"], name="summary_orders"),
            models.Index(fields=["lost_from", "overdue_from"], name="summary_lost"),
            models.Index(fields=["yearly_pace", "party"], name="summary_pace"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.order_count}"
