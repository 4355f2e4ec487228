"""How many statements something asks of the database."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def statements(work: Callable[[], object]) -> int:
    """The fewest statements of three goes, after one that fills what is remembered.

    The fewest, for now and then a request also notes something of its own: that a session is in use, say.
    """
    work()
    return min(_once(work) for _again in range(3))


def _once(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        work()
    print(*(one["sql"] for one in queries), sep="\n")  # shown where the test fails
    return len(queries)
