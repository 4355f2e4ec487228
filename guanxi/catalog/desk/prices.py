"""The lists and record pages of price lists, prices, exchange rates and tax rates."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.desk.named import product_column
from guanxi.catalog.models import ExchangeRate, Price, PriceList, TaxRate
from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Column, Filter, Menu, standard
from guanxi.foundation.visibility import Viewer

GROUP_HELP = _("A tag that customers bear; leave it empty for a list that is for all.")


@desk.register
class PriceLists(desk.Desk):
    """Prices for groups of customers; they come in by import, or are written here."""

    model = PriceList
    slug = "price-lists"
    icon = "tags"
    menu = Menu(section=shell.TRADE, icon="tags", order=31)
    columns = [
        Column("name", link=True, sort=False),
        "code",
        Column("customer_group", sort=False),
        "currency",
        Column("tax_included", sort=False, shown=False),
    ]
    default_sort = "code"
    filters = ["currency", "customer_group"]
    facts = ["name", "code", "currency", Column("customer_group", help=GROUP_HELP), "tax_included"]
    new = ["code", "name", "currency", Column("customer_group", help=GROUP_HELP), "tax_included"]
    create, edit, remove = standard.creating(PriceList), standard.editing(PriceList), standard.removing(PriceList)
    importable = "code"

    def subtitle(self, row: PriceList) -> str:
        return row.code if row.code != row.name else ""


@desk.register
class Prices(desk.Desk):
    """What a product costs on which list, from which quantity and when."""

    model = Price
    slug = "prices"
    icon = "receipt"
    columns = [
        Column("product.name", label=_("Product"), link=True, sort=False),
        Column("price_list.name", label=_("Price list"), sort=False),
        Column("from_quantity", sort=False),
        Column("amount", sort=False),
        Column("price_list.currency", label=_("Currency"), sort=False),
        Column("valid_from", sort=False),
        Column("valid_until", sort=False),
    ]
    default_sort = "-id"
    filters = [
        Filter("price_list.name", label=_("Price list")),
        Filter("product.code", label=_("Product number")),
    ]
    facts = [
        Column("product.name", label=_("Product")),
        Column("price_list.name", label=_("Price list")),
        "from_quantity",
        "amount",
        Column("price_list.currency", label=_("Currency")),
        "valid_from",
        "valid_until",
    ]
    new = ["price_list", product_column(), "from_quantity", "amount", "valid_from", "valid_until"]
    create, edit, remove = standard.creating(Price), standard.editing(Price), standard.removing(Price)

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Prices with the names of their product and list."""
        return Price.objects.visible_to(viewer).select_related("product", "price_list")

    def title(self, row: Price) -> str:
        return f"{row.product.name}: {row.amount} {row.price_list.currency}"


@desk.register
class ExchangeRates(desk.Desk):
    """What other currencies are worth in that of the business, by day."""

    model = ExchangeRate
    slug = "exchange-rates"
    icon = "arrows-exchange"
    menu = Menu(section=shell.SYSTEM, icon="arrows-exchange", order=32)
    empty_words = _("Write what other currencies are worth: prices are then converted, by the newest rate of 31 days.")
    columns = [
        Column("currency", link=True, sort=False),
        "day",
        Column("units", sort=False),
        Column("rate", sort=False),
    ]
    default_sort = "-day"
    filters = ["currency", "day"]
    facts = ["currency", "day", "units", Column("rate", help=_("In the currency of the business."))]
    new = ["currency", "day", "units", Column("rate", help=_("In the currency of the business."))]
    create, edit = standard.creating(ExchangeRate), standard.editing(ExchangeRate)
    remove = standard.removing(ExchangeRate)


@desk.register
class TaxRates(desk.Desk):
    """How many per cent of tax things bear, by country, class and period."""

    model = TaxRate
    slug = "tax-rates"
    icon = "receipt-tax"
    menu = Menu(section=shell.SYSTEM, icon="receipt-tax", order=33)
    empty_words = _("Write the tax rates of the countries where you sell; a country without any has no tax.")
    columns = [
        Column("name", link=True, sort=False),
        Column("country", sort=False),
        Column("tax_class", sort=False),
        Column("percent", sort=False),
        Column("valid_from", sort=False),
        Column("valid_until", sort=False),
    ]
    default_sort = "id"
    filters = ["country", "tax_class"]
    facts = ["name", "country", "tax_class", "percent", "valid_from", "valid_until"]
    new = [
        "country",
        Column("tax_class", help=_("Leave it empty for the usual rate; products name the class that they belong to.")),
        "name",
        "percent",
        "valid_from",
        "valid_until",
    ]
    create, edit, remove = standard.creating(TaxRate), standard.editing(TaxRate), standard.removing(TaxRate)
