"""What is sold."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import import_run_field
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.money import MoneyField, QuantityField
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import VisibleQuerySet

ALWAYS = date(1900, 1, 1)  # stands for "valid from" where a price has no beginning


class Category(Governed):
    """A node of the category tree; those at the root are departments."""

    governed = Part("products")

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(_("name"), max_length=150)
    # The names from the root down, joined by " / ": unique, sortable, and the key by which imports find the node.
    path = models.CharField(_("path"), max_length=500, unique=True)
    depth = models.PositiveSmallIntegerField(default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.path


class Brand(Governed):
    governed = Part("products")
    name = models.CharField(_("name"), max_length=150, unique=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name


class Unit(Governed):
    """What a quantity counts: pieces, kilograms, litres."""

    governed = Part("products")

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=50)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")

    def __str__(self) -> str:
        return self.code


class Product(Governed):
    """Something that is sold."""

    governed = Part("products")

    code = models.CharField(_("number"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=250)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="products")
    # The root of the category, kept beside it so that lists and the lake need no walk up the tree.
    department = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="products")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    size = models.CharField(_("size"), max_length=50, blank=True)
    price = MoneyField(_("price"), null=True, blank=True)
    cost = MoneyField(_("cost"), null=True, blank=True)
    custom = custom_field()
    computed = computed_field()
    active = models.BooleanField(_("sold now"), default=True)
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = [models.Index(fields=["name", "id"], name="product_name")]

    def __str__(self) -> str:
        return self.name


class PriceList(Governed):
    """Prices for a group of customers, in one currency."""

    governed = Part("products")

    code = models.CharField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=150)
    currency = models.CharField(_("currency"), max_length=3)
    customer_group = models.CharField(_("customer group"), max_length=100, blank=True)
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")

    def __str__(self) -> str:
        return self.name


class Price(Governed):
    """What one unit of a product costs on a price list, from a quantity and from a day on."""

    governed = Part("products")

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices", verbose_name=_("price list"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="prices", verbose_name=_("product"))
    from_quantity = QuantityField(_("from quantity"), default=1)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    amount = MoneyField(_("price"))
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(
                models.F("price_list"),
                models.F("product"),
                models.F("from_quantity"),
                Coalesce(models.F("valid_from"), models.Value(ALWAYS)),
                name="price_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.amount}"
