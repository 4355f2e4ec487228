"""The quotes on the page of a deal, and the deal on the page of a quote."""

from __future__ import annotations

from typing import Any

from guanxi.foundation.visibility import Viewer, may
from guanxi.orders.quotes import queries
from guanxi.orders.quotes.models import Quote
from guanxi.sales.deals import queries as deals
from guanxi.sales.deals.models import Deal
from guanxi.sales.quoting.actions import PLACE


def quotes_of(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """The quotes for a deal, the newest first."""
    return {
        "deal": deal,
        "quotes": list(queries.of_place(PLACE, deal.pk, viewer)),
        "may_quote": may(viewer, "create", Quote(party=deal.party)),
    }


def may_see_quotes(deal: Deal, viewer: Viewer) -> bool:
    """Whether quotes are anything to the viewer."""
    return may(viewer, "view", Quote)


def deal_of(quote: Quote, viewer: Viewer) -> dict[str, Any]:
    """The deal that a quote is for."""
    return {"deal": _deal(quote, viewer)}


def is_for_deal(quote: Quote, viewer: Viewer) -> bool:
    """Whether it is for a deal that the viewer may see."""
    return _deal(quote, viewer) is not None


def _deal(quote: Quote, viewer: Viewer) -> Deal | None:
    if quote.place_type != PLACE or quote.place_id is None or not may(viewer, "view", Deal):
        return None
    return deals.deals(viewer).filter(pk=quote.place_id).first()
