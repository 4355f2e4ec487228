"""One refresh at a time, over all processes. The lock goes with its holder, however that ends."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

NUMBER = 0x6C616B65  # of the advisory lock on PostgreSQL


@contextmanager
def held(wait: float = 0) -> Iterator[bool]:
    """Hold the lake's lock for the block; False where another process has it and does not let go in `wait` seconds."""
    with _on_postgres(wait) if connection.vendor == "postgresql" else _on_file(wait) as taken:
        yield taken


@contextmanager
def _on_postgres(wait: float) -> Iterator[bool]:
    import psycopg

    # A connection of its own: pooled or shared ones may be closed, or be in a transaction, while we work.
    params = connection.get_connection_params()
    known = {key: params[key] for key in ("dbname", "user", "password", "host", "port", "options") if params.get(key)}
    with psycopg.connect(**known, autocommit=True) as holder:

        def take() -> bool:
            row = holder.execute("SELECT pg_try_advisory_lock(%s)", [NUMBER]).fetchone()
            return bool(row and row[0])

        taken = _patiently(take, wait)
        try:
            yield taken
        finally:
            if taken:  # now, and not when the server notices that we have gone
                holder.execute("SELECT pg_advisory_unlock(%s)", [NUMBER])


@contextmanager
def _on_file(wait: float) -> Iterator[bool]:
    path = Path(settings.GUANXI_HOME) / "lake.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:

        def take() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield _patiently(take, wait)


def _patiently(take, wait: float) -> bool:  # type: ignore[no-untyped-def]
    until = time.monotonic() + wait
    while not (taken := take()) and time.monotonic() < until:
        time.sleep(0.2)
    return bool(taken)
