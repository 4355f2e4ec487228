"""How many closed deals there are, and how many it takes to learn of them."""

from __future__ import annotations

from typing import Any

from guanxi.sales.deals.models import Deal, State

LEAST, LEAST_OF_EACH = 200, 30  # closed deals that it takes, and won and lost ones among them
COUNTED = 5 * LEAST  # of won and of lost ones, before a run has counted all


def closed() -> dict[str, Any]:
    """Before the first run has looked: the closed deals as they stand there, of each kind no more than are worth
    counting, however many there are.
    """
    won, lost = (_some(state) for state in (State.WON, State.LOST))
    return {"deals": won + lost, "won": won, "least": LEAST, "least_of_each": LEAST_OF_EACH, "made_up": False}


def _some(state: str) -> int:
    return Deal.objects.filter(state=state, made_up=False).order_by()[:COUNTED].count()
