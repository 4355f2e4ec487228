"""Holding a lead against other writers while it is changed, and telling of it."""

from __future__ import annotations

from typing import Any

from guanxi.foundation.visibility import Viewer
from guanxi.ledger.actions import record
from guanxi.sales.leads.models import Lead


def locked(lead_id: int, by: Viewer) -> Lead:
    """The lead, held until the transaction ends. Raises DoesNotExist where `by` sees none of this number."""
    seen = Lead.objects.visible_to(by).get(pk=lead_id)
    Lead.objects.select_for_update().get(pk=seen.pk)  # alone: see guanxi.sales.deals.holding
    return Lead.objects.select_related("owner", "same_as", "source").get(pk=seen.pk)


def tell(kind: str, lead: Lead, by: Viewer, **more: Any) -> None:
    """Say in the ledger what happened with a lead; on the timeline of the customer who it seems to be."""
    payload = {"name": str(lead), "source": lead.source.name if lead.source else "", **more}
    record(kind, by=by, party=lead.same_as, about=lead, payload=payload)
