"""What is sold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
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
a_currency = RegexValidator(r"^[A-Z]{3}\Z", _("Write a currency by its three letters, such as USD or TWD."))
a_country = RegexValidator(r"^[A-Z]{2}\Z", _("Write a country by its two letters, such as US or TW."))


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
    """Something that is sold; one with parts is a bundle."""

    governed = Part("products")

    class Bundled(models.TextChoices):
        WHOLE = "", _("has a price of its own")
        SUM = "sum", _("costs what its parts cost")

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
    # Which rate of tax it bears; empty: the usual one of a country.
    tax_class = models.CharField(_("tax class"), max_length=20, blank=True, db_default="")
    bundled = models.CharField(
        _("as a bundle"), max_length=3, choices=Bundled.choices, default=Bundled.WHOLE, blank=True, db_default=""
    )
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
    """Prices for a group of customers, in one currency; without a group, for all.

    A customer belongs to the groups that he bears as tags.
    """

    governed = Part("products")

    code = models.CharField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=150)
    currency = models.CharField(_("currency"), max_length=3)
    customer_group = models.CharField(_("customer group"), max_length=100, blank=True)
    tax_included = models.BooleanField(_("prices include tax"), default=False, db_default=False)
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
    amount = MoneyField(_("price"), validators=[MinValueValidator(0)])
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


class BundlePart(Governed):
    """How much of a product is in a bundle."""

    governed = Part("products", {"create": "edit", "delete": "edit"})

    bundle = models.ForeignKey(Product, models.CASCADE, related_name="parts", verbose_name=_("bundle"), db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="in_bundles", verbose_name=_("product"))
    quantity = QuantityField(_("quantity"), default=1)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("part of a bundle")
        verbose_name_plural = _("parts of bundles")
        constraints = [models.UniqueConstraint(fields=["bundle", "product"], name="bundle_part_once")]

    def __str__(self) -> str:
        return f"{self.bundle_id}: {self.product_id}"


class ExchangeRate(Governed):
    """What so many units of a currency were worth on a day, in the currency of the business."""

    governed = Part("products")

    currency = models.CharField(_("currency"), max_length=3, validators=[a_currency])
    day = models.DateField(_("day"))
    # As banks quote it: 100 yen; so that four places are enough for any currency.
    units = models.PositiveIntegerField(_("units"), default=1, validators=[MinValueValidator(1)])
    rate = MoneyField(_("worth"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(fields=["currency", "day"], name="exchange_rate_once"),
            models.CheckConstraint(
                condition=models.Q(rate__gt=0, units__gt=0),
                name="exchange_rate_positive",
                violation_error_message=_("A currency is worth more than nothing."),
            ),
        ]
        indexes = [models.Index(fields=["-day", "id"], name="exchange_rate_day")]

    def __str__(self) -> str:
        return f"{self.units} {self.currency} = {self.rate}"


class TaxRate(Governed):
    """How many per cent of tax things of a class bear in a country, from a day on."""

    governed = Part("products")

    country = models.CharField(_("country"), max_length=2, validators=[a_country])
    tax_class = models.CharField(_("tax class"), max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=50)
    percent = QuantityField(_("per cent"), validators=[MinValueValidator(0), MaxValueValidator(100)])
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        constraints = [
            models.UniqueConstraint(
                models.F("country"),
                models.F("tax_class"),
                Coalesce(models.F("valid_from"), models.Value(ALWAYS)),
                name="tax_rate_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percent.normalize():f} %"


class StockPlace(Governed):
    """Where goods lie: a warehouse, the back room of a shop."""

    governed = Part("products")

    code = models.CharField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=150)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("place of stock")
        verbose_name_plural = _("places of stock")

    def __str__(self) -> str:
        return self.name


class Stock(Governed):
    """How much of a product lies at a place, and how much of that is held for orders."""

    governed = Part("products", {"create": "edit"})

    place = models.ForeignKey(StockPlace, models.PROTECT, related_name="stock", verbose_name=_("place of stock"))
    product = models.ForeignKey(
        Product, models.CASCADE, related_name="stock", verbose_name=_("product"), db_index=False
    )
    quantity = QuantityField(_("on hand"), default=0)
    reserved = QuantityField(_("held for orders"), default=0, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock")
        verbose_name_plural = _("stock")
        constraints = [
            models.UniqueConstraint(fields=["product", "place"], name="stock_once"),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=0, reserved__gte=0),
                name="stock_not_below_nothing",
                violation_error_message=_("There cannot be less than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.quantity}"

    @property
    def available(self) -> Decimal:
        """What is neither sold nor held; below nothing where more is held than there is."""
        left: Decimal = self.quantity - self.reserved
        return left
