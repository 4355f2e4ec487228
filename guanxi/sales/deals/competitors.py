"""Who stands against us, and how it went: won and lost against each."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from guanxi.customers.models import Party
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals.models import Contender, Deal, MarketNote, State

SHOWN = 8


@dataclass
class Record:
    """How deals went in which a competitor stood against us: number and amount by state."""

    counts: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def open(self) -> int:
        return self.counts.get(State.OPEN, 0)

    @property
    def won(self) -> int:
        return self.counts.get(State.WON, 0)

    @property
    def lost(self) -> int:
        return self.counts.get(State.LOST, 0)

    @property
    def share_won(self) -> int | None:
        """Of the deals that ended, so many in a hundred were ours."""
        ended = self.won + self.lost
        return round(100 * self.won / ended) if ended else None


def against(party: Party, viewer: Viewer) -> Any:
    """The deals in which `party` stands or stood against us, or which were lost to him, as `viewer` may see them."""
    stood = Contender.objects.filter(party=party).values("deal")
    return Deal.objects.visible_to(viewer).filter(Q(pk__in=stood) | Q(lost_to=party))


def record(party: Party, viewer: Viewer) -> Record:
    """How those went, in one query."""
    found = Record()
    rows = against(party, viewer).order_by().values("state").annotate(count=Count("pk"), total=Sum("amount"))
    for row in rows:
        found.counts[row["state"]] = row["count"]
        found.amounts[row["state"]] = row["total"] or Decimal(0)
    return found


def prices(party: Party, viewer: Viewer) -> dict[str, list[MarketNote]]:
    """The prices seen of a competitor, over time: of each thing that was seen more than once, oldest first."""
    rows = MarketNote.objects.visible_to(viewer).filter(party=party, price__isnull=False).order_by("seen_on", "id")
    found: dict[str, list[MarketNote]] = {}
    for row in rows[:500]:
        found.setdefault(f"{row.what} ({row.currency})", []).append(row)
    return {what: notes for what, notes in found.items() if len(notes) > 1}
