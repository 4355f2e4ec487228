"""The lists and record pages of places of stock, of what lies there, and of the parts of bundles."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.actions import bundles, stock
from guanxi.catalog.desk.named import product_column
from guanxi.catalog.models import BundlePart, Stock, StockPlace
from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Column, Filter, Menu, standard
from guanxi.foundation.visibility import Viewer


@desk.register
class StockPlaces(desk.Desk):
    """Where goods lie."""

    model = StockPlace
    slug = "stock-places"
    icon = "building-warehouse"
    menu = Menu(section=shell.SYSTEM, icon="building-warehouse", order=35)
    columns = [Column("name", link=True, sort=False), "code"]
    default_sort = "code"
    facts = ["name", "code"]
    new = ["code", "name"]
    create, edit, remove = standard.creating(StockPlace), standard.editing(StockPlace), standard.removing(StockPlace)
    importable = "code"


@desk.register
class Stocks(desk.Desk):
    """How much of what lies where, and how much of it is held for orders."""

    model = Stock
    slug = "stock"
    label = _("Stock")
    icon = "packages"
    menu = Menu(section=shell.TRADE, icon="packages", order=34)
    columns = [
        Column("product.name", label=_("Product"), link=True, sort=False),
        Column("product.code", label=_("Product number"), sort=False),
        Column("place.name", label=_("Place of stock"), sort=False),
        Column("quantity", sort=False),
        Column("reserved", sort=False),
        Column(
            "available",
            label=_("Available"),
            kind="quantity",
            render=lambda row: f"{row.available:f}",
            needs=["quantity", "reserved"],
        ),
    ]
    default_sort = "-id"
    filters = ["place", Filter("product.code", label=_("Product number")), "quantity", "reserved"]
    facts = [
        Column("product.name", label=_("Product")),
        Column("place.name", label=_("Place of stock")),
        "quantity",
        "reserved",
    ]
    new = ["place", product_column(), "quantity"]
    edit = stock.edit_stock

    @staticmethod
    def create(*, by: Viewer, place: StockPlace, product: Any, quantity: Decimal | None = None) -> Stock:
        """Count what lies at a place; a second count corrects the first."""
        return stock.count(place, product, quantity or Decimal(0), by=by)

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Stock with the names of product and place."""
        return Stock.objects.visible_to(viewer).select_related("product", "place")

    def title(self, row: Stock) -> str:
        return f"{row.product.name}: {row.place.name}"


@desk.register
class BundleParts(desk.Desk):
    """What bundles are made of."""

    model = BundlePart
    slug = "bundle-parts"
    label = _("Parts of bundles")
    icon = "packages"
    general = False
    columns = [
        Column("bundle.name", label=_("Bundle"), link=True, sort=False),
        Column("product.name", label=_("Part"), sort=False),
        Column("quantity", sort=False),
    ]
    default_sort = "-id"
    filters = [
        Filter("bundle.code", label=_("Number of the bundle")),
        Filter("product.code", label=_("Product number")),
    ]
    facts = [
        Column("bundle.name", label=_("Bundle"), editable=False),
        Column("product.name", label=_("Part"), editable=False),
        "quantity",
    ]
    new = [
        product_column("bundle", _("Number of the bundle")),
        product_column("product", _("Number of the part")),
        "quantity",
    ]
    edit = bundles.edit_part
    remove = bundles.remove_part

    @staticmethod
    def create(*, by: Viewer, bundle: Any, product: Any, quantity: Decimal | None = None) -> BundlePart:
        """Put a part into a bundle."""
        return bundles.put_part(bundle, product, quantity if quantity is not None else Decimal(1), by=by)

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Parts with the names of bundle and product."""
        return BundlePart.objects.visible_to(viewer).select_related("bundle", "product")

    def title(self, row: BundlePart) -> str:
        return f"{row.bundle.name}: {row.product.name}"
