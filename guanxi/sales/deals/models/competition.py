"""Who stands against us, and what is known of them."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import Product, a_currency
from guanxi.customers.models import Party
from guanxi.customers.models.origins import once, origin_field, origin_index
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.money import MoneyField
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models.deals import Deal, is_web_address


class Contender(Governed):
    """That a competitor stands against us in a deal."""

    governed = Through("deal")

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="contenders", db_index=False)
    party = models.ForeignKey(
        Party, models.CASCADE, related_name="contends_in", db_index=False, db_constraint=False,
        verbose_name=_("competitor"),
    )  # fmt: skip
    origin = origin_field()
    # 1 hardly dangerous ... 5 about to win
    strength = models.PositiveSmallIntegerField(
        _("strength"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("competitor in a deal")
        verbose_name_plural = _("competitors in deals")
        constraints = [once("deal", "party", name="deal_contender_once")]
        indexes = [models.Index(fields=["party", "deal"], name="contender_party"), origin_index("contender_origin")]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.party_id}"


class MarketNote(Governed):
    """What was seen of a competitor: a price, a product, advertising, a discount; where, and when."""

    governed = Part("market")

    class Kind(models.TextChoices):
        PRICE = "price", _("Price")
        PRODUCT = "product", _("Product")
        ADVERTISING = "advertising", _("Advertising")
        DISCOUNT = "discount", _("Discount")
        OTHER = "other", _("Other")

    party = models.ForeignKey(
        Party, models.CASCADE, related_name="market_notes", db_index=False, db_constraint=False,
        verbose_name=_("competitor"),
    )  # fmt: skip
    origin = origin_field()
    kind = models.CharField(_("kind"), max_length=11, choices=Kind.choices, default=Kind.PRICE)
    what = models.CharField(_("what"), max_length=200)
    text = models.TextField(_("in words"), blank=True)
    # Ours that theirs stands against, and what theirs costs.
    product = models.ForeignKey(
        Product, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, db_constraint=False,
        verbose_name=_("product of ours"),
    )  # fmt: skip
    price = MoneyField(_("price"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, validators=[a_currency])
    seen_on = models.DateField(_("seen on"))
    source = models.CharField(_("source"), max_length=200)
    url = models.CharField(_("address"), max_length=500, blank=True, validators=[is_web_address])
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False,
        db_index=False, verbose_name=_("noted by"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("noted"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("market note")
        verbose_name_plural = _("market notes")
        indexes = [
            models.Index(fields=["seen_on", "id"], name="market_seen"),
            models.Index(fields=["party", "what", "seen_on"], name="market_party"),
            origin_index("market_origin"),
        ]

    def __str__(self) -> str:
        return self.what
