"""By what a customer is found, besides his name."""

from __future__ import annotations

from collections.abc import Iterable

from guanxi.customers.models import Party


def text(party: Party) -> str:
    """Latin name, contact points, and the names of those who became part of the party."""
    merged = [name for other in party.absorbed.all() for name in (other.name, other.latin_name)]
    return text_of(party, (point.key for point in party.contact_points.all()), merged)


def text_now(party: Party) -> str:
    """The same of one party, of whom nothing was loaded beside."""
    merged = [name for names in party.absorbed.values_list("name", "latin_name") for name in names]
    return text_of(party, party.contact_points.values_list("key", flat=True), merged)


def text_of(party: Party, keys: Iterable[str], merged: Iterable[str] = ()) -> str:
    """The same of a party whose contact points the caller has at hand, by their keys."""
    return " ".join([party.latin_name, *merged, *keys])
