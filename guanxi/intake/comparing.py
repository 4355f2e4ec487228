"""The comparison of a checked file with the database: the phases of a dry job, and what they say of each row."""

from __future__ import annotations

import csv
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from guanxi.foundation.tasks import progress
from guanxi.intake.formats import REMARKS
from guanxi.intake.importing import DIFFERENCE, Job, Outcome, Phase, run_ahead
from guanxi.intake.models import ImportRun

STATES = ("new", "changed", "conflict", "possible_duplicate", "unchanged", "rejected", "skipped")
OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected")
FILE = "difference.parquet"


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
