"""How customers tells of what it did: the ledger, a floor above, listens at the doors "happened", "happened_to_many"
and "happened_in_sets"."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db.models import Model

from guanxi.customers.models import Party
from guanxi.foundation import hooks
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.visibility import Viewer


def tell(kind: str, party: Party, /, *, by: Viewer, about: Model | None = None, **payload: Any) -> None:
    """Say that `kind` happened with `party`; whoever listens gets the payload as it is, and what it is about."""
    for listener in hooks.get("happened"):
        listener(kind, party=party, by=by, about=about, payload=payload)


def tell_of_many(kind: str, parties: Collection[int], /, *, by: Viewer, payload: dict[str, Any]) -> None:
    """Say that the same happened with many parties, within a running transaction."""
    for listener in hooks.get("happened_to_many"):
        listener(kind, parties, by=by, payload=payload)


def tell_in_sets(db: BulkSession, events: pa.Table, at: datetime) -> None:
    """Say that many things happened, in the transaction of a bulk session; `events` as ledger.bulk.append_events has
    them, `at` is now."""
    for listener in hooks.get("happened_in_sets"):
        listener(db, events, at)
