"""What pages of customers and re-cuts show of territories."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from guanxi.customers.models import Party
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.desk import conditions, list_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.sales.territories import actions, figures
from guanxi.sales.territories.models import Assigned, Recut


def of_party(party: Party, viewer: Viewer) -> dict[str, Any]:
    """Where a customer is, and how he came there."""
    moves = actions.history(party, viewer)
    return {
        "mine": Assigned.objects.filter(party=party, origin__isnull=True).select_related("territory").first(),
        "moves": [(move, conditions.in_words("customers", move.rule) if move.rule else "") for move in moves],
    }


def territories_of(party: Party, viewer: Viewer) -> QuerySet[Assigned]:
    """Where a customer is, with what he brought along who became part of him."""
    return Assigned.objects.filter(party=party)


def of_recut(recut: Recut, viewer: Viewer) -> dict[str, Any]:
    """What would move, or did."""
    change = BulkChange.objects.filter(pk=recut.change).first() if recut.change else None
    return {
        "recut": recut,
        "told": figures.named(recut.figures),
        "change": change,
        "may_apply": recut.applied_at is None and recut.total > 0 and may(viewer, "run", Recut),
        "customers_url": list_url("customers", {f"f.{actions.QUESTION}": recut.pk}),
    }
