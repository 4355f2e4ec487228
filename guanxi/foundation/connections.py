"""What a connection to the database is told when it is made."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def prepare(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """On PostgreSQL do not compile plans (JIT): what rights add to a page's questions looks so dear to the planner that
    it spends seconds on compiling what then runs for milliseconds. And a page far away costs no more than the next:
    what is walked is nearly always in memory, and disks have no head any more that moves; else the planner prefers to
    read through all rows to finding a thousand by their index. Not said when connecting: poolers refuse that."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off; SET random_page_cost = 1.1")
