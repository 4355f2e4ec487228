"""The list and the record page of products."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.catalog import actions, queries
from guanxi.catalog.models import Price, PriceList, Product
from guanxi.foundation import desk, shell
from guanxi.foundation.bulk_changes.writing import in_sets
from guanxi.foundation.desk import Column, Filter, Menu, Pill
from guanxi.foundation.visibility import Viewer

# People write names; the action makes what is new.
NAMES = {"category.path": "category", "brand.name": "brand", "unit.code": "unit"}
PATH_HELP = _("The way down from the department, such as “Grocery / Dairy / Milk”; what is new is made.")


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): value for name, value in values.items()}


def edit(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Product:
    """Change a product, with category, brand and unit under their dotted names."""
    return actions.edit_product(row_id, _named(changes), _named(expected or {}), by=by)


def create(*, by: Viewer, **values: Any) -> Product:
    """Make a product from the “New” form."""
    named = {name.replace("__", "."): value for name, value in values.items()}
    return actions.create_product(by=by, **_named(named))


@desk.register
class Products(desk.Desk):
    """What is sold."""

    model = Product
    slug = "products"
    icon = "package"
    menu = Menu(section=shell.WORK, icon="package", order=30, key="p")
    columns = [
        Column("name", link=True),
        "code",
        Column("department.name", label=_("Department"), sort=False),
        Column("category.name", label=_("Category"), sort=False),
        Column("brand.name", label=_("Brand"), sort=False),
        Column("size", sort=False),
        Column("price", sort=False),
        Column("cost", sort=False, shown=False),
        Column("active", sort=False, shown=False),
    ]
    default_sort = "name"
    filters = [
        Filter("department", label=_("Department"), choices=queries.departments),
        Filter("category.path", label=_("Category")),
        Filter("brand.name", label=_("Brand")),
        "price",
        "active",
    ]
    search_type = "catalog.product"

    facts = [
        "name",
        "code",
        Column("category.path", label=_("Category"), editable=True, help=PATH_HELP),
        Column("department.name", label=_("Department"), editable=False),
        Column("brand.name", label=_("Brand"), editable=True),
        "size",
        Column("unit.code", label=_("Unit"), editable=True),
        "price",
        "cost",
        "active",
    ]
    edit = edit
    custom = "custom"
    in_sets = in_sets(Product, ["price", "cost", "size", "active"])
    remove = actions.remove_product
    new = [
        Column("code", required=True),
        Column("name", required=True),
        Column("category.path", label=_("Category"), required=False, help=PATH_HELP),
        Column("brand.name", label=_("Brand"), required=False),
        "size",
        "price",
        "cost",
    ]
    create = create

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Products with their names."""
        return queries.products(viewer)

    def subtitle(self, row: Product) -> str:
        return row.code if row.code != row.name else ""

    def pills(self, row: Product) -> list[Pill]:
        pills = [Pill(row.department.name, "accent")] if row.department else []
        return [*pills, *([] if row.active else [Pill(_now("no longer sold"), "warn")])]


@desk.register
class PriceLists(desk.Desk):
    """Prices for groups of customers; they come in by import."""

    model = PriceList
    slug = "price-lists"
    icon = "tags"
    menu = Menu(section=shell.WORK, icon="tags", order=31)
    columns = [Column("name", link=True, sort=False), "code", Column("customer_group", sort=False), "currency"]
    default_sort = "code"
    filters = ["currency"]
    facts = ["name", "code", "currency", "customer_group"]

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

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Prices with the names of their product and list."""
        return Price.objects.visible_to(viewer).select_related("product", "price_list")

    def title(self, row: Price) -> str:
        return f"{row.product.name}: {row.amount} {row.price_list.currency}"
