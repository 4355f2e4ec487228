"""Who sees which events: those of the customers whom he sees, but for kinds that need a right besides."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from guanxi.foundation.governing import Reach, Rights, Through
from guanxi.ledger import kinds


@dataclass(frozen=True)
class ThroughByKind(Through):
    """As Through; without events of kinds whose own subject the viewer has no right to view (`EventKind.needs`)."""

    def narrow(
        self,
        model: type[models.Model],
        rights: Rights,
        verb: str,
        cap: Reach = Reach.ALL,
        walking: bool | str = False,
        shared: str = "",
    ) -> Q | None:
        found = super().narrow(model, rights, verb, cap, walking, shared)
        hidden = kinds.hidden_from(rights)
        if not hidden:
            return found
        return ~Q(kind__in=hidden) if found is None else found & ~Q(kind__in=hidden)

    def allows(self, row: models.Model, rights: Rights, verb: str, cap: Reach = Reach.ALL, shared: str = "") -> bool:
        hidden = row.kind in kinds.hidden_from(rights)  # type: ignore[attr-defined]
        return not hidden and super().allows(row, rights, verb, cap, shared)
