"""The engine that answers questions: Ibis expressions, run by DuckDB in this process.

`GUANXI_ENGINE` names the engine; this is the one place that knows which it is. There is one DuckDB per process, and
each thread has a connection of its own into it, for a connection runs one query at a time.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    import duckdb
    from ibis.backends import BaseBackend

_lock = threading.Lock()
_local = threading.local()
_root: duckdb.DuckDBPyConnection | None = None
_owner = 0


def connect() -> BaseBackend:
    """This thread's Ibis backend; made once, then the same. Raises ImproperlyConfigured for an unknown engine."""
    if settings.GUANXI_ENGINE != "duckdb":
        raise ImproperlyConfigured(f"GUANXI_ENGINE is “{settings.GUANXI_ENGINE}”; this version knows only duckdb.")
    if getattr(_local, "process", None) != os.getpid():
        _local.process, _local.backend = os.getpid(), _new_backend()
    backend: BaseBackend = _local.backend
    return backend


def unreadable() -> tuple[type[Exception], ...]:
    """What the engine raises where a file is gone or damaged."""
    import duckdb

    return (duckdb.IOException, duckdb.InvalidInputException)


def _new_backend() -> BaseBackend:
    import ibis

    backend: BaseBackend = ibis.duckdb.from_connection(_database().cursor())
    return backend


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
