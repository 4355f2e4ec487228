"""How many closed deals there are, and how many it takes to learn of them."""

from __future__ import annotations

from typing import Any

from guanxi.foundation.counting import counted
from guanxi.sales.deals.models import Deal, State

LEAST, LEAST_OF_EACH = 200, 30  # closed deals that it takes, and won and lost ones among them
COUNTED = 5 * LEAST  # of won and of lost ones, before a run has counted all


def closed() -> dict[str, Any]:
    """Before the first run has looked: the closed deals as they stand there, of each kind no more than are worth
    counting, however many there are.
    """
    won, lost = counted([Deal.objects.filter(state=one, made_up=False) for one in (State.WON, State.LOST)], COUNTED)
    return {"deals": won + lost, "won": won, "least": LEAST, "least_of_each": LEAST_OF_EACH, "made_up": False}
