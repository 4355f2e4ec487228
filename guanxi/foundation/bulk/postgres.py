"""Bulk sessions on PostgreSQL: COPY in CSV, which every column type can read and write."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql as sqlc
from pyarrow import csv

from guanxi.foundation.connections import PLANNING

TYPES = {
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


class PostgresSession:
    vendor = "postgresql"

    def __init__(self, params: dict[str, Any]) -> None:
        names = ("dbname", "user", "password", "host", "port", "options")
        known = {name: params[name] for name in names if params.get(name)}
        known["dbname"] = known.get("dbname") or "postgres"
        self.connection = psycopg.connect(**known)
        settings = f"SET TIME ZONE 'UTC'; SET synchronous_commit = on; SET work_mem = '64MB'; {PLANNING}"
        self.connection.execute(settings.encode())
        self.connection.commit()

    def execute(self, sql: str) -> int:
        # Planned anew each time: what is staged under the same name is another set.
        return self.connection.execute(sql.encode(), prepare=False).rowcount

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        return pa.Table.from_batches(self.stream(sql, schema), _as_read(schema)).cast(schema)

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        wire = _as_read(schema)
        pieces: list[bytes] = []
        size = 0
        with self.connection.cursor().copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)".encode()) as copy:
            for piece in copy:
                pieces.append(bytes(piece))
                size += len(pieces[-1])
                if size > 16_000_000:
                    yield from _parse(pieces, wire)
                    pieces, size = [], 0
        yield from _parse(pieces, wire)

    def append(self, table: str, rows: pa.Table) -> None:
        columns = sqlc.SQL(", ").join(sqlc.Identifier(name) for name in rows.column_names)
        statement = sqlc.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv)").format(sqlc.Identifier(table), columns)
        options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
        with self.connection.cursor().copy(statement) as copy:
            for batch in rows.to_batches(max_chunksize=50_000):
                buffer = io.BytesIO()
                csv.write_csv(pa.Table.from_batches([_writable(batch)]), buffer, options)
                copy.write(buffer.getbuffer())

    def stage(self, name: str, rows: pa.Table) -> None:
        columns = ", ".join(f'"{field.name}" {_sql_type(field.type)}' for field in rows.schema)
        self.execute(f'DROP TABLE IF EXISTS pg_temp."{name}"')
        self.execute(f'CREATE TEMPORARY TABLE "{name}" ({columns})')
        self.append(name, rows)
        self.execute(f'ANALYZE "{name}"')

    def reserve_ids(self, table: str, count: int) -> int:
        # The lock keeps two sessions from taking the same block; single inserts only ever call nextval.
        self.execute(f"SELECT pg_advisory_xact_lock(hashtext('{table}'))")
        row = self.connection.execute(
            "SELECT setval(s, nextval(s) + %s) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS s) AS x",
            [max(count, 1) - 1, table],
        ).fetchone()
        assert row is not None
        return int(row[0]) - max(count, 1) + 1

    def begin(self) -> None:
        """Nothing to do: rows are locked as they are written."""

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()

    def close(self) -> None:
        self.connection.close()


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    return TYPES.get(kind, "text")


def _as_read(schema: pa.Schema) -> pa.Schema:
    """Booleans arrive as t and f, moments with an offset: types in which the CSV reader takes them."""
    moment = pa.timestamp("us", "UTC")
    return pa.schema([(f.name, moment if pa.types.is_timestamp(f.type) else f.type) for f in schema])


def _parse(pieces: list[bytes], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    if not pieces:
        return
    table = csv.read_csv(
        pa.BufferReader(b"".join(pieces)),
        read_options=csv.ReadOptions(column_names=schema.names, block_size=32_000_000),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={f.name: f.type for f in schema},
            null_values=[""],
            quoted_strings_can_be_null=False,
            strings_can_be_null=True,
            true_values=["t"],
            false_values=["f"],
            timestamp_parsers=["%Y-%m-%d %H:%M:%S%z", csv.ISO8601],
        ),
    )
    yield from table.to_batches()


def _writable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Dictionary columns and the like as plain ones, which the CSV writer knows."""
    arrays = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
