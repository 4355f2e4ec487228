"""What an import will do, row by row and field by field, before anything of it is written.

The very code that writes is run with a session that does not (intake.dry); each chunk then says what it would have
done.
All of it stands in `difference.parquet` in the run's folder (importing.DIFFERENCE).
"""

from __future__ import annotations

import csv
from contextlib import closing
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake.formats import REMARKS
from guanxi.intake.importing import DIFFERENCE, Job, Outcome, Phase, run_ahead
from guanxi.intake.models import ImportRun

STATES = ("new", "changed", "conflict", "possible_duplicate", "unchanged", "rejected", "skipped")
OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected")
FILE = "difference.parquet"


def find(run: ImportRun, *, by: Viewer = SYSTEM) -> ImportRun:
    """Compare a run's file with the database; nothing is written but what the run itself remembers.

    Checks the file first where that was not done yet. Raises Refused with what stands in the way.
    """
    from guanxi.intake import running

    return running.compare(run.pk, by=by)


def counts(run: ImportRun) -> dict[str, int]:
    """How many rows are in each of STATES; all 0 where the comparison was not made."""
    found = run.difference or {}
    return {state: int(found.get(state, 0)) for state in STATES}


def outcomes(run: ImportRun) -> dict[str, int]:
    """What the run will count its rows as: OUTCOMES."""
    found = (run.difference or {}).get("outcomes", {})
    return {name: int(found.get(name, 0)) for name in OUTCOMES}


def page(run: ImportRun, state: str = "", after: int = 0, limit: int = 50) -> tuple[list[dict[str, Any]], int | None]:
    """Rows of the comparison in the order of the file, of one state or of all, and the row to ask on after, or None.

    Each has row, state, outcome, party_id, label and fields: dictionaries with field, now, then, written.
    """
    path = run.folder / FILE
    if not path.exists():
        return [], None
    where = "row > ?" + (" AND state = ?" if state else "")
    values: list[Any] = [int(after), state] if state else [int(after)]
    with duckdb.connect() as work:
        work.execute("SET threads = 1")
        query = f"SELECT * FROM read_parquet(?) WHERE {where} ORDER BY row, state LIMIT {int(limit) + 1}"
        rows = work.sql(query, params=[str(path), *values]).to_arrow_table().to_pylist()
    more = len(rows) > limit
    return rows[:limit], rows[limit - 1]["row"] if more and limit else None


def compare(job: Job, phases: list[Phase], current: ImportRun) -> dict[str, Any]:
    """Run the phases of a dry job and write down what they say; how many rows are in each state and outcome."""
    told: dict[str, Any] = dict.fromkeys(STATES, 0) | {"outcomes": dict.fromkeys(OUTCOMES, 0)}
    part = current.folder / f"{FILE}.part"
    with pq.ParquetWriter(part, DIFFERENCE, compression="zstd", compression_level=1) as writer:
        for phase in phases:
            if phase.compared:
                _compare_phase(job, phase, writer, told)
    part.replace(current.folder / FILE)
    return told


def _compare_phase(job: Job, phase: Phase, writer: pq.ParquetWriter, told: dict[str, Any]) -> None:
    total = phase.count(job)
    with closing(run_ahead((phase.ahead(job, number),) for number in range(total))) as made:
        for number, (piece,) in enumerate(made):
            with job.transaction() as db:
                outcome = phase.write(job, db, number, piece)
            _add(outcome, writer, told)
            if outcome.refused.num_rows:
                pq.write_table(outcome.refused, job.folder / f"refused-{phase.name}-{number}.parquet")
            progress(number + 1, total, _("Comparing"))


def _add(outcome: Outcome, writer: pq.ParquetWriter, told: dict[str, Any]) -> None:
    if outcome.difference is not None:
        writer.write_table(outcome.difference.cast(DIFFERENCE))
        for state in outcome.difference.column("state").value_counts():
            told[state["values"].as_py()] += state["counts"].as_py()
    for name in ("created", "updated", "unchanged", "skipped"):
        told["outcomes"][name] += getattr(outcome, name)


def count_rejected(current: ImportRun, told: dict[str, Any]) -> dict[str, Any]:
    """Add the rejected rows with their reason, also those that only the comparison found; the counts with them."""
    if not current.rejects_path.exists():
        return told
    path = current.folder / FILE
    part = current.folder / f"{FILE}.part"
    with pq.ParquetWriter(part, DIFFERENCE, compression="zstd", compression_level=1) as writer:
        for batch in pq.ParquetFile(path).iter_batches(200_000):
            writer.write_batch(batch)
        _add_rejected(current, writer, told)
    part.replace(path)
    return told


def _add_rejected(current: ImportRun, writer: pq.ParquetWriter, told: dict[str, Any]) -> None:
    csv.field_size_limit(1 << 28)
    with current.rejects_path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        rows: list[dict[str, Any]] = []
        for cells in reader:
            row, column, value, reason = cells[: len(REMARKS)]
            fields = [{"field": column, "now": reason, "then": value[:1000], "written": False}]
            rows.append(
                {"row": int(row), "state": "rejected", "outcome": "rejected", "label": reason, "fields": fields}
            )
            if len(rows) == 50_000:
                writer.write_table(pa.Table.from_pylist(rows, DIFFERENCE))
                told["rejected"] += len(rows)
                rows = []
    writer.write_table(pa.Table.from_pylist(rows, DIFFERENCE))
    told["rejected"] += len(rows)
    told["outcomes"]["rejected"] = told["rejected"]
