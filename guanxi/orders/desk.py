"""The list and the record page of orders."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.links import link_to_party
from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Board, Button, Calendar, Column, Filter, Menu, Pill, record_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders import actions, queries
from guanxi.orders.models import UNCOUNTED, Order


def original_link(row: Order) -> SafeString | str:
    """A link to the sale that a return gives back."""
    if row.returns is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("orders", row.returns_id), row.returns.number)


TONES = {"draft": "neutral", "confirmed": "info", "partly": "warn", "delivered": "good", "cancelled": "bad"}


def state_of(row: Order) -> Pill | str:
    """How far an order made here is, with its colour; empty where it has no state."""
    return Pill(row.get_state_display(), TONES[row.state]) if row.state else ""


@desk.register
class Orders(desk.Desk):
    """What was bought and given back."""

    model = Order
    slug = "orders"
    label = _("Orders")
    icon = "receipt"
    menu = Menu(section=shell.TRADE, icon="receipt", order=20, key="o")
    columns = [
        Column("number", link=True, sort=False),
        "placed_at",
        Column("party.name", label=_("Customer"), sort=False, render=link_to_party, needs=["party.name"]),
        Column("place.name", label=_("Place"), sort=False),
        Column("channel", sort=False),
        Column("line_count", sort=False),
        Column("discount", sort=False),
        "amount",
        Column("state", sort=False, render=state_of, needs=["state"]),
        Column("tax", shown=False, sort=False),
        Column("kind", shown=False, sort=False),
        Column("sales_person.name", label=_("Sales person"), shown=False, sort=False),
        Column("currency", shown=False, sort=False),
    ]
    default_sort = "-placed_at"
    filters = [
        "kind",
        "state",
        "placed_at",
        "amount",
        "place",
        "channel",
        "sales_person",
        Filter("party", label=_("Customer")),
    ]
    search_type = "orders.order"
    board = Board(by="channel", card=["party.name", "placed_at", "amount"])
    calendar = Calendar(by="placed_at", card=["party.name", "amount"])

    facts = [
        Column("number"),
        Column("party.name", label=_("Customer"), render=link_to_party, editable=False),
        "placed_at",
        Column(
            "returns.number", label=_("Returns"), render=original_link, editable=False, when=lambda row: row.returns_id
        ),
        "place",
        "channel",
        "sales_person",
        Column("currency", editable=False),
        Column("tax", editable=False, when=lambda row: row.tax),
        Column("state", editable=False, render=state_of, when=lambda row: row.state),
        Column("source.name", label=_("Source"), editable=False),
        Column("created_at", editable=False),
    ]
    edit = actions.edit_order
    custom = "custom"

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Orders with party, place and sales person."""
        return queries.orders(viewer)

    def title(self, row: Order) -> str:
        words = _now("Return %(number)s") if row.kind == Order.Kind.RETURN else _now("Order %(number)s")
        return words % {"number": row.number}

    def subtitle(self, row: Order) -> str:
        return row.party.name

    def pills(self, row: Order) -> list[Pill]:
        kind = Pill(row.get_kind_display(), "bad" if row.kind == Order.Kind.RETURN else "accent")
        state = state_of(row)
        return [kind, state] if isinstance(state, Pill) else [kind]

    def buttons(self, row: Order, viewer: Viewer) -> list[Button]:
        if row.kind != Order.Kind.SALE or row.state in UNCOUNTED or not may(viewer, "create", Order):
            return []
        return [Button(_("Take back"), reverse("orders:take_back", args=[row.pk]), "receipt-refund")]
