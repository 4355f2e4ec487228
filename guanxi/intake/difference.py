"""What an import will do, row by row and field by field, before anything of it is written.

The very code that writes is run with a session that does not (intake.dry); each chunk then says what it would have
done.
All of it stands in `difference.parquet` in the run's folder (importing.DIFFERENCE).
"""

from __future__ import annotations

from typing import Any

import duckdb

from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake import running
from guanxi.intake.comparing import FILE, OUTCOMES, STATES
from guanxi.intake.models import ImportRun

__all__ = ["FILE", "OUTCOMES", "STATES", "counts", "find", "outcomes", "page"]


def find(run: ImportRun, *, by: Viewer = SYSTEM) -> ImportRun:
    """Compare a run's file with the database; nothing is written but what the run itself remembers.

    Checks the file first where that was not done yet. Raises Refused with what stands in the way.
    """
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
