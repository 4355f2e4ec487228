"""The floors of the commands: the barest way to do the same, in the same run, on the same database."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import duckdb


def copy_seconds(file: Path, database_url: str, scratch: Path) -> float:
    """Seconds to read a CSV file with DuckDB and put its rows as they are into one table with a primary key."""
    with duckdb.connect() as reader:
        started = time.perf_counter()
        rows = reader.execute(
            f"SELECT row_number() OVER () AS id, COLUMNS(*)::VARCHAR FROM read_csv('{file}', all_varchar = true)"
        )
        columns = [column[0] for column in rows.description or []]
        if database_url.startswith("postgres"):
            _into_postgres(rows, columns, database_url)
        else:
            _into_sqlite(rows, columns, scratch / "floor.sqlite3")
        return time.perf_counter() - started


def parquet_seconds(file: Path, scratch: Path) -> float:
    """Seconds to read a CSV file with DuckDB and write it as one Parquet file."""
    with duckdb.connect() as database:
        started = time.perf_counter()
        database.execute(f"COPY (SELECT * FROM read_csv('{file}')) TO '{scratch / 'floor.parquet'}' (FORMAT parquet)")
        return time.perf_counter() - started


def _into_sqlite(rows: duckdb.DuckDBPyConnection, columns: list[str], path: Path) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as target:
        target.execute("PRAGMA journal_mode = WAL")
        names = ", ".join(f'"{name}"' for name in columns[1:])
        target.execute(f"CREATE TABLE bare (id INTEGER PRIMARY KEY, {names})")
        marks = ", ".join("?" * len(columns))
        while batch := rows.fetchmany(100_000):
            target.executemany(f"INSERT INTO bare VALUES ({marks})", batch)
    path.unlink(missing_ok=True)


def _into_postgres(rows: duckdb.DuckDBPyConnection, columns: list[str], url: str) -> None:
    import psycopg

    with psycopg.connect(url) as target:
        names = ", ".join(f'"{name}" text' for name in columns[1:])
        target.execute(f"CREATE TEMPORARY TABLE bare (id bigint PRIMARY KEY, {names})")
        with target.cursor().copy("COPY bare FROM STDIN") as copy:
            while batch := rows.fetchmany(100_000):
                for row in batch:
                    copy.write_row(row)


def days_of_purchase_seconds(home: Path) -> float:
    """Seconds of DuckDB for every customer's days of purchase with their sums, from the lake's files."""
    from deltalake import DeltaTable

    files = DeltaTable(str(home / "lake" / "sales_line")).file_uris()
    with duckdb.connect() as database:
        started = time.perf_counter()
        database.read_parquet(files, hive_partitioning=True).aggregate(
            "party_id, day, sum(amount) AS amount", "party_id, day"
        ).to_arrow_table()
        return time.perf_counter() - started
