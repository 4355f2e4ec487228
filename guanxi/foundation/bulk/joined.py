"""Bulk sessions on Django's own connection: sets written within an action, in its transaction.

They see what the transaction has written, and are final when it is. For some ten thousand rows at a time; a million
go through a session of their own, which loads faster and holds nobody up in the process that shows pages.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from django.db import connection

from guanxi.foundation.bulk import sqlite
from guanxi.foundation.bulk.postgres import PostgresSession

SQL_TYPES = {pa.int64(): "bigint", pa.float64(): "double precision", pa.bool_(): "bool"}


class _Joined:
    """What both have in common: begin and end are the action's."""

    def begin(self) -> None:
        """Nothing to do: the action has begun."""

    def commit(self) -> None:
        """Nothing to do: it is final with the action."""

    def rollback(self) -> None:
        raise RuntimeError("What is written within an action is taken back by raising an exception from it.")

    def close(self) -> None:
        """Nothing to do: the connection is Django's."""


class JoinedPostgres(_Joined, PostgresSession):
    def __init__(self) -> None:
        connection.ensure_connection()
        self.connection = connection.connection


class JoinedSqlite(_Joined):
    vendor = "sqlite"

    def execute(self, sql: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.rowcount)

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        return pa.Table.from_batches(self.stream(sql, schema), schema)

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(schema)
        arrays = [pa.array(column) for column in columns]
        yield sqlite.cast(pa.RecordBatch.from_arrays(arrays, schema.names), schema)

    def append(self, table: str, rows: pa.Table) -> None:
        columns = [column.to_pylist() for column in sqlite.storable(rows).columns]
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        places = ", ".join(["%s"] * len(columns))
        with connection.cursor() as cursor:
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(zip(*columns, strict=True)))

    def stage(self, name: str, rows: pa.Table) -> None:
        columns = ", ".join(f'"{field.name}" {SQL_TYPES.get(field.type, "text")}' for field in rows.schema)
        self.execute(f'DROP TABLE IF EXISTS temp."{name}"')
        self.execute(f'CREATE TEMPORARY TABLE "{name}" ({columns})')
        self.append(name, rows)

    def reserve_ids(self, table: str, count: int) -> int:
        self.execute(
            f"INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', 0 "
            f"WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{table}')"
        )
        found = self.read(f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'", pa.schema([("seq", pa.int64())]))
        self.execute(f"UPDATE sqlite_sequence SET seq = seq + {int(count)} WHERE name = '{table}'")
        return int(found.column(0)[0].as_py()) + 1


def joined() -> JoinedPostgres | JoinedSqlite:
    """A bulk session within the running transaction."""
    return JoinedPostgres() if connection.vendor == "postgresql" else JoinedSqlite()
