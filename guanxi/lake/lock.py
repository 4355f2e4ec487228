"""One refresh (or learning) at a time, over all processes. The lock goes with its holder, however that ends."""

from __future__ import annotations

import fcntl
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection


@contextmanager
def held(wait: float = 0, name: str = "lake") -> Iterator[bool]:
    """Hold the lock `name` for the block; False where another process has it and does not let go in `wait` seconds."""
    with _on_postgres(name, wait) if connection.vendor == "postgresql" else _on_file(name, wait) as taken:
        yield taken


@contextmanager
def _on_postgres(name: str, wait: float) -> Iterator[bool]:
    import psycopg

    # A connection of its own: pooled or shared ones may be closed, or be in a transaction, while we work.
    params = connection.get_connection_params()
    known = {key: params[key] for key in ("dbname", "user", "password", "host", "port", "options") if params.get(key)}
    number = zlib.crc32(name.encode())
    with psycopg.connect(**known, autocommit=True) as holder:

        def take() -> bool:
            row = holder.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchone()
            return bool(row and row[0])

        taken = _patiently(take, wait)
        try:
            yield taken
        finally:
            if taken:  # now, and not when the server notices that we have gone
                holder.execute("SELECT pg_advisory_unlock(%s)", [number])


@contextmanager
def _on_file(name: str, wait: float) -> Iterator[bool]:
    path = Path(settings.GUANXI_HOME) / f"{name}.lock"
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
