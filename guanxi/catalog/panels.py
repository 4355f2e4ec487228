"""The panels of a product: what it costs, where it lies, what it is made of."""

from __future__ import annotations

from typing import Any

from guanxi.catalog import pricing, queries
from guanxi.catalog.models import Product
from guanxi.foundation import clock
from guanxi.foundation.visibility import Viewer, may


def prices(product: Product, viewer: Viewer) -> dict[str, Any]:
    """Every price that is in force today."""
    return {
        "product": product,
        "prices": pricing.prices_in_force(product, clock.today()),
        "may_add": may(viewer, "create", "products"),
    }


def stock(product: Product, viewer: Viewer) -> dict[str, Any]:
    """What lies where."""
    return {
        "product": product,
        "rows": list(queries.stock(product, viewer)),
        "available": queries.available(product),
        "may_add": may(viewer, "edit", "products"),
    }


def parts(product: Product, viewer: Viewer) -> dict[str, Any]:
    """What the bundle is made of."""
    return {
        "product": product,
        "parts": list(queries.parts(product, viewer)),
        "may_add": may(viewer, "edit", "products"),
    }
