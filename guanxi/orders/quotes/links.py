"""The link by which a customer opens his quote: signed, and good until its version is withdrawn or replaced."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse

from guanxi.orders.quotes.models import Quote

SALT = "orders.quotes"


def token_of(quote: Quote) -> str:
    """What stands in the link; the quote has been sent."""
    return signing.dumps(quote.pk, salt=SALT)


def url_of(quote: Quote) -> str:
    """The whole address."""
    return f"{settings.GUANXI_URL}{reverse('quotes:offer', args=[token_of(quote)])}"


def read(token: str) -> int | None:
    """The number of the quote that a link names; None where it was cut off, or made up."""
    try:
        number = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return number if isinstance(number, int) else None
