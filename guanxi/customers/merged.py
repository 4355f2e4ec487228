"""Which parties are one: the tree of merges that are not undone."""

from __future__ import annotations

from guanxi.customers.models import Party

DEEPEST = 1000  # merges upon merges; beyond that something is wrong


def root_of(party_id: int) -> int:
    """The party that `party_id` is part of by now; itself where it was never merged or is not known."""
    for _step in range(DEEPEST):
        into = Party.objects.filter(pk=party_id).values_list("merged_into", flat=True).first()
        if into is None:
            return party_id
        party_id = into
    raise RuntimeError(f"Party {party_id} is merged in a circle.")


def members_of(party_id: int) -> set[int]:
    """`party_id` and all that became part of it, one by one or through others."""
    found, fresh = {party_id}, {party_id}
    while fresh:
        fresh = set(Party.objects.filter(merged_into__in=fresh).values_list("pk", flat=True)) - found
        found |= fresh
    return found
