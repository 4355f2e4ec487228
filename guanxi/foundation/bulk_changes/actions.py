"""What can be done with many records at once: change them, and undo that."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import audit
from guanxi.foundation.actions import Refused, action, create, occasion
from guanxi.foundation.bulk_changes import engine
from guanxi.foundation.bulk_changes.kinds import kind_called
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.tasks.models import State as TaskState
from guanxi.foundation.visibility import Viewer, implied, require

State = BulkChange.State
EDIT, DELETE = "edit", "delete"


@action
def begin(chosen: Chosen, kind: str, values: dict[str, Any], *, by: Viewer) -> BulkChange:
    """Pin the chosen rows for a change; nothing of them is changed yet. `values`: by field, in the log's plain form.

    Raises Refused where nothing was chosen or a field cannot be edited.
    """
    desk = chosen.desk
    known = kind_called(kind)
    require(by, known.verb, desk.model)
    one_by_one = known.one_by_one
    if kind == EDIT:
        if not values:
            raise Refused(_("Choose at least one field."))
        one_by_one = not engine.fits_sets(desk, engine.facts_named(desk, list(values), by))
        if not one_by_one:
            values = engine.cleaned(desk, values)
    with implied():  # whoever may change records may have it noted
        change = create(
            BulkChange,
            by_id=by.pk,
            by_name=str(by)[:200],
            desk=desk.slug,
            object_type=desk.model._meta.label_lower,
            kind=kind,
            values=values,
            query=chosen.query if chosen.everything else "",
            one_by_one=one_by_one,
        )
    total = engine.pin(change, chosen.rows())
    if not total:
        raise Refused(_("Choose some rows first."))
    BulkChange.objects.filter(pk=change.pk).update(total=total, entry=_note(change, values, total))
    change.refresh_from_db()
    return change


@action
def begin_undo(change_id: int, *, by: Viewer) -> BulkChange:
    """Begin to undo a change. Raises Refused where that is not possible (any more)."""
    change = BulkChange.objects.visible_to(by).select_for_update(of=("self",)).get(pk=change_id)
    require(by, kind_called(change.kind).verb, engine.desk_of(change).model)
    if not may_undo(change):
        raise Refused(_refusal(change))
    entry = _note(change, dict.fromkeys(change.values) or {"undone": True}, change.changed)
    BulkChange.objects.filter(pk=change.pk).update(
        state=State.UNDOING, reached=0, undo_entry=entry, undone_at=timezone.now(), undone_by_id=by.pk, error=""
    )
    change.refresh_from_db()
    return change


def may_undo(change: BulkChange) -> bool:
    """Whether there is something to undo, and nobody at work on it."""
    return change.can_be_undone or (
        change.is_open
        and change.changed > 0
        and change.task is not None
        and not BackgroundTask.objects.filter(pk=change.task, state__in=[TaskState.WAITING, TaskState.RUNNING]).exists()
    )


def _refusal(change: BulkChange) -> str:
    if change.state in (State.UNDONE, State.UNDOING):
        return _("This was undone already.")
    if change.is_open:
        return _("This is still at work; wait until it is done.")
    if not change.changed:
        return _("There is nothing to undo: no record was changed.")
    return _("This can no longer be undone: it is more than two weeks ago.")


@action
def next_chunk(change_id: int, *, by: Viewer) -> BulkChange:
    """Do the next part of a change or of its undoing; the change tells how far it is."""
    change = BulkChange.objects.select_for_update(of=("self",)).get(pk=change_id)
    if not change.is_open:
        return change
    numbers = engine.next_rows(change)
    if not numbers:
        return _end(change)
    kind = kind_called(change.kind)
    work = kind.undo if change.state == State.UNDOING else kind.work
    outcome = work(change, engine.desk_of(change), numbers, by)
    engine.write_outcome(change, outcome)
    change.changed += outcome.count(BulkRow.State.CHANGED) if change.state == State.RUNNING else 0
    change.same += outcome.count(BulkRow.State.SAME)
    change.refused += outcome.count(BulkRow.State.REFUSED)
    change.restored += outcome.count(BulkRow.State.UNDONE)
    change.kept += outcome.count(BulkRow.State.KEPT)
    change.reached = numbers[-1]
    change.save(update_fields=["changed", "same", "refused", "restored", "kept", "reached"])
    return change


@action
def fail(change_id: int, reason: str, *, by: Viewer) -> None:
    """Note why a change could not go on; what it had done by then stays, and can be undone."""
    BulkChange.objects.filter(pk=change_id).update(state=State.FAILED, error=reason)


@action
def remember_task(change: BulkChange, task: int, *, by: Viewer) -> None:
    """Note which task of the background works on it."""
    BulkChange.objects.filter(pk=change.pk).update(task=task)


def _end(change: BulkChange) -> BulkChange:
    """The end: how many, and a digest of what was changed, so that nobody can change the table behind the log."""
    undone = change.state == State.UNDOING
    change.state = State.UNDONE if undone else State.DONE
    change.save(update_fields=["state"])
    counts = {"restored": change.restored, "kept": change.kept} if undone else {"changed": change.changed}
    told = {name: [None, count] for name, count in counts.items()} | {"sha256": [None, digest(change)]}
    audit.record_summary(occasion(), change.object_type, None, str(change), told)
    return change


def digest(change: BulkChange) -> str:
    """A digest over the rows of a change: number, state, values before and after."""
    whole = hashlib.sha256()
    rows = BulkRow.objects.filter(change=change).order_by("object_id")
    for number, state, changes in rows.values_list("object_id", "state", "changes").iterator(chunk_size=10_000):
        whole.update(f"{number} {state} {sorted(changes.items())}\n".encode())
    return whole.hexdigest()


def _note(change: BulkChange, values: dict[str, Any], total: int) -> int:
    """One entry for the set; the values of each record stand in the table of the change."""
    told = {name: [None, value] for name, value in values.items()} | {"records": [None, total]}
    audit.record_summary(occasion(), change.object_type, None, str(change), told)
    newest = AuditEntry.objects.filter(request_id=occasion().request_id).order_by("-id").first()
    assert newest is not None
    return int(newest.pk)
