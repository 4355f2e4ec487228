"""A bulk change at work: chunk by chunk, each one transaction, so that it can be killed and goes on where it was.

The set is pinned when somebody asks for it: its rows wait by number in the table of the change. Each chunk then takes
the next of them, changes those that the person may still see and edit, and keeps what each was before and is now.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.audit import plain
from guanxi.foundation.bulk.joined import joined
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.desk import Desk, SetOfChanges, editing, find
from guanxi.foundation.desk.among import Among
from guanxi.foundation.desk.declaration import Field, is_closed
from guanxi.foundation.desk.history import plain_text
from guanxi.foundation.visibility import SYSTEM, Viewer

IN_SETS = 10_000  # rows of a chunk that is written as a set
ONE_BY_ONE = 100  # and of one whose rows are written one after another
LONGEST_WHY = 300
Changes = dict[str, list[Any]]
State = BulkRow.State


@dataclass
class Outcome:
    """What became of the rows of one chunk."""

    rows: dict[int, tuple[str, Changes, str]] = field(default_factory=dict)  # number: state, changes, why

    def put(self, number: int, state: str, changes: Changes | None = None, why: str = "") -> None:
        """Note what became of one row."""
        self.rows[number] = (state, changes or {}, why[:LONGEST_WHY])

    def count(self, state: str) -> int:
        """How many rows ended like this."""
        return sum(1 for found, _changes, _why in self.rows.values() if found == state)


def pin(change: BulkChange, rows: Any) -> int:
    """Keep which rows it is about: those that `rows` (a queryset) leaves at this moment; how many."""
    sql, params = rows.order_by().values_list("pk", flat=True).distinct().query.sql_with_params()
    columns = "change_id, object_id, state, changes, why"
    kind = "'{}'::jsonb" if connection.vendor == "postgresql" else "'{}'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO bulk_changes_bulkrow ({columns}) WITH pinned (id) AS ({sql}) "
            f"SELECT %s, id, 'waiting', {kind}, '' FROM pinned ORDER BY id",
            [*params, change.pk],
        )
        return int(cursor.rowcount)


def next_rows(change: BulkChange) -> list[int]:
    """The numbers of the rows that come next."""
    size = ONE_BY_ONE if change.one_by_one else IN_SETS
    rows = BulkRow.objects.filter(change=change, object_id__gt=change.reached).order_by("object_id")
    return list(rows.values_list("object_id", flat=True)[:size])


def write_outcome(change: BulkChange, outcome: Outcome) -> None:
    """Keep what became of the rows of a chunk."""
    numbers = list(outcome.rows)
    db = joined()
    db.stage(
        "bulk_outcome",
        pa.table(
            {
                "number": pa.array(numbers, pa.int64()),
                "state": pa.array([outcome.rows[number][0] for number in numbers], pa.string()),
                "changes": pa.array(
                    [json.dumps(outcome.rows[number][1], ensure_ascii=False) for number in numbers], pa.string()
                ),
                "why": pa.array([outcome.rows[number][2] for number in numbers], pa.string()),
            }
        ),
    )
    changes = "o.changes::jsonb" if db.vendor == "postgresql" else "o.changes"
    db.execute(
        f"UPDATE bulk_changes_bulkrow SET state = o.state, changes = {changes}, why = o.why FROM bulk_outcome AS o "
        f"WHERE change_id = {change.pk} AND object_id = o.number"
    )


def viewer_of(user: Any) -> Viewer:
    """In whose name the work is done."""
    return user if user is not None else SYSTEM


def desk_of(change: BulkChange) -> Desk:
    """The list that the change is about. Raises Refused where it is not there any more."""
    desk = find(change.desk)
    if desk is None:
        raise Refused(_("There is no list “%(name)s” any more.") % {"name": change.desk})
    return desk


def held_numbers(
    desk: Desk, numbers: Sequence[int], by: Viewer, verb: str, outcome: Outcome, missing: str
) -> list[int]:
    """Those of the rows that `by` may see and `verb`, held against others; the rest is noted as `missing`."""
    among = Among("pk", list(numbers))
    rows: Any = desk.model._base_manager.select_for_update().filter(among).order_by("pk")
    list(rows.values_list("pk", flat=True))
    seen = set(desk.rows(by).filter(among).order_by().values_list("pk", flat=True))
    allowing: Any = desk.model._default_manager
    mine = set(allowing.allowed_to(by, verb).filter(among).order_by().values_list("pk", flat=True))
    for number in numbers:
        if number not in seen:
            outcome.put(number, missing, why=_("It is not there any more."))
        elif number not in mine:
            outcome.put(number, missing, why=_("You may not change it."))
    return [number for number in numbers if number in seen and number in mine]


def held(desk: Desk, numbers: Sequence[int], by: Viewer, verb: str, outcome: Outcome, missing: str) -> list[Any]:
    """The same, as rows."""
    mine = held_numbers(desk, numbers, by, verb, outcome, missing)
    return list(desk.rows(by).filter(Among("pk", mine)))


# Editing --------------------------------------------------------------------------------------------------------------


def facts_named(desk: Desk, names: Sequence[str], by: Viewer) -> list[Field]:
    """The facts called so. Raises Refused for one that is not there, or that `by` cannot edit."""
    editable = [one for one in desk.all_facts() if editing.is_editable(one)]
    known = {one.name: one for one in editable if not is_closed(one, desk.model, by)}
    for name in names:
        if name not in known:
            raise Refused(_("There is no field “%(name)s” to edit here.") % {"name": name}, name)
    return [known[name] for name in names]


def fits_sets(desk: Desk, fields: Sequence[Field]) -> bool:
    """Whether these fields of the desk are written in sets."""
    sets = type(desk).in_sets
    return sets is not None and all(_fits(sets.names, one) for one in fields)


def cleaned(desk: Desk, values: dict[str, Any]) -> dict[str, Any]:
    """The values as the desk's sets keep them. Raises Refused, ValidationError where one cannot be."""
    sets = type(desk).in_sets
    clean = sets.clean if sets is not None else None
    return {name: plain(clean(name, value)) for name, value in values.items()} if clean else values


