"""Invoices with their lines and numbers, payments, reminders, and how each customer pays."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import Product
from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation import clock
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.money import MoneyField, QuantityField
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.orders.models import Order, OrderLine

WITH_ITS_INVOICE = Through("invoice", "orders", {"create": "edit", "delete": "edit"})


class Counter(models.Model):
    """The last number of a kind of paper in a year. Held while one is taken, so that none is lost or taken twice."""

    series = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="counter_once")]

    def __str__(self) -> str:
        return f"{self.series}{self.year}: {self.last}"


class Invoice(Governed):
    """What a customer has to pay, or gets back. Once issued it has its number and is never changed nor deleted."""

    governed = Through("party", "orders")

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        CREDIT = "credit", _("Credit note")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid")
        CREDITED = "credited", _("Credited")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.INVOICE, editable=False)
    # Empty while it is a draft.
    number = models.CharField(_("number"), max_length=50, blank=True, editable=False)
    party = models.ForeignKey(
        Party, models.PROTECT, related_name="invoices", db_index=False, verbose_name=_("customer")
    )
    origin = origin_field()
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="invoices", db_constraint=False, editable=False
    )
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
        editable=False,
        verbose_name=_("corrects"),
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT, editable=False)
    day = models.DateField(_("day of the invoice"), null=True, blank=True, editable=False)
    payment_days = models.PositiveSmallIntegerField(_("days to pay"), default=30, validators=[MaxValueValidator(365)])
    due_on = models.DateField(_("due"), null=True, blank=True, editable=False)
    settled_on = models.DateField(_("settled"), null=True, blank=True, editable=False)
    currency = models.CharField(_("currency"), max_length=3, editable=False)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    reference = models.CharField(_("the customer's reference"), max_length=100, blank=True)
    text = models.TextField(_("text"), blank=True, max_length=5_000)
    net = MoneyField(_("net"), default=0, editable=False)
    tax = MoneyField(_("tax"), default=0, editable=False)
    total = MoneyField(_("total"), default=0, editable=False)
    # What is still to be paid; below nothing where more was paid.
    left = MoneyField(_("open amount"), default=0, editable=False)
    # As they stood on the paper when it was issued.
    seller = models.JSONField(default=dict, editable=False)
    buyer = models.JSONField(default=list, editable=False)
    custom = custom_field()
    computed = computed_field()
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="invoice_number_once"),
            models.CheckConstraint(condition=Q(state="draft") | ~Q(number=""), name="invoice_issued_has_number"),
        ]
        indexes = [
            models.Index(fields=["party", "-created_at", "-id"], name="invoice_of_party"),
            models.Index(fields=["created_at", "id"], name="invoice_created"),
            models.Index(fields=["total", "id"], name="invoice_total"),
            models.Index(fields=["due_on", "id"], condition=Q(state="open"), name="invoice_due"),
            models.Index(fields=["state", "created_at", "id"], name="invoice_state"),
            origin_index("invoice_origin"),
        ]

    def __str__(self) -> str:
        return self.number or f"#{self.pk}"

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been paid."""
        return self.state == self.State.OPEN and self.due_on is not None and self.due_on < clock.today()


class InvoiceLine(Governed):
    """One position of an invoice, without tax."""

    governed = WITH_ITS_INVOICE

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField(_("position"))
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, null=True, blank=True, related_name="invoiced", db_constraint=False
    )
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    description = models.CharField(_("description"), max_length=250)
    quantity = QuantityField(_("quantity"))
    amount = MoneyField(_("amount"))
    tax_percent = QuantityField(_("tax in per cent"), default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of an invoice")
        verbose_name_plural = _("lines of invoices")

    def __str__(self) -> str:
        return f"{self.position}: {self.description}"


class Payment(Governed):
    """Money that came for an invoice, or, below nothing, was paid back."""

    governed = WITH_ITS_INVOICE

    class Method(models.TextChoices):
        TRANSFER = "transfer", _("Bank transfer")
        CARD = "card", _("Card")
        CASH = "cash", _("Cash")
        OTHER = "other", _("Other")

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    day = models.DateField(_("day"), default=clock.today)
    amount = MoneyField(_("amount"))
    method = models.CharField(_("how"), max_length=8, choices=Method.choices, default=Method.TRANSFER)
    reference = models.CharField(_("reference of the bank"), max_length=100, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("recorded"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "reference"],
                condition=~Q(reference=""),
                name="payment_reference_once",
                violation_error_message=_("This payment, by the reference of the bank, is noted already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.amount}"


class ReminderLevel(Governed):
    """How many days after the due day which reminder goes out, with which words."""

    governed = Part("settings")

    level = models.PositiveSmallIntegerField(_("level"), unique=True, validators=[MinValueValidator(1)])
    days = models.PositiveSmallIntegerField(_("days after the due day"), validators=[MaxValueValidator(365)])
    text = models.TextField(_("text"), blank=True, max_length=5_000)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("level of reminders")
        verbose_name_plural = _("levels of reminders")

    def __str__(self) -> str:
        return f"{self.level}"


class Reminder(Governed):
    """A reminder of one level: proposed by the schedule, then sent or left out by somebody who saw it."""

    governed = WITH_ITS_INVOICE

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        SENT = "sent", _("Sent")
        LEFT_OUT = "left_out", _("Left out")
        PAID = "paid", _("Paid meanwhile")

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="reminders", db_index=False)
    level = models.PositiveSmallIntegerField(_("level"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PROPOSED)
    proposed_on = models.DateField(_("proposed"), default=clock.today)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [models.UniqueConstraint(fields=["invoice", "level"], name="reminder_once")]
        indexes = [models.Index(fields=["state", "proposed_on", "id"], name="reminder_state")]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.level}"


class PaymentHabit(Governed):
    """How a customer pays; derived, kept current by every invoice and payment of his."""

    governed = Through("party", "orders")

    party = models.OneToOneField(Party, models.CASCADE, primary_key=True, db_constraint=False, related_name="paying")
    settled = models.PositiveIntegerField(_("invoices paid"))
    # Mean of days from the due day to the last payment, below nothing where he pays early; and what the newest five
    # lie above those before (null below six).
    days_late = models.FloatField(_("days late on average"), null=True)
    trend = models.FloatField(_("trend of days late"), null=True)
    # In the currency of the business only.
    left = MoneyField(_("open amount"), default=0)
    overdue = MoneyField(_("overdue amount"), default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment habit")
        verbose_name_plural = _("payment habits")
        indexes = [
            models.Index(fields=["days_late", "party"], name="habit_days_late"),
            models.Index(fields=["left", "party"], name="habit_left"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.days_late}"
