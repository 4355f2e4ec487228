"""Quotes as PDF, and the files of what they offer, at hand where somebody writes about them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from guanxi.catalog.models import Product
from guanxi.foundation.attachments.at_hand import Offer, offered
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.visibility import Viewer, may
from guanxi.orders.quotes import document, queries
from guanxi.orders.quotes.models import Quote, QuoteLine

NEWEST = 3
UNFIT = (Quote.State.REPLACED, Quote.State.WITHDRAWN)


def of(record: Any, viewer: Viewer) -> Iterator[Offer]:
    """The quote that the record is, those that are for it, else the newest of its customer; then files of products."""
    quotes = _quotes(record, viewer)
    for quote in quotes:
        yield Offer(f"quote:{quote.pk}", document.file_name(quote), partial(document.pdf_of, quote))
    if not quotes or not may(viewer, "view", Product):
        return
    products = QuoteLine.objects.filter(quote__in=quotes, product__isnull=False).values("product")
    files = Attachment.objects.filter(object_type=Product._meta.label_lower, object_id__in=products)
    yield from map(offered, files.visible_to(viewer).select_related("content").order_by("object_id", "id"))


def _quotes(record: Any, viewer: Viewer) -> list[Quote]:
    if not may(viewer, "view", Quote):
        return []
    if isinstance(record, Quote):
        return [record]
    label = record._meta.label_lower
    placed = queries.of_place(label, record.pk, viewer).exclude(state__in=UNFIT)[:NEWEST]
    if found := list(placed):
        return found
    party = record.pk if label == "customers.party" else getattr(record, "party_id", None)
    if party is None:
        return []
    newest = queries.quotes(viewer).filter(party=party).exclude(state__in=UNFIT)
    return list(newest.order_by("-created_at", "-id")[:NEWEST])
