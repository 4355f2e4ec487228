"""The snapshot of every night."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM, Viewer, require
from guanxi.sales.forecast import actions
from guanxi.sales.forecast.models import Night

KEY = "forecast.snapshot"


@tasks.task(label=_("Snapshot of deals and score of forecasts"), queue_name="long")
def keep_night() -> dict[str, Any]:
    """Keep how deals stand, then score the periods that are over."""
    night = actions.take_snapshot(by=SYSTEM)
    scored = actions.score_periods(by=SYSTEM)
    return {"day": f"{night.day}", "deals": night.deals, "changed": night.changed, "scored": scored}


def keep_now(*, by: Viewer) -> BackgroundTask:
    """Queue a snapshot, or join the one that waits. Raises NotAllowed."""
    require(by, "edit", Night)
    return tasks.enqueue(keep_night, by=by, key=KEY)
