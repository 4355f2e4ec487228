"""Bulk sessions on SQLite: a proxy to `sqlite_child`, which holds the connection in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation.bulk import processes, wire

MANY = 100_000  # rows at once, after which a process is not used again: what it took of memory goes back with it


class SqliteSession:
    vendor = "sqlite"

    def __init__(self, path: str) -> None:
        self.child = processes.take()
        self.most = 0  # rows that went to or fro at once
        self.in_step = True  # no answer is on its way that nobody waits for
        self._send("open", path)

    def execute(self, sql: str) -> int:
        return int(self._ask("execute", sql)["rows"])

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        return pa.Table.from_batches(self.stream(sql, schema), schema)

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        self._send("read", _typed(sql, schema))
        first, self.in_step, rows = True, False, 0
        while (batch := self._receive()) is not None:
            rows += batch.num_rows
            self.most = max(self.most, rows)
            yield cast(batch.slice(1) if first else batch, schema)
            first = False
        self.in_step = True

    def append(self, table: str, rows: pa.Table) -> None:
        self._ask("append", table, rows=storable(rows))

    def stage(self, name: str, rows: pa.Table) -> None:
        self._ask("stage", name, rows=storable(rows))

    def reserve_ids(self, table: str, count: int) -> int:
        return int(self._ask("reserve", table, count)["first"])

    def begin(self) -> None:
        self._ask("begin")

    def commit(self) -> None:
        self._ask("commit")

    def rollback(self) -> None:
        self._ask("rollback")

    def close(self) -> None:
        if self.most <= MANY and self._is_at_rest():
            processes.give_back(self.child)
        else:
            processes.end(self.child)

    def _is_at_rest(self) -> bool:
        """Whether the process let go of the database and can be used again."""
        try:
            return self.in_step and self._ask("close") == {}
        except (OSError, EOFError, wire.BulkError):
            return False

    def _ask(self, command: str, *arguments: Any, rows: pa.Table | None = None) -> dict[str, Any]:
        self._send(command, *arguments, rows=rows)
        answer: dict[str, Any] = self._receive()
        return answer

    def _send(self, command: str, *arguments: Any, rows: pa.Table | None = None) -> None:
        assert self.child.stdin
        wire.send_message(self.child.stdin, {"command": command, "arguments": arguments})
        if rows is not None:
            self.most = max(self.most, rows.num_rows)
            wire.send_table(self.child.stdin, rows)

    def _receive(self) -> Any:
        assert self.child.stdout
        return wire.receive(self.child.stdout)


def _typed(sql: str, schema: pa.Schema) -> str:
    """The driver guesses types from its first rows: begin with one row that leaves no doubt; `stream` drops it."""
    return f"SELECT {', '.join(_sample(f.type) for f in schema)} UNION ALL SELECT * FROM ({sql})"


def _sample(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return "0"
    return "0.5" if pa.types.is_floating(kind) else "''"


def cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch as SQLite gives it, in the types of `schema`."""
    arrays = [_cast_array(array, field.type) for array, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cast_array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind) and kind.tz:
        return array.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC")).cast(kind)
    return array.cast(kind)


def storable(rows: pa.Table) -> pa.Table:
    """Columns as Django stores them in SQLite: moments and days as text, yes and no as 1 and 0."""
    columns = [_storable_column(column) for column in rows.columns]
    return pa.table(columns, names=rows.column_names)


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Moments as text, without a fraction of zero, as Django has it: what it binds must compare equal.

    Of a column of one moment only, as imports have many, the text is made once.
    """
    ends = pc.min_max(column)
    if column.null_count == 0 and len(column) > 1 and ends["min"] == ends["max"]:
        return pa.chunked_array([pa.repeat(_moments(column.slice(0, 1))[0], len(column))])
    count = column.cast(pa.int64())
    if pc.all(pc.equal(pc.multiply(pc.divide(count, 1_000_000), 1_000_000), count)).as_py():
        return column.cast(pa.timestamp("s")).cast(pa.string())
    return pc.replace_substring_regex(column.cast(pa.string()), r"\.000000$", "")


def _storable_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type)
    if pa.types.is_timestamp(kind):
        return _moments(column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")))
    if pa.types.is_date(kind):
        return column.cast(pa.string())
    return column.cast(pa.int64()) if pa.types.is_boolean(kind) else column
