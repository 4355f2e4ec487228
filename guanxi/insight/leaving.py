"""Whoever has the use of his data restricted leaves the figures of the lake too, at once and not with the next
learning."""

from __future__ import annotations

import pyarrow as pa
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM
from guanxi.insight import statistics
from guanxi.insight.bulk import STANDING
from guanxi.lake import lock, store

LEAVING = "insight.leave"  # of several wishes, one waits and one runs
PATIENCE = 600  # seconds to wait for whoever else writes to the lake


@tasks.task(label=_("Take restricted customers out of the figures"))
def leave() -> dict[str, int]:
    """Take the standings of all of whom nothing may be worked out from the lake; how many."""
    with lock.held(wait=PATIENCE) as taken:
        if not taken:
            raise Refused(_now("The lake is being written by another process; it goes on when that is done."))
        stored = store.open_table(STANDING)
        if stored is None:
            return {"left": 0}
        present = store.keys_present(STANDING, stored, pa.array(statistics.unprofiled(), pa.int64()))
        if len(present):
            store.remove(STANDING, stored, present)
    return {"left": len(present)}


def leave_soon() -> BackgroundTask:
    """Queue it, or join the wish that waits."""
    return tasks.enqueue(leave, by=SYSTEM, key=LEAVING)
