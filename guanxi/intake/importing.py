"""What the kinds of import (sales, parties, products, events) share with the engine that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from guanxi.foundation.bulk import BulkSession
from guanxi.intake.plan import Plan

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
    memory: dict[str, Any] = field(default_factory=dict)

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


@dataclass
class Outcome:
    """What became of a chunk of rows; `refused` are those found bad only beside what the database holds."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
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
    repeatable: bool = False  # its chunks may differ after a kill: begin it anew, which changes nothing twice


T = TypeVar("T")


def run_ahead(pieces: Iterator[T]) -> Iterator[T]:
    """The same pieces, each next one made in a thread while the present one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = pool.submit(next, pieces, None)
            yield piece
