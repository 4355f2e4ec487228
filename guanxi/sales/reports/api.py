"""What programs see of the cost of a deal; all other figures are asked by `POST /query`."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema

from guanxi.foundation.api.types import Money, Number
from guanxi.foundation.visibility import require
from guanxi.insight.models import CostRate
from guanxi.sales.deals.models import Deal
from guanxi.sales.reports import costs

router = Router(tags=["Deals"])


class DealCostLineOut(Schema):
    kind: str
    count: int
    amount: Money


class DealCostOut(Schema):
    """What was booked for a deal by the cost rates, in `currency`; the discount in that of its quote."""

    lines: list[DealCostLineOut]
    total: Money
    currency: str
    discount: Money | None
    discount_currency: str


@router.get("/{number}/cost", response=DealCostOut, summary="What a deal has cost", operation_id="get_deal_cost")
def get_deal_cost(request: HttpRequest, number: Number) -> dict[str, object]:
    """So far."""
    deal = Deal.objects.visible_to(request.user).get(pk=number)
    require(request.user, "view", CostRate)
    found = costs.of_deal(deal, request.user)
    return {
        "lines": found.lines,
        "total": found.total,
        "currency": settings.GUANXI_CURRENCY,
        "discount": found.discount,
        "discount_currency": found.currency,
    }
