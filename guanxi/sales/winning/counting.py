"""How many closed deals there are, and how many it takes to learn of them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q

from guanxi.sales.deals.models import Deal, State

LEAST, LEAST_OF_EACH = 200, 30  # closed deals that it takes, and won and lost ones among them


def closed() -> dict[str, Any]:
    """Before the first run has looked: the closed deals as they stand there."""
    rows = Deal.objects.exclude(state=State.OPEN).filter(made_up=False)
    told = rows.aggregate(deals=Count("pk"), won=Count("pk", filter=Q(state=State.WON)))
    return told | {"least": LEAST, "least_of_each": LEAST_OF_EACH, "made_up": False}
