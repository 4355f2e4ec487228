"""The kinds of event that deals tell of."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.ledger.kinds import EventKind, Family, amount_text
from guanxi.sales.deals.models import Deal
from guanxi.sales.deals.ready_made import worded


def _worth(payload: dict[str, Any]) -> str:
    amount = payload.get("amount")
    return f"{amount_text(amount)} {payload.get('currency', '')}".strip() if amount else ""


def _where(payload: dict[str, Any]) -> str:
    parts = [worded(payload.get("stage") or ""), _worth(payload)]
    return " · ".join(part for part in parts if part)


def _moved(payload: dict[str, Any]) -> str:
    before, after = (worded(payload.get(name) or "") for name in ("from", "to"))
    return " · ".join(part for part in (f"{before} → {after}", _worth(payload)) if part)


def _lost(payload: dict[str, Any]) -> str:
    parts = [worded(payload.get("reason") or "")]
    if payload.get("competitor"):
        parts.append(_now("to %(name)s") % {"name": payload["competitor"]})
    return " · ".join(part for part in [*parts, _worth(payload)] if part)


def _fields(payload: dict[str, Any]) -> str:
    labels = {field.name: str(field.verbose_name) for field in Deal._meta.concrete_fields}
    return ", ".join(labels.get(name, name) for name in payload.get("fields", []))


DEALS = Family.DEALS
KINDS = [
    EventKind("deal.created", _("Deal begun"), "target-arrow", _("Deal begun: %(name)s"), _where, DEALS),
    EventKind("deal.moved", _("Deal moved"), "arrow-right", _("Deal moved: %(name)s"), _moved, DEALS),
    EventKind("deal.won", _("Deal won"), "trophy", _("Deal won: %(name)s"), _worth, DEALS),
    EventKind("deal.lost", _("Deal lost"), "mood-sad", _("Deal lost: %(name)s"), _lost, DEALS),
    EventKind("deal.reopened", _("Deal open again"), "rotate", _("Deal open again: %(name)s"), _where, DEALS),
    EventKind(
        "deal.changed", _("Deal changed"), "pencil", _("Deal changed: %(name)s"), _fields, DEALS,
        many=_("%(count)s changes of deals"),
    ),
    EventKind("deal.removed", _("Deal deleted"), "trash", _("Deal deleted: %(name)s"), "", DEALS),
]  # fmt: skip
