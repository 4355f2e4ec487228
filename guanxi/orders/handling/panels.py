"""The panel of an order that is handled here."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import StockPlace
from guanxi.foundation.desk import Button
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders.handling.actions import UNDER_WAY
from guanxi.orders.models import UNCOUNTED, Order


def handling(order: Order, viewer: Viewer) -> dict[str, Any]:
    """What is left to deliver, what was delivered when, what can be done."""
    editing = may(viewer, "edit", order)
    lines = list(order.lines.select_related("product").order_by("id"))
    return {
        "order": order,
        "rows": [(line, line.quantity - line.delivered) for line in lines],
        "deliveries": list(order.deliveries.select_related("place", "by").order_by("-number")),
        "places": list(StockPlace.objects.order_by("name")[:200]) if editing else [],
        "may_confirm": editing and order.state == Order.State.DRAFT,
        "may_deliver": editing and order.state in UNDER_WAY,
        "may_cancel": editing and order.state in (Order.State.DRAFT, Order.State.CONFIRMED),
    }


def is_handled(order: Order, viewer: Viewer) -> bool:
    """Whether the order has a state: it was made here to be handled here."""
    return bool(order.state)


def confirmation_button(order: Order, viewer: Viewer) -> Button | None:
    """“Confirmation” as PDF, of orders that are handled here."""
    if not order.state or order.state in UNCOUNTED:
        return None
    return Button(_("Confirmation"), reverse("handling:pdf", args=[order.pk]), "file-type-pdf")
