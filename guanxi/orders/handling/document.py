"""The confirmation of an order as PDF."""

from __future__ import annotations

from guanxi.foundation.visibility import seeing
from guanxi.orders.models import Order
from guanxi.orders.papers import paper
from guanxi.orders.sums import Position, sums


def pdf_of(order: Order) -> bytes:
    """The PDF in the language of the customer. Raises Refused where the machine lacks the libraries for PDF."""
    with seeing(None):
        lines = list(order.lines.select_related("product__unit").order_by("id"))
        came = sums([Position(line.amount, line.tax_percent) for line in lines], False, order.currency)
        context = {"order": order, "lines": lines, "sums": came}
        return paper.made("handling/confirmation.pdf.html", context, order.party, paper.language_of(order.party))
