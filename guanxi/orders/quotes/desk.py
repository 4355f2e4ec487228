"""The lists and record pages of quotes and of limits of discounts."""

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
from guanxi.foundation.desk import Board, Button, Column, Filter, Menu, Pill, record_url, standard
from guanxi.foundation.visibility import Viewer
from guanxi.orders.naming import party_column
from guanxi.orders.quotes import actions, queries
from guanxi.orders.quotes.models import DiscountLimit, Quote

TONES = {
    Quote.State.WAITING: "warn",
    Quote.State.APPROVED: "info",
    Quote.State.SENT: "accent",
    Quote.State.ACCEPTED: "good",
    Quote.State.DECLINED: "bad",
}


def state_of(row: Quote) -> Pill:
    """The state with its colour; a sent quote whose time is over says so."""
    if row.is_expired:
        return Pill(_now("Expired"), "warn")
    return Pill(row.get_state_display(), TONES.get(Quote.State(row.state), "neutral"))


def order_link(row: Quote) -> SafeString | str:
    """A link to the order that acceptance made."""
    if row.order is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("orders", row.order_id), row.order.number)


@desk.register
class Quotes(desk.Desk):
    """What was offered to whom, and what came of it."""

    model = Quote
    slug = "quotes"
    icon = "file-text"
    menu = Menu(section=shell.SELLING, icon="file-text", order=19, key="q")
    empty_words = _("Offer something: a quote with prices from your lists, which the customer accepts by a link.")
    columns = [
        Column("number", link=True, sort=False, render=str, needs=["number", "version"]),
        Column("party.name", label=_("Customer"), sort=False, render=link_to_party, needs=["party.name"]),
        Column("subject", sort=False),
        Column("state", sort=False, render=state_of, needs=["state", "valid_until"]),
        "total",
        Column("currency", sort=False),
        Column("valid_until", sort=False),
        Column("reduction", sort=False, shown=False),
        Column("owner", sort=False, shown=False),
        Column("answered_at", sort=False, shown=False),
        Column("created_at", shown=False),
    ]
    default_sort = "-created_at"
    filters = [
        "state", "total", "currency", "owner", "valid_until", "created_at", "reduction",
        Filter("party", label=_("Customer")), Filter("number"),
    ]  # fmt: skip
    search_type = "quotes.quote"
    board = Board(by="state", sums=["total"], card=["party.name", "valid_until", "total"])
    facts = [
        Column("party.name", label=_("Customer"), render=link_to_party, editable=False),
        "subject",
        "valid_until",
        "currency",
        "country",
        "tax_included",
        "language",
        "discount_percent",
        "discount_amount",
        "text",
        "owner",
        Column("reduction", editable=False),
        Column("sent_at", editable=False, when=lambda row: row.sent_at),
        Column("answered_at", editable=False, when=lambda row: row.answered_at),
        Column("answered_by", editable=False, when=lambda row: row.answered_by),
        Column("answered_from", editable=False, when=lambda row: row.answered_from),
        Column("reason", editable=False, when=lambda row: row.reason),
        Column("order.number", label=_("Order"), editable=False, render=order_link, when=lambda row: row.order_id),
    ]
    edit = actions.edit_quote
    custom = "custom"
    new = [
        party_column(),
        "subject",
        Column("currency", required=False, help=_("Empty: the currency of the business.")),
        Column("country", required=False, help=_("Whose tax it bears; empty: the customer's.")),
        Column("language", required=False, help=_("Empty: the customer's.")),
        Column("valid_until", required=False, help=_("Empty: 30 days.")),
        Column("tax_included", required=False),
        "text",
    ]
    create = actions.create_quote

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Quotes with customer, owner and order."""
        return queries.quotes(viewer)

    def title(self, row: Quote) -> str:
        return _now("Quote %(number)s") % {"number": row}

    def subtitle(self, row: Quote) -> str:
        return row.party.name

    def pills(self, row: Quote) -> list[Pill]:
        return [state_of(row)]

    def buttons(self, row: Quote, viewer: Viewer) -> list[Button]:
        return [Button(_("PDF"), reverse("quotes:pdf", args=[row.pk]), "file-type-pdf")]


@desk.register
class DiscountLimits(desk.Desk):
    """How far below list prices each role may go."""

    model = DiscountLimit
    slug = "discount-limits"
    icon = "discount"
    menu = Menu(section=shell.SYSTEM, icon="discount", order=61)
    empty_words = _(
        "Without any limit everybody gives what he likes. With one, roles that have none give nothing away; beyond his "
        "limit somebody asks for approval, of each role above in turn until one reaches far enough."
    )
    columns = [Column("role.name", label=_("Role"), link=True, sort=False), Column("percent", sort=False)]
    default_sort = "-id"
    facts = [Column("role.name", label=_("Role"), editable=False), "percent"]
    new = ["role", "percent"]
    create = standard.creating(DiscountLimit)
    edit, remove = standard.editing(DiscountLimit), standard.removing(DiscountLimit)
