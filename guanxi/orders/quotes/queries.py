"""What can be asked of quotes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from guanxi.foundation.visibility import Viewer
from guanxi.orders.quotes.models import Quote, QuoteLine


def quotes(viewer: Viewer) -> QuerySet[Quote]:
    """Quotes that `viewer` may see, with customer, owner and order."""
    return Quote.objects.visible_to(viewer).select_related("party", "owner", "order")


def of_place(object_type: str, object_id: int, viewer: Viewer) -> QuerySet[Quote]:
    """The quotes that are for a record, the newest first."""
    return quotes(viewer).filter(place_type=object_type, place_id=object_id).order_by("-created_at", "-id")


def lines(quote: Quote) -> QuerySet[QuoteLine]:
    """The positions of a quote that may be seen."""
    return quote.lines.select_related("product__unit").order_by("position")


def fetch_quotes(ids: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """Quotes by id, for the cards of a timeline."""
    return {quote.pk: quote for quote in quotes(viewer).filter(pk__in=ids)}
