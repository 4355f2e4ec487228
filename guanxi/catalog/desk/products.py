"""The list and the record page of products."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.catalog import actions, queries
from guanxi.catalog.models import Product
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
    menu = Menu(section=shell.TRADE, icon="package", order=30, key="p")
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
        "tax_class",
        "bundled",
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
        "tax_class",
        "bundled",
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
        pills += [Pill(_now("bundle"), "info")] if row.bundled or row.parts.exists() else []
        return [*pills, *([] if row.active else [Pill(_now("no longer sold"), "warn")])]
