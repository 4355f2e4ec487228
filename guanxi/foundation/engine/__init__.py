"""The engine that answers questions: Ibis expressions, run by DuckDB in this process or by a Spark cluster.

`GUANXI_ENGINE` names it: `duckdb`, or the address of a Spark master, `spark://host:7077`. This package is the one place
that knows which it is; what is asked must run on both alike (docs/develop/engines.md).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends import BaseBackend

_local = threading.local()


class _Engine(Protocol):
    """What a module for one engine brings."""

    def connect(self) -> BaseBackend: ...
    def alive(self, backend: BaseBackend) -> bool: ...
    def unreadable(self) -> tuple[type[Exception], ...]: ...
    def read_parquet(
        self, backend: Any, name: str, files: Sequence[str], schema: pa.Schema, dataset: Callable[[], Any]
    ) -> ir.Table: ...
    def keep(self, backend: Any, name: str, rows: pa.Table) -> ir.Table: ...


def connect() -> BaseBackend:
    """This thread's Ibis backend; made once, then the same. Raises ImproperlyConfigured where there can be none."""
    engine, key = _engine(), (os.getpid(), settings.GUANXI_ENGINE)
    made: dict[tuple[int, str], BaseBackend] = _local.__dict__.setdefault("made", {})
    if key not in made or not engine.alive(made[key]):
        made[key] = engine.connect()
    return made[key]


def read_parquet(name: str, files: Sequence[str], schema: pa.Schema, dataset: Callable[[], Any]) -> ir.Table:
    """The view `name` of Parquet files, made or made anew: the columns of `schema` that stand in the files.

    `files` are paths or URLs. Of files behind a URL, an engine that cannot reach them itself reads `dataset()`, a
    dataset of Arrow. Raises what `unreadable` names.
    """
    return _engine().read_parquet(connect(), name, files, schema, dataset)


def empty(name: str, schema: pa.Schema) -> ir.Table:
    """A table without rows, its name beginning with `name`."""
    return _engine().keep(connect(), f"{name}_{time.monotonic_ns()}", schema.empty_table())


def memory(rows: pa.Table) -> ir.Table:
    """Rows in memory, to be joined with tables of the engine; they are given up with the expression."""
    import ibis

    return ibis.memtable(rows)


def unreadable() -> tuple[type[Exception], ...]:
    """What the engine raises where a file is gone or damaged."""
    return _engine().unreadable()


def _engine() -> _Engine:
    name = settings.GUANXI_ENGINE
    if name == "duckdb":
        from guanxi.foundation.engine import on_duckdb

        return on_duckdb
    if name.startswith("spark://"):
        from guanxi.foundation.engine import on_spark

        return on_spark
    raise ImproperlyConfigured(
        f"GUANXI_ENGINE is “{name}”; it can be duckdb, or the address of a Spark master such as spark://10.0.0.5:7077."
    )
