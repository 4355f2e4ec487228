"""Quotes with their lines, how far discounts may go, who approved what, and what was said of them."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import Product, a_country, a_currency
from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation import clock
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.money import MoneyField, QuantityField
from guanxi.foundation.roles.models import Role
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.orders.models import Order

PER_CENT = [MinValueValidator(0), MaxValueValidator(100)]


class Quote(Governed):
    """One version of an offer to one customer; what was sent is never changed, a new version takes its place."""

    governed = Through("party", "orders")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        WAITING = "waiting", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        SENT = "sent", _("Sent")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REPLACED = "replaced", _("Replaced by a newer version")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    number = models.CharField(_("number"), max_length=50, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    party = models.ForeignKey(Party, models.PROTECT, related_name="quotes", db_index=False, verbose_name=_("customer"))
    origin = origin_field()
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    # The record that it is for, such as a deal: named by type and number, for this floor does not know it.
    place_type = models.CharField(max_length=60, blank=True, editable=False)
    place_id = models.BigIntegerField(null=True, blank=True, editable=False)
    currency = models.CharField(_("currency"), max_length=3, validators=[a_currency])
    country = models.CharField(_("country of the tax"), max_length=2, validators=[a_country])
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    priced_on = models.DateField(_("prices of"), default=clock.today, editable=False)
    valid_until = models.DateField(_("valid until"))
    tax_included = models.BooleanField(_("prices include tax"), default=False)
    discount_percent = QuantityField(_("discount on the whole in per cent"), default=0, validators=PER_CENT)
    discount_amount = MoneyField(_("discount on the whole"), default=0, validators=[MinValueValidator(0)])
    text = models.TextField(_("text"), blank=True, max_length=5_000)
    # Sums of what is in it: the lines that are no options, and the options chosen.
    net = MoneyField(_("net"), default=0, editable=False)
    tax = MoneyField(_("tax"), default=0, editable=False)
    total = MoneyField(_("total"), default=0, editable=False)
    # How many per cent below the list prices it is; what limits and approvals look at.
    reduction = QuantityField(_("below list prices in per cent"), default=0, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True, editable=False)
    answered_by = models.CharField(_("answered by"), max_length=150, blank=True, editable=False)
    answered_from = models.CharField(_("from the address"), max_length=45, blank=True, editable=False)
    reason = models.TextField(_("reason"), blank=True, max_length=2_000, editable=False)
    order = models.ForeignKey(
        Order, models.SET_NULL, null=True, blank=True, related_name="quotes", editable=False, db_constraint=False
    )
    custom = custom_field()
    computed = computed_field()
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        constraints = [models.UniqueConstraint(fields=["number", "version"], name="quote_version_once")]
        indexes = [
            models.Index(fields=["party", "-created_at", "-id"], name="quote_of_party"),
            models.Index(fields=["created_at", "id"], name="quote_created"),
            models.Index(fields=["total", "id"], name="quote_total"),
            models.Index(fields=["state", "created_at", "id"], name="quote_state"),
            models.Index(fields=["place_type", "place_id"], condition=~Q(place_type=""), name="quote_place"),
            origin_index("quote_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.number}/{self.version}" if self.version > 1 else self.number

    @property
    def is_open(self) -> bool:
        """Whether it can still be changed."""
        return self.state in (self.State.DRAFT, self.State.WAITING, self.State.APPROVED)

    @property
    def has_link(self) -> bool:
        """Whether a customer who has its link gets to see anything."""
        return not self.is_open and self.state != self.State.WITHDRAWN

    @property
    def is_expired(self) -> bool:
        """Whether it was sent and its time is over."""
        return self.state == self.State.SENT and self.valid_until < clock.today()


class QuoteLine(Governed):
    """One position of a quote; an option counts only where the customer chooses it."""

    governed = Through("quote")

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField(_("position"))
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    description = models.CharField(_("description"), max_length=250)
    quantity = QuantityField(_("quantity"), default=1)
    list_price = MoneyField(_("list price"), validators=[MinValueValidator(0)])
    price = MoneyField(_("price"), validators=[MinValueValidator(0)])
    by_hand = models.BooleanField(_("price by hand"), default=False)
    why = models.CharField(_("where the price comes from"), max_length=500, blank=True)
    discount_percent = QuantityField(_("discount in per cent"), default=0, validators=PER_CENT)
    discount_amount = MoneyField(_("discount"), default=0, validators=[MinValueValidator(0)])
    amount = MoneyField(_("amount"))
    tax_percent = QuantityField(_("tax in per cent"), default=0)
    tax_name = models.CharField(_("tax"), max_length=50, blank=True)
    optional = models.BooleanField(_("option"), default=False)
    chosen = models.BooleanField(_("chosen"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a quote")
        verbose_name_plural = _("lines of quotes")
        constraints = [
            models.UniqueConstraint(fields=["quote", "position"], name="quote_line_once"),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="quote_line_not_below_nothing",
                violation_error_message=_("A discount cannot be more than the line comes to."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.description}"

    @property
    def full(self) -> Decimal:
        """Quantity times list price."""
        full: Decimal = self.quantity * self.list_price
        return full

    @property
    def counts(self) -> bool:
        """Whether it is in the sums."""
        return self.chosen or not self.optional


class DiscountLimit(Governed):
    """How far below list prices those who hold a role may go by themselves, and may let others go."""

    governed = Part("settings")

    role = models.OneToOneField(Role, models.CASCADE, related_name="+", verbose_name=_("role"))
    percent = QuantityField(_("at most per cent"), validators=PER_CENT)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("limit of discounts")
        verbose_name_plural = _("limits of discounts")

    def __str__(self) -> str:
        return f"{self.role}: {self.percent.normalize():f} %"


class Approval(Governed):
    """One step of approving a discount: who asked and why, who decided and why. Steps are taken one after the other."""

    governed = Through("quote", "orders", {"create": "edit"})

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="approvals", db_index=False)
    position = models.PositiveSmallIntegerField()
    percent = QuantityField(_("up to per cent"))  # whose limit reaches so far may decide
    reduction = QuantityField(_("below list prices in per cent"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    words = models.CharField(_("why"), max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    approved = models.BooleanField(_("approved"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    void = models.BooleanField(_("void"), default=False)  # the quote was changed since

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        indexes = [models.Index(fields=["quote", "id"], name="approval_of_quote")]

    def __str__(self) -> str:
        return f"{self.quote_id}: {self.reduction}"


class Comment(Governed):
    """What the customer asked on the page of a quote, and what we answered there."""

    governed = Through("quote")

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="comments", db_index=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    name = models.CharField(_("name"), max_length=150)
    text = models.TextField(_("text"), max_length=2_000)
    ours = models.BooleanField(_("from us"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes = [models.Index(fields=["quote", "id"], name="comment_of_quote")]

    def __str__(self) -> str:
        return self.text[:50]
