"""Ticking what was done on a deal, of a stage's checklist or of its playbook."""

from __future__ import annotations

from django.utils.translation import gettext as _

from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action, create, delete
from guanxi.foundation.visibility import Viewer, require
from guanxi.sales.deals.holding import locked
from guanxi.sales.deals.models import Check, Tick


@action
def tick(deal_id: int, item_id: int, done: bool = True, *, by: Viewer) -> Tick | None:
    """Say that something was done, or was not after all. Raises Refused where it is nothing of this deal."""
    deal = locked(deal_id, by)
    require(by, "edit", deal)
    item = Check.objects.select_related("stage").get(pk=item_id)
    of_stage = item.stage is not None and item.stage.pipeline_id == deal.pipeline_id
    if not of_stage and item.purchase_kind != deal.purchase_kind:
        raise Refused(_("This is not on the list of this deal."), "item")
    row = Tick.objects.filter(deal=deal, item=item).first()
    if done and row is None:
        return create(Tick, deal=deal, item=item, by_id=by.pk, at=clock.now())
    if not done and row is not None:
        delete(row)
        return None
    return row
