"""A quote as PDF."""

from __future__ import annotations

from guanxi.foundation.visibility import seeing
from guanxi.orders.papers import paper
from guanxi.orders.quotes import queries
from guanxi.orders.quotes.actions.making import sums_of
from guanxi.orders.quotes.models import Quote


def pdf_of(quote: Quote) -> bytes:
    """The PDF in the language of the quote. Raises Refused where the machine lacks the libraries for PDF."""
    with seeing(None):  # it is the customer's, whoever asks for it
        lines = list(queries.lines(quote))
        context = {"quote": quote, "lines": lines, "sums": sums_of(quote, [line for line in lines if line.counts])}
        return paper.made("quotes/quote.pdf.html", context, quote.party, quote.language)


def file_name(quote: Quote) -> str:
    """How the file is called."""
    return f"{str(quote).replace('/', '-')}.pdf"
