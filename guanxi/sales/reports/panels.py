"""What the page of a deal shows of its cost."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from guanxi.foundation.visibility import Viewer, may
from guanxi.insight.models import CostRate
from guanxi.sales.deals.models import Deal
from guanxi.sales.reports import costs


def cost(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """What it has cost so far."""
    found = costs.of_deal(deal, viewer)
    has_rates = bool(found.lines) or CostRate.objects.exists()
    return {"costs": found, "has_rates": has_rates, "currency": settings.GUANXI_CURRENCY}


def may_see_costs(deal: Deal, viewer: Viewer) -> bool:
    """Costs are for those who see the cost rates."""
    return may(viewer, "view", CostRate)
