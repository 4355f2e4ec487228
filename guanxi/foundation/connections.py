"""What a connection to the database is told when it is made."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# For PostgreSQL's planner. It is not to compile plans (JIT): what rights add to a page's questions, and what is staged
# without statistics, looks so dear that it spends seconds on compiling what then runs for milliseconds. And a page far
# away costs no more than the next: what is walked is nearly always in memory, and disks have no head any more that
# moves; else it prefers to read through all rows to finding a thousand by their index.
PLANNING = "SET jit = off; SET random_page_cost = 1.1"


def prepare(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Tell PostgreSQL's planner what to go by; not when connecting, which poolers refuse."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(PLANNING)
