"""An invoice or credit note as PDF, with the electronic invoice inside where enough is known for it."""

from __future__ import annotations

from guanxi.foundation.visibility import seeing
from guanxi.orders.invoices import einvoice
from guanxi.orders.invoices.models import Invoice
from guanxi.orders.invoices.queries import sums_of
from guanxi.orders.papers import paper
from guanxi.orders.papers.models import Letterhead


def pdf_of(invoice: Invoice) -> bytes:
    """The PDF as it was issued. Raises Refused where the machine lacks the libraries for PDF."""
    with seeing(None):
        context = {
            "invoice": invoice,
            "lines": list(invoice.lines.select_related("product__unit").order_by("position")),
            "sums": sums_of(invoice),
        }
        if invoice.number:
            context |= {"head": Letterhead(**invoice.seller), "address": invoice.buyer}
        pdf = paper.made("invoices/invoice.pdf.html", context, invoice.party, invoice.language, pdf_variant="pdf/a-3b")
        return einvoice.embedded(pdf, invoice) if einvoice.can_be_made(invoice) else pdf


def file_name(invoice: Invoice) -> str:
    """How the file is called."""
    return f"{invoice.number or f'draft-{invoice.pk}'}.pdf"
