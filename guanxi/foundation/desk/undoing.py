"""Putting back what one entry of the history changed: the old values, through the desk's own edit action."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from guanxi.foundation import audit
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.desk import actions, editing, history
from guanxi.foundation.desk.declaration import Desk, Field, Viewer
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.visibility import may


@dataclass(frozen=True)
class Step:
    """One fact that an entry changed, and can be put back."""

    field: Field
    old: Any
    new: Any


def steps(desk: Desk, entry: AuditEntry) -> list[Step]:
    """The facts of the desk that an entry changed, of JSON fields key by key; none of one that made the record."""
    if desk.edit_action is None or not isinstance(entry.changes, dict):
        return []
    found = [step for field in desk.all_facts() if editing.is_editable(field) and (step := _step(field, entry.changes))]
    return [] if _made_it(entry) else found


def can_put_back(desk: Desk, row: Any, entry: AuditEntry, viewer: Viewer) -> bool:
    """Whether a button is to be shown."""
    its = (entry.object_type, entry.object_id) == (row._meta.label_lower, row.pk)  # and not that of a whole set
    return its and may(viewer, "edit", row) and bool(steps(desk, entry))


def put_back(desk: Desk, row: Any, entry: AuditEntry, *, by: Viewer, seen: dict[str, Any] | None = None) -> None:
    """Write the values from before `entry`, of the facts that `by` sees. Raises Conflict where one was changed since.

    Whoever was shown the present values and wants to go on says so by `seen`: the values that he saw, by field.
    """
    found = steps(desk, entry)
    if not found:
        raise Refused(_("There is nothing in this change that can be put back."))
    changes: dict[str, Any] = {}
    for step in found:
        try:
            changes[step.field.name] = editing.clean(step.field, editing.raw_plain(step.field, step.old), by)
        except ValidationError as error:
            raise Refused(f"{step.field.label}: {' '.join(error.messages)}", step.field.name) from error
    expected = {step.field.name: step.new for step in found} | (seen or {})
    actions.put_back(desk, row.pk, changes, expected, by=by)


def present(desk: Desk, row: Any, entry: AuditEntry, conflict: Conflict) -> dict[str, Any]:
    """What stands in the way: each fact that was changed since, as it is and would be; and `seen` for going on."""
    sides, seen = [], {}
    for step in steps(desk, entry):
        now = audit.plain(editing.stored(step.field, row))
        seen[step.field.name] = now
        if now != step.new:
            words = {"now": history.plain_text(step.field, now), "old": history.plain_text(step.field, step.old)}
            sides.append({"label": step.field.label, **{key: value or "—" for key, value in words.items()}})
    return {"sides": sides, "seen": json.dumps(seen, ensure_ascii=False, default=str), "field": conflict.field}


def find(row: Any, number: int) -> AuditEntry | None:
    """An entry of the history of a record."""
    return history.entries_of(row).filter(pk=number).first()


def _step(field: Field, changes: dict[str, Any]) -> Step | None:
    keys = field.path.keys if field.path else ()
    name = field.path.field.name if field.path and keys else field.name
    change = changes.get(name)
    if not isinstance(change, list) or len(change) != 2:
        return None
    old, new = (_under(value, keys) for value in change)
    return Step(field, old, new) if old != new else None


def _under(value: Any, keys: Any) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _made_it(entry: AuditEntry) -> bool:
    """Whether the record was made by this: it is the first that was noted of it, and nothing stood there before."""
    if any(not isinstance(change, list) or change[0] is not None for change in entry.changes.values()):
        return False
    earlier = AuditEntry.objects.filter(object_type=entry.object_type, object_id=entry.object_id, pk__lt=entry.pk)
    return not earlier.exists()
