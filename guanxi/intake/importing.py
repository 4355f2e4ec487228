"""What the kinds of import (sales, parties, products, events) share with the engine that runs them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.search import index_arrow
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake.plan import Plan
from guanxi.ledger.bulk import append_events

# What a row does to what is known. `state` is what people look at: new, changed, unchanged, conflict (somebody who is
# believed more says something else), possible_duplicate (new, but perhaps known), rejected, skipped. `outcome` is what
# the run counts it as: created, updated, unchanged, skipped, rejected.
DIFFERENCE = pa.schema(
    [
        ("row", pa.int64()),
        ("state", pa.string()),
        ("outcome", pa.string()),
        ("party_id", pa.int64()),
        ("label", pa.string()),
        (
            "fields",
            pa.list_(
                pa.struct(
                    [
                        ("field", pa.string()),
                        ("now", pa.string()),
                        ("then", pa.string()),
                        ("written", pa.bool_()),
                    ]
                )
            ),
        ),
    ]
)
NO_FIELDS = 'CAST([] AS STRUCT(field VARCHAR, now VARCHAR, "then" VARCHAR, written BOOLEAN)[])'
PROBLEMS = pa.schema([("row", pa.int64()), ("problem", pa.string())])


@dataclass
class Job:
    """A run at work: its plan, its stage, and what it found out on the way."""

    run_id: int
    plan: Plan
    work: duckdb.DuckDBPyConnection
    folder: Path
    source_id: int
    now: datetime  # by the machine's clock: when it is recorded
    moment: datetime  # by the business's clock, which may stand still: when it happens
    db: BulkSession  # one for the whole run: opening one costs a process on SQLite
    dry: bool = False  # look what would be written (intake.dry), and say so in each Outcome's `difference`
    memory: dict[str, Any] = field(default_factory=dict)
    by: Viewer = SYSTEM  # in whose name it works: it touches what he may (intake.reaching)

    @contextmanager
    def transaction(self) -> Iterator[BulkSession]:
        """A transaction that holds the write lock; taken back where the block fails."""
        self.db.begin()
        try:
            yield self.db
        except BaseException:
            self.db.rollback()
            raise
        self.db.commit()

    def record(self, db: BulkSession, events: pa.Table) -> None:
        """Record events in the ledger."""
        if not self.dry:
            append_events(db, events, self.now, self.run_id)

    def index(self, db: BulkSession, object_type: str, found: pa.Table, *, new: bool = False) -> None:
        """Tell the search what is found of records."""
        if not self.dry:
            index_arrow(db, object_type, found, new=new)

    def keep(self, name: str, rows: pa.Table) -> None:
        """Keep beside the run how rows were before it changed them, to be given back when it is reverted."""
        if rows.num_rows and not self.dry:
            self.before.mkdir(exist_ok=True)
            pq.write_table(rows, self.before / f"{name}.parquet")

    @property
    def before(self) -> Path:
        """Where that is kept."""
        return self.folder / "before"


@dataclass
class Outcome:
    """What became of a chunk of rows; `refused` are those found bad only beside what the database holds."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    difference: pa.Table | None = None  # of a dry run (DIFFERENCE)
    refused: pa.Table = field(default_factory=PROBLEMS.empty_table)


def _nothing(job: Job, number: int) -> None:
    return None


@dataclass(frozen=True)
class Phase:
    """A part of the second half of a run: how many chunks, and how one is written.

    `ahead(job, number)` does what needs no database; it runs in a thread while the chunk before is being written, and
    `write(job, db, number, made)` gets what it made.
    """

    name: str
    count: Callable[[Job], int]
    write: Callable[[Job, BulkSession, int, Any], Outcome]
    ahead: Callable[[Job, int], Any] = _nothing
    compared: bool = True  # False: it follows from other phases and is left out when one only looks
    by_actions: bool = False  # it writes through the actions of other packages, not by the session in sets
    repeatable: bool = False  # its chunks may differ after a kill: begin it anew, which changes nothing twice


T = TypeVar("T")


def run_ahead(pieces: Iterator[T]) -> Generator[T, None, None]:
    """The same pieces, each next one made in a thread while the present one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = pool.submit(next, pieces, None)
            yield piece


COUNTED_AS = {"new": "created", "changed": "updated", "unchanged": "unchanged", "skipped": "skipped"}


def of_states(job: Job, states: pa.Table) -> Outcome:
    """The outcome of rows (row, state, party_id, label, fields) of which each is counted by its state."""
    outcome = Outcome()
    for found in states.column("state").value_counts():
        name = COUNTED_AS[found["values"].as_py()]
        setattr(outcome, name, getattr(outcome, name) + found["counts"].as_py())
    if job.dry:
        words = [COUNTED_AS[state] for state in states.column("state").to_pylist()]
        told = states.append_column("outcome", pa.array(words, pa.string()))
        outcome.difference = told.select(DIFFERENCE.names).cast(DIFFERENCE)
    return outcome
