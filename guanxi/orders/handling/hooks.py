"""What the handling of orders hangs into the house: its panel, its buttons, its kinds of event, the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.desk import Panel
from guanxi.ledger.kinds import EventKind, Family
from guanxi.orders.handling import actions, api, panels, rights


def _kind(code: str, label: Any, icon: str, summary: Any, detail: str = "") -> EventKind:
    return EventKind(f"order.{code}", label, icon, summary, detail, Family.ORDERS)


KINDS = [
    _kind("confirmed", _("Order confirmed"), "circle-check", _("Order %(number)s confirmed")),
    _kind("delivered", _("Delivery"), "truck-delivery", _("Delivery %(delivery)s of order %(number)s"), "%(note)s"),
    _kind("cancelled", _("Order cancelled"), "circle-x", _("Order %(number)s cancelled"), "%(reason)s"),
]
for position, kind in enumerate(KINDS):
    hooks.register("event_kind", kind, order=55 + position)
hooks.register("order_corrected", actions.follow)
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
hooks.register(
    "panel:orders",
    Panel("right", _("Handling"), "handling/panel.html", context=panels.handling, order=5, when=panels.is_handled),
)
hooks.register("record_button:orders", panels.confirmation_button)
hooks.register("api", ("/orders", api.router), order=31)
