"""By what a customer is found, besides his name."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Value

from guanxi.customers.models import Party


def text(party: Party) -> str:
    """Latin name, contact points, and the names of those who became part of the party."""
    merged = [name for other in party.absorbed.all() for name in (other.name, other.latin_name)]
    return text_of(party, (point.key for point in party.contact_points.all()), merged)


def text_now(party: Party) -> str:
    """The same of one party, of whom nothing was loaded beside."""
    keys = party.contact_points.order_by().values_list("key", Value(""))
    merged = Party.objects.filter(merged_into=party).order_by().values_list("name", "latin_name")
    return text_of(party, (word for words in merged.union(keys, all=True) for word in words))


def text_of(party: Party, keys: Iterable[str], merged: Iterable[str] = ()) -> str:
    """The same of a party whose contact points the caller has at hand, by their keys; in an order of its own, so that
    nothing changes where nothing else is said (`bulk_parties` puts sets together in the same way)."""
    return " ".join(filter(None, [party.latin_name, *sorted([*merged, *keys])]))
