"""Holding a deal against other writers while it is changed."""

from __future__ import annotations

from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals.models import Deal


def locked(deal_id: int, by: Viewer) -> Deal:
    """The deal, held until the transaction ends. Raises DoesNotExist where `by` sees none of this number."""
    seen = Deal.objects.visible_to(by).get(pk=deal_id)
    # Held alone and read afterwards: PostgreSQL joins a row that it waited for with the stage of before, and loses it.
    Deal.objects.select_for_update().get(pk=seen.pk)
    return Deal.objects.select_related("stage", "pipeline", "party").get(pk=seen.pk)
