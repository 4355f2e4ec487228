"""A bulk session that reads and writes nothing: by it the writing of an import becomes a look at what it would
write."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from guanxi.foundation.bulk import BulkSession

FAR = 1 << 60


class DrySession:
    """Wraps a session. What is read is real, rows are put beside it in temporary tables only, ids are made up: below
    zero, so that they never meet a real one. Every transaction is taken back."""

    def __init__(self, session: BulkSession) -> None:
        self.session, self.vendor = session, session.vendor
        self._next = -FAR

    def execute(self, sql: str) -> int:
        return 0

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        return self.session.read(sql, schema)

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        return self.session.stream(sql, schema)

    def append(self, table: str, rows: pa.Table) -> None:
        """Nothing."""

    def stage(self, name: str, rows: pa.Table) -> None:
        self.session.stage(name, rows)

    def reserve_ids(self, table: str, count: int) -> int:
        first = self._next
        self._next += count
        return first

    def begin(self) -> None:
        """Nothing: there is no need to keep others from writing."""

    def commit(self) -> None:
        self.session.rollback()

    def rollback(self) -> None:
        self.session.rollback()

    def close(self) -> None:
        self.session.close()


class Unwritten(DrySession):
    """A look within a transaction that goes on: nothing is written, nothing is taken back."""

    def commit(self) -> None:
        """Nothing: the transaction is somebody else's."""

    def rollback(self) -> None:
        """Nothing."""
