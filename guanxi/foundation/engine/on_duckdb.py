"""DuckDB in this process: one database for all threads, and for each thread a connection of its own into it, for a
connection runs one query at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends import BaseBackend

_lock = threading.Lock()
_root: duckdb.DuckDBPyConnection | None = None
_owner = 0


def connect() -> BaseBackend:
    """A new connection into the process's database."""
    import ibis

    backend: BaseBackend = ibis.duckdb.from_connection(_database().cursor())
    return backend


def alive(backend: BaseBackend) -> bool:
    """A database within the process does not go away."""
    return True


def unreadable() -> tuple[type[Exception], ...]:
    """What DuckDB raises where a file is gone or damaged."""
    import duckdb

    return (duckdb.IOException, duckdb.InvalidInputException)


def read_parquet(
    backend: Any, name: str, files: Sequence[str], schema: pa.Schema, dataset: Callable[[], Any]
) -> ir.Table:
    """A view of the files; what stands behind a URL is read through Arrow, for DuckDB would need an extension."""
    if any("://" in file for file in files):
        view = keep(backend, name, dataset())
    else:
        view = backend.read_parquet(list(files), table_name=name, hive_partitioning=False)
    return view.select([column for column in schema.names if column in view.columns])


def keep(backend: Any, name: str, rows: Any) -> ir.Table:
    """Rows of Arrow as the table `name`, seen by this connection alone."""
    backend.con.register(name, rows)
    table: ir.Table = backend.table(name)
    return table


def _database() -> duckdb.DuckDBPyConnection:
    """The process's one database; after a fork, a new one."""
    global _root, _owner
    with _lock:
        if _root is None or _owner != os.getpid():
            _root, _owner = _open(), os.getpid()
        return _root


def _open() -> duckdb.DuckDBPyConnection:
    import duckdb

    scratch = Path(settings.GUANXI_HOME) / "scratch"
    database = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,  # nothing is fetched from a network behind our back
            "autoload_known_extensions": False,
            "temp_directory": str(scratch),
        },
    )
    database.execute("SET parquet_metadata_cache = true")
    return database
