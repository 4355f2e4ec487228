"""How one party is held while it is written, and let others know that it changed."""

from __future__ import annotations

from django.utils import timezone

from guanxi.customers import sought
from guanxi.customers.merged import DEEPEST
from guanxi.customers.models import Party
from guanxi.foundation import search
from guanxi.foundation.visibility import Viewer, limited, require


def locked(party_id: int, by: Viewer) -> Party:
    """The party, held against other writers until the transaction ends; the survivor of one that was merged.

    Raises Party.DoesNotExist, NotAllowed.
    """
    require(by, "edit", Party)
    for _step in range(DEEPEST):
        row = Party.objects.select_for_update().get(pk=party_id)
        if row.merged_into_id is None:
            seen = Party.objects.visible_to(by).get(pk=row.pk) if limited(by, Party) else row
            require(by, "edit", seen)
            return seen
        party_id = row.merged_into_id
    raise Party.DoesNotExist


def mark_changed(party: Party) -> None:
    """Let readers of changes and the search index know that something of `party` is new."""
    Party.objects.filter(pk=party.pk).update(changed_at=timezone.now())
    search.touch(party, text=sought.text_now(party))
