"""By what a customer is found, besides his name."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from guanxi.customers.models import Party

# In SQL: asked after each change, and sooner answered than Django would have put it into words.
WORDS = (
    "SELECT key FROM customers_contactpoint WHERE party_id = %s UNION ALL "
    "SELECT name FROM customers_party WHERE merged_into_id = %s UNION ALL "
    "SELECT latin_name FROM customers_party WHERE merged_into_id = %s"
)


def text(party: Party) -> str:
    """Latin name, contact points, and the names of those who became part of the party."""
    merged = [name for other in party.absorbed.all() for name in (other.name, other.latin_name)]
    return text_of(party, (point.key for point in party.contact_points.all()), merged)


def text_now(party: Party) -> str:
    """The same of one party, of whom nothing was loaded beside."""
    with connection.cursor() as cursor:
        cursor.execute(WORDS, [party.pk] * 3)
        return text_of(party, (word for (word,) in cursor.fetchall()))


def text_of(party: Party, keys: Iterable[str], merged: Iterable[str] = ()) -> str:
    """The same of a party whose contact points the caller has at hand, by their keys; in an order of its own, so that
    nothing changes where nothing else is said (`bulk_parties` puts sets together in the same way)."""
    return " ".join(filter(None, [party.latin_name, *sorted([*merged, *keys])]))
