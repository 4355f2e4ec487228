"""Reading bulk changes: what the history of a record and the page of a change show."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk_changes import engine
from guanxi.foundation.bulk_changes.kinds import kind_called
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.desk import Desk, find
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.history import plain_text
from guanxi.foundation.desk.names import worded
from guanxi.foundation.visibility import Viewer, limited

LOOKED_BACK = 100  # bulk changes of one record
SHOWN = 20  # records of one kind on the page of a change
TITLE, ROWS = "title", "rows"


def history_of(object_type: str, number: int) -> dict[int, Any]:
    """What bulk changes did to one record: by the entry of the set in the audit log, {field: [before, after]}."""
    rows = BulkRow.objects.filter(object_id=number, change__object_type=object_type, change__one_by_one=False)
    rows = rows.exclude(state__in=[BulkRow.State.WAITING, BulkRow.State.SAME, BulkRow.State.REFUSED])
    told: dict[int, Any] = {}
    for row in rows.select_related("change").order_by("-change_id")[:LOOKED_BACK]:
        if row.change.entry:
            told[row.change.entry] = {name: pair[:2] for name, pair in row.changes.items()}
        back = {name: [pair[1], pair[0]] for name, pair in row.changes.items() if len(pair) == 2}
        if row.state in (BulkRow.State.UNDONE, BulkRow.State.KEPT) and row.change.undo_entry and back:
            told[row.change.undo_entry] = back
    return told


def what(change: BulkChange) -> str:
    """What was done, in words: “Edited: City → 臺北”."""
    try:
        kind = kind_called(change.kind)
    except Refused:
        return change.kind
    if kind.words is not None:
        return kind.words(change)
    return _("%(kind)s: %(values)s") % {"kind": kind.label, "values": values_in_words(change)}


def values_in_words(change: BulkChange) -> str:
    """The new values, in words."""
    desk = find(change.desk)
    fields = {one.name: one for one in desk.all_facts()} if desk else {}
    told = []
    for name, value in change.values.items():
        if name in fields:
            told.append(f"{fields[name].label} → {plain_text(fields[name], value) or '—'}")
        elif not _is_field(desk, name):  # a fact that is hidden from who looks is left out
            told.append(str(value))
    return ", ".join(told) or "…"


def _is_field(desk: Desk | None, name: str) -> bool:
    """Whether this is a field of the records, and no word of the kind of change."""
    return desk is None or "." in name or any(field.name == name for field in desk.model._meta.get_fields())


def outcome(change: BulkChange) -> str:
    """How it ended, in one sentence."""
    if change.state in (BulkChange.State.UNDONE, BulkChange.State.UNDOING):
        said = ngettext("%(count)s record is as it was.", "%(count)s records are as they were.", change.restored)
        parts = [said % {"count": f"{change.restored:,}"}]
        if change.kept:
            said = ngettext("%(count)s was kept, because it was changed since.",
                            "%(count)s were kept, because they were changed since.", change.kept)  # fmt: skip
            parts.append(said % {"count": f"{change.kept:,}"})
        return " ".join(parts)
    parts = [ngettext("%(count)s record changed.", "%(count)s records changed.", change.changed)]
    counts = [change.changed]
    if change.same:
        parts.append(ngettext("%(count)s was so already.", "%(count)s were so already.", change.same))
        counts.append(change.same)
    if change.refused:
        parts.append(ngettext("%(count)s was refused.", "%(count)s were refused.", change.refused))
        counts.append(change.refused)
    return " ".join(part % {"count": f"{count:,}"} for part, count in zip(parts, counts, strict=True))


def shown_rows(change: BulkChange, viewer: Viewer) -> list[dict[str, Any]]:
    """Records of a change for its page: first those that were kept or refused, and why, then some of the others."""
    rows: list[BulkRow] = []
    for state in (BulkRow.State.KEPT, BulkRow.State.REFUSED, BulkRow.State.UNDONE, BulkRow.State.CHANGED):
        rows += BulkRow.objects.filter(change=change, state=state).order_by("object_id")[: SHOWN - len(rows)]
    desk = engine.desk_of(change)
    known = {row.pk: row for row in desk.rows(viewer).filter(pk__in=[row.object_id for row in rows])}
    fields = {one.name: one for one in desk.all_facts()}
    lines = []
    for row in rows:
        record = known.get(row.object_id)
        pairs = {} if ROWS in row.changes else row.changes
        hidden = any(name not in fields and _is_field(desk, name) for name in pairs)
        lines.append(
            {
                "row": row,
                "why": "" if hidden else row.why,
                "title": _title(desk, record, row, viewer),
                "url": desk.url(record) if record else "",
                "changes": [
                    _told(fields, name, pair)
                    for name, pair in pairs.items()
                    if record is not None and (name in fields or not _is_field(desk, name))
                ],
            }
        )
    return lines


def _title(desk: Desk, record: Any, row: BulkRow, viewer: Viewer) -> str:
    """The record by its title; of one that is gone what it was called, of one that is not seen its number alone."""
    if record is not None:
        return str(desk.title(record))
    gone = not desk.model._base_manager.filter(pk=row.object_id).exists()
    told = row.changes.get(TITLE) if gone and not limited(viewer, desk.model) else None
    return str(told or f"#{row.object_id}")


def _told(fields: dict[str, Field], name: str, pair: list[Any]) -> tuple[Any, str, str]:
    """One change in words: field, before, after."""
    if name in fields:
        return fields[name].label, plain_text(fields[name], pair[0]), plain_text(fields[name], pair[1])
    return worded(name), pair[0] or "", pair[1] or ""
