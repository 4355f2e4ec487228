"""What the kinds of import (sales, parties, products, events) share with the engine that runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

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
    now: datetime
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """What became of a chunk of rows; `refused` are those found bad only beside what the database holds."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: pa.Table = field(default_factory=PROBLEMS.empty_table)
