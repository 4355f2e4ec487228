"""A quote for a deal, and what becomes of the deal when its quote is sent or accepted."""

from __future__ import annotations

from guanxi.foundation.actions import action
from guanxi.foundation.visibility import SYSTEM, Viewer, implied
from guanxi.orders.quotes import actions as quotes
from guanxi.orders.quotes.models import Quote
from guanxi.sales.deals import actions
from guanxi.sales.deals import queries as deals
from guanxi.sales.deals.models import Deal, State

PLACE = Deal._meta.label_lower


@action
def quote_deal(deal_id: int, *, by: Viewer) -> Quote:
    """A draft for the customer of a deal, in its currency and called as it is. Raises Deal.DoesNotExist."""
    deal = deals.deals(by).get(pk=deal_id)
    return quotes.create_quote(deal.party, by=by, currency=deal.currency, subject=deal.name, place=(PLACE, deal.pk))


def hear(kind: str, quote: Quote, by: Viewer) -> None:
    """In the transaction in which something happened to a quote: the deal that it is for follows.

    Sent, it says what the deal is worth where nobody had said so. Accepted, it says so in any case, and the deal is
    won.
    """
    if quote.place_type != PLACE or quote.place_id is None or kind not in ("quote.sent", "quote.accepted"):
        return
    deal = Deal.objects.filter(pk=quote.place_id).first()
    if deal is None or deal.state == State.WON:
        return
    with implied():
        if kind == "quote.sent":
            if deal.value is None and deal.state == State.OPEN:
                _worth(deal, quote)
            return
        if deal.state == State.LOST:
            actions.reopen(deal.pk, by=SYSTEM)
        _worth(deal, quote)
        actions.win(deal.pk, by=SYSTEM)


def _worth(deal: Deal, quote: Quote) -> None:
    actions.edit_deal(deal.pk, {"value": quote.net, "currency": quote.currency}, by=SYSTEM)
