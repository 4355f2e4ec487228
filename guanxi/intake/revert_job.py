"""A taking back at work: the run, the database, and the sets that were decided on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from guanxi.foundation.bulk import BulkSession
from guanxi.intake.models import ImportRun

_COUNT = pa.schema([("count", pa.int64())])


@dataclass
class Revert:
    """A taking back at work."""

    run: ImportRun
    db: BulkSession
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.run.folder / "revert"

    @property
    def before(self) -> Path:
        return self.run.folder / "before"

    def bound(self, table: str) -> int:
        """The last id of a table before the import began."""
        return int(self.run.bounds.get(table, 0))

    def made(self, table: str, alias: str = "") -> str:
        """The condition for rows of a table that the import made."""
        dot = f"{alias}." if alias else ""
        return f"{dot}id > {self.bound(table)} AND {dot}import_run = {self.run.pk}"

    def stored(self, name: str) -> pa.Table:
        """A set that was decided on."""
        return pq.read_table(self.folder / f"{name}.parquet")

    def stage(self, name: str) -> int:
        """Put a decided set (its column `id`) beside the database; how many it has. Lasts as long as the
        transaction."""
        rows = self.stored(name)
        self.db.stage(f"revert_{name}", rows.select(["id"]))
        return int(rows.num_rows)

    def write(self, work: Callable[[BulkSession], int], what: str) -> None:
        """One piece of work as one transaction; `what` it takes away is counted."""
        self.db.begin()
        try:
            count = work(self.db)
            if count < 0:  # the driver of SQLite does not say
                count = int(self.db.read("SELECT changes()", _COUNT).column(0)[0].as_py())
        except BaseException:
            self.db.rollback()
            raise
        self.db.commit()
        self.counts[what] = self.counts.get(what, 0) + max(count, 0)
