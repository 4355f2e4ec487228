"""The events that a learning records: another stage, another tier, an early warning."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.insight import explaining, naming
from guanxi.insight.models import COSTS
from guanxi.ledger import kinds
from guanxi.ledger.kinds import EventKind, Family

Payload = dict[str, Any]


def stage(payload: Payload) -> str:
    """“Stage: Stability → Decline”."""
    return _now("Stage: %(before)s → %(now)s") % {
        "before": naming.stage(payload.get("from", "")),
        "now": naming.stage(payload.get("to", "")),
    }


def stage_meaning(payload: Payload) -> str:
    """What the new stage means."""
    return explaining.meaning(str(payload.get("to", "")))


def tier(payload: Payload) -> str:
    """“Tier: Regular → Most valuable”."""
    return _now("Tier: %(before)s → %(now)s") % {
        "before": naming.tier(payload.get("from", "")),
        "now": naming.tier(payload.get("to", "")),
    }


def warning(payload: Payload) -> str:
    """From what to what the risk rose."""
    before, now = payload.get("from"), payload.get("to")
    if not isinstance(now, int | float):
        return ""
    if not isinstance(before, int | float):
        return _now("The risk is %(now)s.") % {"now": explaining.percent(now)}
    return _now("The risk rose from %(before)s to %(now)s.") % {
        "before": explaining.percent(before),
        "now": explaining.percent(now),
    }


def cost(payload: Payload) -> str:
    """“Visit: 120.00 TWD”."""
    what, amount = kinds.of(str(payload.get("of", ""))).label, payload.get("amount", "")
    return f"{what}: {kinds.amount_text(amount)} {payload.get('currency', '')}"


KINDS = [
    EventKind("standing.stage", _("Change of stage"), "arrows-exchange", stage, stage_meaning, Family.RECORDS),
    EventKind("standing.tier", _("Change of tier"), "stairs", tier, "", Family.RECORDS),
    EventKind("standing.warning", _("Early warning"), "alert-triangle", _("Early warning"), warning, Family.RECORDS),
    EventKind(COSTS, _("Cost"), "coins", cost, "", Family.COSTS, needs="insight", aside=True),
]
