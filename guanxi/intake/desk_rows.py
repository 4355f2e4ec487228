"""Files of any type of record whose desk says `importable`: each row goes through the type's own actions.

The same four parts as the kinds of this package's own; only the chunks are small, and a look at what would happen does
it and takes it back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from guanxi.foundation import audit, visibility
from guanxi.foundation.actions import Refused, acting
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.custom_fields.homes import COMPUTED
from guanxi.foundation.desk import Desk, display, editing
from guanxi.foundation.desk.declaration import Field as DeskField
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.money import SCALE
from guanxi.foundation.records import writing
from guanxi.foundation.records.values import plain
from guanxi.intake import desk_fields, desk_kinds, desk_references
from guanxi.intake.field import NUMBER, Field
from guanxi.intake.importing import PROBLEMS, Job, Outcome, Phase, of_states
from guanxi.intake.plan import Plan
from guanxi.intake.reaching import NOT_YOURS
from guanxi.intake.records import quote

CHUNK = 200
NAME = "intake.take_in_rows"  # the occasion of what is written, in the audit log
STATES = pa.schema(
    [
        ("row", pa.int64()),
        ("state", pa.string()),
        ("party_id", pa.int64()),
        ("label", pa.string()),
        (
            "fields",
            pa.list_(
                pa.struct(
                    [("field", pa.string()), ("now", pa.string()), ("then", pa.string()), ("written", pa.bool_())]
                )
            ),
        ),
    ]
)
# How a run remembers what it did to a record, so that it can be taken back (intake.desk_reverting).
DONE = pa.schema(
    [("id", pa.int64()), ("made", pa.bool_()), ("label", pa.string()), ("before", pa.string()), ("after", pa.string())]
)


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """One row for each key; bad are later ones that say something else."""
    key = quote(_desk(plan).importable)
    said = ", ".join(quote(name) for name in plan.fields)
    work.execute(
        f"CREATE OR REPLACE TABLE told AS SELECT * EXCLUDE (problem), row_number() OVER w AS nth, hash({said}) <> "
        f"first(hash({said})) OVER w AS twice FROM checked WINDOW w AS (PARTITION BY {key} ORDER BY row)"
    )
    bad = work.sql(f"SELECT row, '{_desk(plan).importable}:twice' AS problem FROM told WHERE twice ORDER BY row")
    problems = bad.to_arrow_table().cast(PROBLEMS)
    work.execute(
        "CREATE OR REPLACE TABLE desk_rows AS SELECT * EXCLUDE (twice), CAST(floor((row_number() OVER (ORDER BY row) "
        f"- 1) / {CHUNK}) AS INTEGER) AS chunk FROM told WHERE NOT twice"
    )
    for name in ("checked", "told"):
        work.execute(f"DROP TABLE {name}")
    return problems


def prepare(job: Job) -> None:
    """Find the other records that the rows name."""
    known = desk_fields.written(_desk(job.plan))
    job.memory["desk"] = known
    job.memory["named"] = {
        name: desk_references.find(job, known[name], _texts(job, name))
        for name in job.plan.fields
        if known[name].kind is Kind.REFERENCE and known[name].column.clean is None
    }


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("rows", _count_chunks, _write, by_actions=True)]


def _desk(plan: Plan) -> Desk:
    desk = desk_kinds.desk_of(plan.kind)
    assert desk is not None
    return desk


def _texts(job: Job, name: str) -> list[str]:
    column = quote(name)
    found = job.work.execute(f"SELECT DISTINCT {column} FROM desk_rows WHERE {column} IS NOT NULL ORDER BY 1")
    return [text for (text,) in found.fetchall()]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM desk_rows").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


@dataclass
class _Chunk:
    """What became of the rows of a chunk so far, and who of them is known."""

    job: Job
    desk: Desk
    known: dict[str, models.Model]
    states: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)


def _write(job: Job, db: BulkSession, number: int, _ahead: None) -> Outcome:
    desk = _desk(job.plan)
    rows = job.work.sql(f"SELECT * FROM desk_rows WHERE chunk = {number} ORDER BY row").to_arrow_table().to_pylist()
    with transaction.atomic(), acting(job.by, NAME):
        chunk = _Chunk(job, desk, _known(desk, [row[desk.importable] for row in rows], job))
        for row in rows:
            _take(chunk, row)
        if job.dry:
            transaction.set_rollback(True)
    job.keep(f"rows-{number}", pa.Table.from_pylist(chunk.done, DONE))
    outcome = of_states(job, pa.Table.from_pylist(chunk.states, STATES))
    outcome.refused = pa.Table.from_pylist(chunk.refused, PROBLEMS)
    return outcome


def _known(desk: Desk, keys: list[Any], job: Job) -> dict[str, models.Model]:
    fields = job.plan.fields
    texts = {_said(fields[desk.importable], job.memory["desk"][desk.importable], key) for key in keys}
    found = desk.rows(job.by).filter(**{f"{desk.importable}__in": texts}).order_by("-pk")
    return {str(getattr(row, desk.importable)): row for row in found}


def _take(chunk: _Chunk, row: dict[str, Any]) -> None:
    """One row, whole or not at all."""
    key = chunk.desk.importable
    try:
        body = _body(chunk, row)
        work = _work(chunk, row, body)
        if isinstance(work, str):
            return _tell(chunk, row, work, str(body[key]), [])
        with transaction.atomic():
            work()
    except Refused as refusal:
        name = refusal.field if refusal.field in chunk.job.plan.mapping else key
        chunk.refused.append({"row": row["row"], "problem": f"{name}:={refusal.message}"})
    except visibility.NotAllowed:
        chunk.refused.append({"row": row["row"], "problem": f"{key}:{NOT_YOURS}"})
    except IntegrityError:
        chunk.refused.append({"row": row["row"], "problem": f"{key}:={_('Somebody wrote the same just now.')}"})


def _work(chunk: _Chunk, row: dict[str, Any], body: dict[str, Any]) -> str | Callable[[], None]:
    """What is to be done with a row, or the state of one that needs nothing."""
    rule, known = chunk.job.plan.rule, chunk.known.get(str(body[chunk.desk.importable]))
    if row["nth"] > 1:
        return "unchanged"
    if rule == ("update" if known is None else "create"):
        return "skipped"
    return (lambda: _create(chunk, row, body)) if known is None else (lambda: _change(chunk, row, body, known))


def _create(chunk: _Chunk, row: dict[str, Any], body: dict[str, Any]) -> None:
    desk, by = chunk.desk, chunk.job.by
    first = {one.name for one in writing.of_new(desk)}
    number = writing.create(desk, {name: value for name, value in body.items() if name in first}, by)
    if rest := {name: value for name, value in body.items() if name not in first}:
        writing.change(desk, number, rest, by)
    record = desk.model._base_manager.get(pk=number)
    then = {name: ("", _words(one, record)) for name, one in _fields_of(chunk, body).items()}
    _tell(chunk, row, "new", str(desk.title(record)), _differing(then))
    _remember(chunk, record, made=True, before={}, after=state_of(record))


def _change(chunk: _Chunk, row: dict[str, Any], body: dict[str, Any], record: models.Model) -> None:
    desk, by = chunk.desk, chunk.job.by
    editable = {one.name for one in desk.all_facts() if editing.is_editable(one)} - {desk.importable}
    body = {name: value for name, value in body.items() if name in editable}
    fields = _fields_of(chunk, body)
    before = {name: (values_of(one, record), _words(one, record)) for name, one in fields.items()}
    if body:
        writing.change(desk, record.pk, body, by)
    record = desk.model._base_manager.get(pk=record.pk)
    after = {name: (values_of(one, record), _words(one, record)) for name, one in fields.items()}
    changed = [name for name in fields if before[name][0] != after[name][0]]
    told = _differing({name: (before[name][1], after[name][1]) for name in changed})
    _tell(chunk, row, "changed" if changed else "unchanged", str(desk.title(record)), told)
    if changed:
        was, is_now = ({name: side[name][0] for name in changed} for side in (before, after))
        _remember(chunk, record, made=False, before=was, after=is_now)


def _tell(chunk: _Chunk, row: dict[str, Any], state: str, label: str, fields: list[dict[str, Any]]) -> None:
    chunk.states.append({"row": row["row"], "state": state, "label": label[:200], "fields": fields})


def _remember(
    chunk: _Chunk, record: models.Model, *, made: bool, before: dict[str, Any], after: dict[str, Any]
) -> None:
    label = str(chunk.desk.title(record))[:200]
    chunk.done.append(
        {"id": record.pk, "made": made, "label": label, "before": json.dumps(before), "after": json.dumps(after)}
    )


def _differing(pairs: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"field": name, "now": now, "then": then, "written": True} for name, (now, then) in pairs.items() if now != then
    ]


# Values -----------------------------------------------------------------------------------------------------------


def _fields_of(chunk: _Chunk, body: dict[str, Any]) -> dict[str, DeskField]:
    return {name: chunk.job.memory["desk"][name] for name in body}


def _body(chunk: _Chunk, row: dict[str, Any]) -> dict[str, Any]:
    """What a row says, as programs send it; an empty cell says nothing."""
    known, named = chunk.job.memory["desk"], chunk.job.memory["named"]
    body = {}
    for name, one in chunk.job.plan.fields.items():
        if row[name] is None:
            continue
        if name in named:
            if row[name] not in named[name]:
                raise Refused(_("No record, or more than one, goes by this."), name)
            body[name] = named[name][row[name]]
        else:
            body[name] = _said(one, known[name], row[name])
    return body


def _said(one: Field, field: DeskField, value: Any) -> Any:
    if one.kind == NUMBER:
        exact = Decimal(value) / SCALE
        return f"{exact.normalize():f}"
    if field.kind is Kind.BOOLEAN:
        return value == "yes"
    return value.isoformat() if isinstance(value, date) else str(value).strip()


def values_of(field: DeskField, record: models.Model) -> Any:
    """The stored value of a field as JSON."""
    return plain(editing.stored(field, record))


def state_of(record: models.Model) -> dict[str, Any]:
    """All that is stored of a record as JSON, but what is worked out."""
    found = {name: value for name, value in audit.values_of(record).items() if name != COMPUTED}
    return dict(json.loads(json.dumps(found, default=str)))


def _words(field: DeskField, record: models.Model) -> str:
    if field.kind is Kind.REFERENCE and field.path is not None and field.path.direct:
        return str(getattr(record, field.path.field.name) or "")
    return display.text(field.kind, editing.stored(field, record), field.choices)
