"""What the orders of one party say in sum: worked out afresh from his orders whenever one of them changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from math import ceil, floor
from statistics import mean, stdev
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum

from guanxi.customers.models import Party
from guanxi.orders.models import Order, PurchaseSummary

RHYTHM_DAYS = 4  # days of purchase from which on somebody has a rhythm
GAPS_TO_LOSS = 6  # usual gaps of silence after which he is lost,
LEAST_TO_LOSS = 90  # but never sooner than this,
WITHOUT_RHYTHM = 180  # and after this where no rhythm is known; in days
YEAR = 365


def currency() -> str:
    """The currency of the business; amounts in others are not added to what a party is worth."""
    return str(settings.GUANXI_CURRENCY).replace("'", "")


def recompute(party: Party | int) -> PurchaseSummary | None:
    """Bring the summary of `party` up to date; None where he has no orders. Reads one row per day of purchase."""
    orders = Order.objects.counted().filter(party=party)
    number = party if isinstance(party, int) else party.pk
    rows = list(orders.values_list("kind", "day"))
    if not rows:
        PurchaseSummary.objects.filter(party=number).delete()
        return None
    sales = [day for kind, day in rows if kind == Order.Kind.SALE]
    days = sorted(set(sales))
    seen = days or sorted({day for _kind, day in rows})
    revenue = orders.aggregate(revenue=Sum("amount", filter=Q(currency=currency())))["revenue"] or Decimal(0)
    values: dict[str, Any] = {
        "first_day": seen[0],
        "last_day": seen[-1],
        "order_count": len(sales),
        "purchase_days": len(days),
        "revenue": revenue,
        **rhythm(days),
        **prospects(days, revenue),
    }
    return PurchaseSummary.objects.update_or_create(party_id=number, defaults=values)[0]


def follow(parties: Iterable[Party]) -> None:
    """Bring the summaries of parties up to date after they were merged or parted."""
    for party in parties:
        recompute(party)


def rhythm(days: list[date]) -> dict[str, float | None]:
    """Mean and sample standard deviation of the days between purchases; None below two, or three, days of purchase."""
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    return {
        "gap_mean": float(mean(gaps)) if gaps else None,
        "gap_deviation": float(stdev(gaps)) if len(gaps) > 1 else None,
    }


def prospects(days: list[date], revenue: Decimal) -> dict[str, Any]:
    """From which day on he is overdue and lost, and what he would spend in a year at his own pace.

    Overdue: silent for longer than the usual gap and two deviations. Lost: silent for six usual gaps, at least 90 days.
    Without a rhythm (fewer than four days of purchase) nobody is overdue, and lost after 180 days.
    """
    if not days:
        return {"overdue_from": None, "lost_from": None, "yearly_pace": None}
    if len(days) < RHYTHM_DAYS:
        return {"overdue_from": None, "lost_from": days[-1] + timedelta(days=WITHOUT_RHYTHM), "yearly_pace": None}
    known = rhythm(days)
    usual, deviation = known["gap_mean"] or 0.0, known["gap_deviation"] or 0.0
    pace = revenue / len(days) * YEAR * (len(days) - 1) / (days[-1] - days[0]).days
    return {
        "overdue_from": days[-1] + timedelta(days=floor(usual + 2 * deviation) + 1),
        "lost_from": days[-1] + timedelta(days=max(ceil(GAPS_TO_LOSS * usual), LEAST_TO_LOSS)),
        "yearly_pace": pace.quantize(Decimal("0.01"), ROUND_HALF_UP),
    }
