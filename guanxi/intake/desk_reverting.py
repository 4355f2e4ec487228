"""Taking back an import of any type of record: what it made goes, what it changed is given back, by the type's actions.

What somebody changed since is left alone, and so is what something else hangs on. Each record is a step of its own, and
may be gone through again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import models, transaction
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Desk
from guanxi.foundation.records import writing
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import desk_fields, desk_kinds
from guanxi.intake.desk_rows import state_of, values_of
from guanxi.intake.models import ImportRun
from guanxi.intake.revert_job import Revert

KEPT = pa.schema(
    [
        ("object_type", pa.string()),
        ("object_id", pa.int64()),
        ("party_id", pa.int64()),
        ("label", pa.string()),
        ("field", pa.string()),
        ("reason", pa.string()),
    ]
)


def is_of_type(run: ImportRun) -> bool:
    """Whether a run brought in a type of record by its desk. Raises Refused where that type is no more."""
    if run.kind in ImportRun.Kind.values:
        return False
    if desk_kinds.desk_of(run.kind) is None:
        raise Refused(_("The type of these records, “%(kind)s”, is not known any more.") % {"kind": run.kind})
    return True


def take_back(job: Revert) -> None:
    """Go through all that the run did, the last first."""
    desk = desk_kinds.desk_of(job.run.kind)
    assert desk is not None
    kept: list[dict[str, Any]] = []
    for number in reversed(range(job.run.checkpoint)):  # a chunk that was not written to its end has done nothing
        for row in reversed(_done(job, number)):
            for name, reason in _one(job, desk, row):
                about = {"object_type": desk.model._meta.label_lower, "object_id": row["id"], "label": row["label"]}
                kept.append({**about, "field": name, "reason": reason})
        progress(job.run.checkpoint - number, job.run.checkpoint, _("Records"))
    pq.write_table(pa.Table.from_pylist(kept, KEPT), job.folder / "kept.parquet")


def _done(job: Revert, number: int) -> list[dict[str, Any]]:
    path = job.before / f"rows-{number}.parquet"
    return list(pq.read_table(path).to_pylist()) if path.exists() else []


def _one(job: Revert, desk: Desk, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Take back what was done to one record; what of it stays, as (field, reason)."""
    record = desk.model._base_manager.filter(pk=row["id"]).first()
    if record is None:
        return
    if not row["made"]:
        yield from _give_back(job, desk, record, json.loads(row["before"]), json.loads(row["after"]))
    elif state_of(record) != json.loads(row["after"]):
        yield "", "edited"
    elif desk.remove_action is None:
        yield "", "refused"
    elif _done_without_refusal(partial(writing.remove, desk, record.pk, SYSTEM)):
        _count(job, "records")
    else:
        yield "", "used"


def _give_back(
    job: Revert, desk: Desk, record: models.Model, before: dict[str, Any], after: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    fields = desk_fields.written(desk)
    for name, value in before.items():
        present = values_of(fields[name], record) if name in fields else None
        if name not in fields or present not in (value, after[name]):
            yield name, "later"
        elif present != value:
            if _done_without_refusal(partial(writing.change, desk, record.pk, {name: _as_sent(value)}, SYSTEM)):
                _count(job, "values")
            else:
                yield name, "refused"


def _as_sent(value: Any) -> Any:
    """A stored value as programs send it: several choices with commas between."""
    return ",".join(str(one) for one in value) if isinstance(value, list) else value


def _done_without_refusal(work: Callable[[], Any]) -> bool:
    try:
        with transaction.atomic():
            work()
    except Refused:
        return False
    return True


def _count(job: Revert, what: str) -> None:
    job.counts[what] = job.counts.get(what, 0) + 1
