"""Invoices as PDF, at hand where somebody writes about them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from guanxi.foundation.attachments.at_hand import Offer
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders.invoices import document, queries
from guanxi.orders.invoices.models import Invoice

NEWEST = 3


def of(record: Any, viewer: Viewer) -> Iterator[Offer]:
    """The invoice that the record is, those of the order that it is, else the newest issued ones of its customer."""
    if not may(viewer, "view", Invoice):
        return
    for invoice in _invoices(record, viewer):
        yield Offer(f"invoice:{invoice.pk}", document.file_name(invoice), partial(document.pdf_of, invoice))


def _invoices(record: Any, viewer: Viewer) -> list[Invoice]:
    if isinstance(record, Invoice):
        return [record]
    issued = queries.invoices(viewer).exclude(state=Invoice.State.DRAFT).order_by("-id")
    label = record._meta.label_lower
    if label == "orders.order":
        return list(issued.filter(order=record.pk)[:NEWEST])
    party = record.pk if label == "customers.party" else getattr(record, "party_id", None)
    return list(issued.filter(party=party)[:NEWEST]) if party is not None else []