def _fits(names: Callable[[str], bool] | None, one: Field) -> bool:
    if names is not None:
        return names(one.name)
    return bool(one.path and one.path.direct and not one.path.field.unique)


def edit_chunk(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> Outcome:
    """Write the new values into the next rows."""
    fields = facts_named(desk, list(change.values), by)
    outcome = Outcome()
    mine = held_numbers(desk, numbers, by, "edit", outcome, State.REFUSED)
    if change.one_by_one:
        for row in desk.rows(by).filter(Among("pk", mine)):
            _edit_one(change, desk, fields, row, by, outcome)
        return outcome
    wanted: dict[int, Changes] = {}
    for number, values in _stored(desk, fields, mine):
        changes = {
            name: [now, change.values[name]] for name, now in values.items() if not _equal(now, change.values[name])
        }
        if changes:
            wanted[number] = changes
        outcome.put(number, State.CHANGED if changes else State.SAME, changes)
    _write_set(desk, SetOfChanges(change.pk, wanted, timezone.now(), by))
    return outcome


def _stored(desk: Desk, fields: Sequence[Field], numbers: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The values of rows as the log keeps them, without making a record of each row."""
    names = [one.name for one in fields]
    paths = [one.path for one in fields if one.path is not None]
    columns = [path.field.attname if path.direct else path.stored for path in paths]
    rows = desk.model._base_manager.filter(Among("pk", numbers)).order_by("pk")
    for number, *values in rows.values_list("pk", *columns):
        kept = (_at(value, path.keys) for value, path in zip(values, paths, strict=True))
        yield number, {name: plain(value) for name, value in zip(names, kept, strict=True)}


def _at(value: Any, keys: Sequence[str]) -> Any:
    """The value at these keys of a JSON value."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def changes_kept(change: BulkChange, numbers: Sequence[int]) -> dict[int, Changes]:
    """What was changed of these records, by number; nothing of those that stayed as they were.

    A chunk is a stretch of the numbers, and asked for as such: of rows written just now PostgreSQL does not know how
    many there are, and would hold each row of the change against each number.
    """
    if not numbers:
        return {}
    rows = BulkRow.objects.filter(change=change, state=State.CHANGED, object_id__range=(min(numbers), max(numbers)))
    wanted = set(numbers)
    return {number: changes for number, changes in rows.values_list("object_id", "changes") if number in wanted}


def undo_chunk(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> Outcome:
    """Give the next rows back what they were, but for what somebody changed since."""
    before = changes_kept(change, numbers)
    outcome = Outcome()
    mine = held_numbers(desk, list(before), by, "edit", outcome, State.KEPT)
    for number, (state, _none, why) in list(outcome.rows.items()):
        outcome.put(number, state, {name: [*pair[:2], "kept"] for name, pair in before[number].items()}, why)
    fields = {one.name: one for one in facts_named(desk, list(change.values), by)}
    if change.one_by_one:
        for row in desk.rows(by).filter(Among("pk", mine)):
            _undo_one(desk, fields, row, before[row.pk], by, outcome)
        return outcome
    wanted: dict[int, Changes] = {}
    for number, values in _stored(desk, list(fields.values()), mine):
        back, told, why = _to_give_back(fields, values, before[number])
        if back:
            wanted[number] = back
        outcome.put(number, State.KEPT if why else State.UNDONE, told, why)
    _write_set(desk, SetOfChanges(change.pk, wanted, timezone.now(), by, undo=True))
    return outcome


def _to_give_back(fields: dict[str, Field], values: dict[str, Any], before: Changes) -> tuple[Changes, Changes, str]:
    """What of a row is given back, all as it is told, and why something is kept."""
    back: Changes = {}
    told: Changes = {}
    why = []
    for name, (was, made, *_rest) in before.items():
        now = values[name]
        if _equal(now, made):
            back[name], told[name] = [now, was], [was, made]
        else:
            told[name] = [was, made, "kept"]
            why.append(_changed_since(fields[name], now))
    return back, told, " ".join(why)


def _changed_since(one: Field, now: Any) -> str:
    words = _("%(field)s was changed since: %(now)s.")
    return words % {"field": one.label, "now": plain_text(one, now) or "—"}


def _write_set(desk: Desk, changes: SetOfChanges) -> None:
    sets = type(desk).in_sets
    assert sets is not None
    if changes.rows:
        sets.write(changes)


def _edit_one(change: BulkChange, desk: Desk, fields: list[Field], row: Any, by: Viewer, outcome: Outcome) -> None:
    assert desk.edit_action is not None
    was = {one.name: plain(editing.stored(one, row)) for one in fields}
    try:
        values = {one.name: _value(one, change.values[one.name], by) for one in fields}
        with transaction.atomic():
            desk.edit_action(row.pk, values, dict(was), by=by)
    except (Refused, ValidationError) as refusal:
        outcome.put(row.pk, State.REFUSED, why=_message(refusal))
        return
    renewed = desk.rows(by).filter(pk=row.pk).first() or row
    now = {one.name: plain(editing.stored(one, renewed)) for one in fields}
    changes = {name: [was[name], now[name]] for name in now if not _equal(was[name], now[name])}
    outcome.put(row.pk, State.CHANGED if changes else State.SAME, changes)


def _undo_one(desk: Desk, fields: dict[str, Field], row: Any, before: Changes, by: Viewer, outcome: Outcome) -> None:
    assert desk.edit_action is not None
    stored = {name: plain(editing.stored(one, row)) for name, one in fields.items()}
    back, told, why = _to_give_back(fields, stored, before)
    try:
        values = {name: _value(fields[name], was, by) for name, (_now, was) in back.items()}
        with transaction.atomic():
            if values:
                desk.edit_action(row.pk, values, {name: now for name, (now, _was) in back.items()}, by=by)
    except Conflict as conflict:
        why = _changed_since(fields[str(conflict.field)], conflict.theirs)
    except (Refused, ValidationError) as refusal:
        why = _message(refusal)
    if why and not told:
        told = before
    outcome.put(row.pk, State.KEPT if why else State.UNDONE, told, why)


def _value(one: Field, value: Any, by: Viewer) -> Any:
    """A value of the log as an `edit` takes it."""
    return editing.clean(one, editing.raw_plain(one, value), by)


def _message(refusal: Exception) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


def _equal(one: Any, other: Any) -> bool:
    """Whether two values of the log say the same; nothing and an empty text do."""
    return (one is None or one == "") == (other is None or other == "") and (
        one in (None, "") or one == other or str(one) == str(other)
    )
