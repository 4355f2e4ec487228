"""How customers tells of what it did: the ledger, a floor above, listens at the door "happened"."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from guanxi.customers.models import Party
from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer


def tell(kind: str, party: Party, /, *, by: Viewer, about: Model | None = None, **payload: Any) -> None:
    """Say that `kind` happened with `party`; whoever listens gets the payload as it is, and what it is about."""
    for listener in hooks.get("happened"):
        listener(kind, party=party, by=by, about=about, payload=payload)
