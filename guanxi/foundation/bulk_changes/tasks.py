"""Bulk changes in the background, where they are large."""

from __future__ import annotations

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk_changes import actions, engine
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.visibility import NotAllowed, Viewer

IN_REQUEST = 500  # records up to which the page waits


@tasks.task(label=_("Bulk change"), queue_name="long", max_attempts=3)
def work(change_id: int) -> dict[str, int]:
    """Go on with a change, or with its undoing, until it is done."""
    change = BulkChange.objects.get(pk=change_id)
    undoing = change.state == BulkChange.State.UNDOING
    by = engine.viewer_of(change.undone_by if undoing else change.by)
    change = _go_on(change, by)
    return {"changed": change.changed, "restored": change.restored, "kept": change.kept, "refused": change.refused}


def start(change: BulkChange, *, by: Viewer) -> BulkChange:
    """Do a change (or its undoing) that has begun: at once where it is small, else in the background."""
    if change.total <= IN_REQUEST:
        return _go_on(change, by)
    task = tasks.enqueue(work, change.pk, by=by, key=f"bulk_change.{change.pk}", label=str(change))
    actions.remember_task(change, task.pk, by=by)
    return change


def _go_on(change: BulkChange, by: Viewer) -> BulkChange:
    total = change.changed if change.state == BulkChange.State.UNDOING else change.total
    try:
        while change.is_open:
            tasks.progress(change.done, total, _now("Changing records"))
            change = actions.next_chunk(change.pk, by=by)
    except (Refused, NotAllowed) as refusal:
        actions.fail(change.pk, str(refusal), by=by)
        change.refresh_from_db()
    if not change.one_by_one:
        for door in hooks.get("imported"):  # written past what follows single records
            door()
    return change
