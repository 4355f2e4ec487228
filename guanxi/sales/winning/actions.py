"""What scoring writes but for the scores themselves (`publishing.py`), and what takes a score away at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.models import Party
from guanxi.foundation.actions import action, change, create
from guanxi.foundation.visibility import Viewer
from guanxi.sales.winning.models import WinModel, WinRun, WinScore

State = WinRun.State


@action
def begin(moment: datetime, basis: str, *, by: Viewer) -> WinRun:
    """Begin a run, or take up again the one of the same facts that was broken off."""
    broken = WinRun.objects.filter(state__in=[State.RUNNING, State.FAILED], basis=basis)
    again = broken.order_by("-id").first()
    for other in WinRun.objects.filter(state=State.RUNNING):
        if other != again:
            change(other, state=State.FAILED, finished_at=timezone.now(), error=str(_("Broken off.")))
    if again is not None:
        return change(again, state=State.RUNNING, error="", moment=moment)
    return create(WinRun, moment=moment, basis=basis)


@action
def note(run: WinRun, *, by: Viewer, **values: Any) -> WinRun:
    """Keep how far a run is, or what it came to."""
    if values.get("state") == State.FAILED:
        values["finished_at"] = timezone.now()
    return change(run, **values)


@action
def keep_models(run: WinRun, versions: list[dict[str, Any]], *, by: Viewer) -> list[WinModel]:
    """Keep fitted models with their run."""
    return [create(WinModel, run=run, **values) for values in versions]


def follow(kind: str, *, party: Party | None, by: Viewer, about: Model | None, payload: dict[str, Any]) -> None:
    """Deals that ended have no score any more, nor have those of customers of whom nothing may be worked out."""
    if kind in ("deal.won", "deal.lost") and about is not None:
        WinScore.objects.filter(deal=about.pk).delete()
    elif kind == "restriction.set" and party is not None:
        WinScore.objects.filter(deal__party=party).delete()
