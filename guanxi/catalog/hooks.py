"""What the catalogue hangs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.catalog import (
    api,
    desk,  # noqa: F401  registers the desks
    panels,
)
from guanxi.catalog.models import Product
from guanxi.foundation import hooks, search
from guanxi.foundation.desk import Panel, record_url
from guanxi.foundation.governing import Subject


def _sought(product: Product) -> str:
    named = [product.category, product.brand]
    return " ".join([product.code, *(str(named_) for named_ in named if named_)])


hooks.register("subject", Subject("products", _("Products and prices")), order=30)
hooks.register(
    "search",
    search.Source(
        object_type="catalog.product",
        letter="c",
        model=Product,
        title=lambda product: product.name,
        subtitle=lambda product: " · ".join([product.code, *([product.category.path] if product.category else [])]),
        text=_sought,
        url=lambda number: record_url("products", number),
        icon="package",
        select_related=("category", "brand"),
    ),
    order=40,
)
hooks.register(
    "panel:products",
    Panel("middle", _("What it costs"), "catalog/prices.html", context=panels.prices, order=20, lazy=True),
)
hooks.register(
    "panel:products", Panel("right", _("Stock"), "catalog/stock.html", context=panels.stock, order=20, lazy=True)
)
hooks.register(
    "panel:products", Panel("right", _("Made of"), "catalog/parts.html", context=panels.parts, order=25, lazy=True)
)
hooks.register("api", ("/products", api.router), order=20)
