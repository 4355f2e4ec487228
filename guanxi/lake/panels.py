"""What the lake knows of a product: how much of it is sold, month by month, and where."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.catalog.models import Product
from guanxi.foundation.visibility import Viewer
from guanxi.lake import figures, links
from guanxi.lake.figures import Tile
from guanxi.lake.query import Query, ask

MONTHS = 24
MEASURES = ["sales", "units", "orders", "customers"]


def sales_of_product(product: Product, viewer: Viewer) -> dict[str, Any]:
    """Sales of one product in all, by month, and the address where to cut them further."""
    where = {"product": [product.pk]}
    total = (ask(Query(MEASURES, where=where), viewer) or [{}])[0]
    months = ask(Query(["sales"], ["month"], where, limit=1000), viewer)[-MONTHS:]
    behind = links.orders(where)
    return {
        "tiles": [
            Tile(_("Sales"), figures.money(total.get("sales")), behind),
            Tile(_("Units"), figures.whole(total.get("units")), behind),
            Tile(_("Orders"), figures.whole(total.get("orders")), behind),
            Tile(_("Customers"), figures.whole(total.get("customers")), behind),
        ],
        "spec": {
            "type": "bar",
            "format": "money",
            "x": [date_format(row["month"], pgettext("short month", "M Y")) for row in months],
            "series": [{"name": _("Sales"), "data": [figures.as_float(row["sales"]) for row in months], "colour": 3}],
            "links": [links.orders(where | {"month": [row["month"].isoformat()]}) for row in months],
        },
        "url": links.explore(["sales", "units", "customers"], ["month"], {"product": [f"#{product.pk}"]}),
    }
