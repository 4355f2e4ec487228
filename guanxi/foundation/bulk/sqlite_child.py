"""The process that holds a bulk session's SQLite connection (ADBC); it knows neither Django nor the business."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any, BinaryIO

from guanxi.foundation.bulk import without_pandas

without_pandas.settle()  # before the driver is imported

import adbc_driver_sqlite.dbapi as sqlite  # noqa: E402
import pyarrow as pa  # noqa: E402

from guanxi.foundation.bulk import wire  # noqa: E402
from guanxi.foundation.parent import end_with_parent  # noqa: E402

PATIENCE = 60_000  # milliseconds to wait for others who write
PAUSE = 0.004  # seconds between two looks whether they still do


class Child:
    def __init__(self, output: BinaryIO, source: BinaryIO) -> None:
        self.output, self.source = output, source

    def open(self, path: str) -> None:
        """Connect, without an answer; the first command: a process that stands ready holds no file."""
        self.connection = sqlite.connect(path)
        self.cursor = self.connection.cursor()
        for pragma in (
            f"busy_timeout={PATIENCE}",
            "cache_size=-196608",
            "temp_store=MEMORY",
            "wal_autocheckpoint=16000",
            "secure_delete=FAST",
        ):
            self.cursor.execute(f"PRAGMA {pragma}")
            self.cursor.fetchall()
        self.connection.rollback()

    def serve(self) -> None:
        """Answer commands until the pipe closes."""
        while self.source.peek(1):  # type: ignore[attr-defined]
            message = wire.receive(self.source)
            rows = wire.receive_table(self.source) if message["command"] in {"append", "stage"} else None
            try:
                answer = getattr(self, message["command"])(*message["arguments"], *([rows] if rows is not None else []))
            except Exception as error:  # noqa: BLE001  whatever it is, the parent must hear of it
                wire.send_error(self.output, error)
            else:
                if answer is not None:
                    wire.send_message(self.output, answer)

    def close(self) -> dict[str, Any]:
        """Roll back what was not committed, and let go of the file; another may be opened."""
        if hasattr(self, "connection"):
            self.connection.rollback()
            self.cursor.close()
            self.connection.close()
            del self.cursor, self.connection
        return {}

    def execute(self, sql: str) -> dict[str, Any]:
        self.cursor.execute(sql)
        rows = self.cursor.rowcount
        self.cursor.fetchall()
        return {"rows": rows}

    def read(self, sql: str) -> None:
        cursor = self.connection.cursor()
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "65536"})
        cursor.execute(sql)
        for batch in cursor.fetch_record_batch():
            if batch.num_rows:
                wire.send_table(self.output, pa.Table.from_batches([batch]))
        wire.send_end(self.output)
        cursor.close()

    def append(self, table: str, rows: pa.Table) -> dict[str, Any]:
        self.cursor.adbc_ingest(table, rows, mode="append")
        return {}

    def stage(self, name: str, rows: pa.Table) -> dict[str, Any]:
        self.execute(f'DROP TABLE IF EXISTS temp."{name}"')
        self.cursor.adbc_ingest(name, rows, mode="create", temporary=True)
        return {}

    def reserve(self, table: str, count: int) -> dict[str, Any]:
        self.begin()
        self.execute(
            f"INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', 0 "
            f"WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{table}')"
        )
        self.cursor.execute(f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'")
        row = self.cursor.fetchone()
        assert row is not None
        self.execute(f"UPDATE sqlite_sequence SET seq = seq + {int(count)} WHERE name = '{table}'")
        return {"first": int(row[0]) + 1}

    def begin(self) -> dict[str, Any]:
        # The driver begins a deferred transaction; the first write, even of no row, takes the write lock. SQLite would
        # look again after pauses of a tenth of a second, in which the lock lies free or somebody else comes first.
        until = time.monotonic() + PATIENCE / 1000
        self.execute("PRAGMA busy_timeout=0")
        try:
            while True:
                try:
                    return self.execute("UPDATE sqlite_sequence SET seq = seq WHERE 0")
                except sqlite.Error as error:
                    if "locked" not in str(error) or time.monotonic() >= until:
                        raise
                    time.sleep(PAUSE)
        finally:
            self.execute(f"PRAGMA busy_timeout={PATIENCE}")

    def commit(self) -> dict[str, Any]:
        self.connection.commit()
        return {}

    def rollback(self) -> dict[str, Any]:
        self.connection.rollback()
        return {}


if __name__ == "__main__":
    # In the midst of a statement it would not see that the pipe is closed; SQLite rolls back what was begun.
    end_with_parent(signal.SIGKILL)
    child = Child(sys.stdout.buffer, sys.stdin.buffer)
    child.serve()
    child.close()
    os._exit(0)  # all is written: whoever waits need not wait until the libraries are taken down
