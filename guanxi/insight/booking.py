"""When costs are booked (costing): every minute for what is new in the ledger, and for everything where a rate changed
and before every learning. Activities book theirs by themselves.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import audit, one_at_a_time, tasks
from guanxi.foundation.actions import action, occasion
from guanxi.foundation.visibility import SYSTEM, Viewer, require
from guanxi.insight import costing
from guanxi.insight.models import Cost, Learning
from guanxi.ledger import reading

READER = LOCK = "insight.costs"


@action
def book_costs(*, by: Viewer) -> int:
    """Tell the ledger what everything has cost, as far as it does not know yet; how many events that took."""
    require(by, "run", Learning)
    one_at_a_time.hold(LOCK)
    return _noted(costing.settle(costing.ALL))


@action
def book_new_costs(*, by: Viewer) -> int:
    """The same for what the ledger was told since the last time; the first time, for everything."""
    require(by, "run", Learning)
    one_at_a_time.hold(LOCK)
    with reading.claim(READER) as taken:
        return _noted(costing.settle(costing.between(taken.since, taken.until) if taken.since else costing.ALL))


def _noted(count: int) -> int:
    if count:
        audit.record_summary(occasion(), Cost._meta.label_lower, None, _now("Costs"), {"booked": [None, count]})
    return count


@tasks.task(label=_("Costs by changed rates"))
def everything() -> dict[str, Any]:
    """Tell the ledger what everything costs by the rates of now."""
    return {"booked": book_costs(by=SYSTEM)}


@tasks.task(label=_("Costs of what is new"))
def what_is_new() -> dict[str, Any]:
    """Tell the ledger what that has cost which happened since the last time."""
    return {"booked": book_new_costs(by=SYSTEM)}


def book_soon() -> None:
    """After the transaction, in the background: a rate changed."""
    tasks.enqueue(everything, by=SYSTEM, key=LOCK)
