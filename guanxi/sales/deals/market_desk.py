"""The list of what was seen of competitors."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Column, Filter, Menu, display
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals import naming
from guanxi.sales.deals.actions import competition
from guanxi.sales.deals.desk import currencies
from guanxi.sales.deals.models import MarketNote


def price_words(row: MarketNote) -> str:
    """A price with its currency."""
    return "" if row.price is None else f"{display.number(row.price, 2)} {row.currency}"


@desk.register
class MarketNotes(desk.Desk):
    """Prices, products, advertising and discounts of competitors."""

    model = MarketNote
    slug = "market-notes"
    icon = "eye"
    menu = Menu(section=shell.KNOW, icon="eye", order=60)
    empty_words = _("Note what you see of competitors: a price, a product, an advertisement; where, and when.")
    columns = (
        Column("what", link=True, sort=False),
        naming.linked("party", label=_("Competitor"), sort=False),
        Column("kind", sort=False),
        Column("price", render=price_words, needs=["price", "currency"], sort=False),
        "seen_on",
        Column("source", sort=False),
        Column("product.name", label=_("Product of ours"), sort=False, shown=False),
        Column("author", sort=False, shown=False),
    )
    default_sort = "-seen_on"
    filters = ("kind", "seen_on", Filter("party", label=_("Competitor")), "what", "source", "price", "author")
    search_fields = ("what", "text", "party__name")
    facts = (
        "what",
        naming.chosen("party", label=_("Competitor")),
        "kind",
        Column("price", render=price_words, editable=True),
        Column("currency", choices=currencies),
        "seen_on",
        "source",
        Column("url", leads=lambda row: row.url),
        "text",
        Column("author", editable=False),
        Column("created_at", editable=False),
    )
    new = (
        naming.chosen("party", label=_("Competitor"), required=True),
        "kind",
        Column("what", required=True),
        "price",
        Column("currency", choices=currencies, required=False),
        Column("seen_on", required=False),
        Column(
            "source", required=True, help=_("Where it was seen: a catalogue, a shop, a customer, an advertisement.")
        ),
        "url",
        "text",
    )
    create = competition.note_of_market
    edit = competition.edit_note
    remove = competition.remove_note

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Notes with whom they are of."""
        return MarketNote.objects.visible_to(viewer).select_related("party", "product", "author")

    def subtitle(self, row: MarketNote) -> str:
        return row.party.name
