"""Looking for those who may be one, in the background: the changed ones every minute, all of them every week."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import MatchPair
from guanxi.foundation import tasks
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM, Viewer, require

FEW = 2_000  # changed parties that are looked at one by one; more are compared all with all
AT_ONCE = 200
ALL = "customers.find_duplicates"  # of several wishes to compare all, one waits and one runs


@tasks.task(label=_("Look for duplicates"), queue_name="long")
def find_duplicates() -> dict[str, Any]:
    """Compare all customers with all."""
    from guanxi.customers.actions import matching as deciding
    from guanxi.customers.actions import settle_strays
    from guanxi.customers.identity import proposing

    settle_strays(by=SYSTEM)
    started = timezone.now()
    counts = proposing.find_all(by=SYSTEM)
    deciding.note_compared(started, by=SYSTEM)
    return counts


def find_duplicates_now(*, by: Viewer) -> BackgroundTask:
    """Queue a comparison of all, or join the one that waits. Raises NotAllowed."""
    require(by, "edit", MatchPair)
    return tasks.enqueue(find_duplicates, by=by, key=ALL)


@tasks.task(label=_("Look at changed customers"))
def look_at_changed() -> dict[str, Any]:
    """Compare the customers that changed since the last time with all others."""
    from guanxi.customers.actions import matching as deciding
    from guanxi.customers.identity import proposing

    changed = proposing.changed_since(deciding.settings(), FEW + 1)
    if len(changed) > FEW:
        find_duplicates_now(by=SYSTEM)
        deciding.note_all_seen(by=SYSTEM)
        return {"changed": len(changed), "all": True}
    new = 0
    for start in range(0, len(changed), AT_ONCE):
        part = changed[start : start + AT_ONCE]
        new += proposing.look_at([number for _moment, number in part], by=SYSTEM)
        deciding.note_seen(*part[-1], by=SYSTEM)
    return {"changed": len(changed), "new": new}
