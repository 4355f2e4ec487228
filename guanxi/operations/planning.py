"""What SQLite plans by: how many rows the values of each index have. PostgreSQL keeps that up by itself.

Without it SQLite guesses: among a million deals a board of one's own took six seconds that takes eighty milliseconds.
Counted index by index, so that writers wait for no longer than one takes, and anew only where a table has become twice
or half as large. Connections learn of it when they are opened, a minute later at the latest.
"""

from __future__ import annotations

from django.db import connection

from guanxi.foundation import tasks

LEAST = 10_000  # rows of a table; of fewer every plan is short
GROWN = 2  # times as many rows as were counted, or as few
# Plans that try each value of a first column in turn are short by these figures, and long wherever it has many more.
NO_SKIPPING = " noskipscan"


def outdated() -> list[str]:
    """The tables of which too much is not known, by name; none on other databases."""
    if connection.vendor != "sqlite":
        return []
    known = _counted()
    return [
        name
        for name in connection.introspection.django_table_names(only_existing=True)
        # The number of the newest row is found at once; of a table that lost most of them it says too much.
        if _needs(_one(f'SELECT max(rowid) FROM "{name}"'), known.get(name, 0))
        and _needs(_one(f'SELECT count(*) FROM "{name}"'), known.get(name, 0))
    ]


def is_outdated() -> bool:
    """Whether there is any."""
    return bool(outdated())


def count(tables: list[str]) -> int:
    """Count the values of all indexes of these tables; the number of indexes."""
    indexes = [(table, index) for table in tables for index in _indexes(table)]
    for done, (table, index) in enumerate(indexes):
        tasks.progress(done, len(indexes), table)
        with connection.cursor() as cursor:
            cursor.execute(f'ANALYZE "{index}"')
            cursor.execute(
                "UPDATE sqlite_stat1 SET stat = stat || %s WHERE idx = %s AND instr(stat, %s) = 0",
                [NO_SKIPPING, index, NO_SKIPPING],
            )
    if indexes:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE sqlite_schema")  # read by this connection, and none counted
    return len(indexes)


def _needs(rows: int, counted: int) -> bool:
    """Whether so many rows are too many or too few for what was counted."""
    return rows >= LEAST and not (counted <= rows * GROWN and rows <= counted * GROWN)


def _one(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0] or 0)


def _counted() -> dict[str, int]:
    """How many rows each table had when it was counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
        if cursor.fetchone() is None:
            return {}
        cursor.execute("SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl")
        return dict(cursor.fetchall())


def _indexes(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f'PRAGMA index_list("{table}")')
        return [str(row[1]) for row in cursor.fetchall()]
