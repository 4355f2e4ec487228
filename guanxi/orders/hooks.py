"""What orders hang into the house: kinds of event, columns and panels of customers, their own panels."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guanxi.customers.hanging import Hanging
from guanxi.foundation import hooks, search
from guanxi.foundation.custom_fields import roll_ups
from guanxi.foundation.desk import Column, Filter, Panel, record_url
from guanxi.foundation.governing import Subject
from guanxi.foundation.tasks import Every
from guanxi.ledger.kinds import EventKind, Family
from guanxi.orders import (
    api,
    desk,  # noqa: F401  registers the desk
    panels,
    queries,
    rhythm,
    rights,
    scores,
    summary,
)
from guanxi.orders.models import UNCOUNTED, Order

hooks.register(
    "roll_up_source",
    roll_ups.Source(
        "customers.party",
        "orders",
        _("Orders"),
        Order,
        "party",
        {
            "amount": _("Amount"),
            "discount": _("Discount"),
            "cost": _("Cost"),
            "line_count": _("Lines"),
            "day": _("Day"),
            "placed_at": _("Placed at"),
        },
        moment="day",
        only=~Q(state__in=UNCOUNTED),
        conditions=[
            ("sale", _("Sales"), Q(kind=Order.Kind.SALE)),
            ("return", _("Returns"), Q(kind=Order.Kind.RETURN)),
        ],
    ),
)


def _of_lines(payload: dict[str, Any]) -> str:
    count = payload.get("lines")
    return ngettext("%(count)s item", "%(count)s items", int(count)) % {"count": count} if count is not None else ""


CARD = "orders/card.html"
KINDS = [
    EventKind(
        "order.placed",
        _("Order"),
        "receipt",
        _("Order %(number)s · %(amount)s"),
        _of_lines,
        Family.ORDERS,
        template=CARD,
    ),
    EventKind(
        "order.drafted", _("Order drafted"), "file-pencil", _("Order %(number)s drafted"), _of_lines, Family.ORDERS
    ),
    EventKind(
        "order.returned",
        _("Return"),
        "receipt-refund",
        _("Return %(number)s · %(amount)s"),
        _of_lines,
        Family.ORDERS,
        template=CARD,
    ),
    EventKind(
        "order.changed",
        _("Order corrected"),
        "pencil",
        _("Order %(number)s corrected"),
        _("now %(amount)s, was %(was)s"),
        Family.ORDERS,
        many=_("%(count)s corrections of orders"),
    ),
]
for position, kind in enumerate(KINDS):
    hooks.register("event_kind", kind, order=50 + position)
hooks.register("subject", Subject("orders", _("Orders"), owned=True), order=20)
hooks.register("event_object", ("orders.order", queries.fetch_orders))

COLUMNS = [
    Column("purchases.revenue", label=_("Revenue so far")),
    Column("purchases.order_count", label=_("Orders")),
    Column("purchases.last_day", label=_("Last purchase")),
    Column("purchases.gap_mean", label=_("Usual gap in days"), sort=False, shown=False),
    Column("purchases.first_day", label=_("First purchase"), shown=False),
]
hooks.register("hangs_on_party", Hanging(Order))
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
hooks.register("party_reassigned", summary.follow)
hooks.register("columns:customers", COLUMNS)
hooks.register("filters:customers", [Filter("purchases.purchase_days", label=_("Days of purchase"))])
hooks.register("pills:customers", panels.pills)
hooks.register("beside:customers", "purchases")
hooks.register("timeline_top", Panel("middle", "", "orders/plot.html", context=panels.plot))
hooks.register(
    "panel:customers",
    Panel(
        "left",
        _("Buys most"),
        "orders/buys_most.html",
        context=panels.most_bought,
        order=30,
        lazy=True,
        when=panels.has_bought,
    ),
)
hooks.register(
    "panel:customers",
    Panel("right", _("What we know"), "orders/worth.html", context=panels.worth, order=30, bare=True),
)
hooks.register(
    "panel:orders", Panel("main", _("Lines"), "orders/lines.html", context=panels.lines, order=10, bare=True)
)
hooks.register("schedule", Every(scores.refresh_scores, minutes=60))

hooks.register(
    "search",
    search.Source(
        object_type="orders.order",
        letter="o",
        model=Order,
        title=lambda order: order.number,
        subtitle=lambda order: order.party.name,
        text=lambda order: order.key if order.key != order.number else "",
        url=lambda number: record_url("orders", number),
        icon="receipt",
        select_related=("party",),
    ),
    order=30,
)

hooks.register("slipping_away", rhythm.slipping)
hooks.register(
    "columns:customers",
    [
        Column("purchases.yearly_pace", label=_("Pace of a year"), shown=False),
        Column("purchases.overdue_from", label=_("Overdue from"), sort=False, shown=False),
        Column("purchases.lost_from", label=_("Lost from"), sort=False, shown=False),
    ],
)
hooks.register("api", ("/parties", api.of_party), order=11)
hooks.register("api", ("/orders", api.router), order=30)
