"""Arrow in and out of the operational database, set-based: no object per row.

::

    with bulk.session() as db:                      # one connection, one transaction at a time
        db.stage("incoming", table)                 # a temporary table
        known = db.read("SELECT ...", schema)       # Arrow, in the types of `schema`
        first = db.reserve_ids("orders_order", n)
        db.append("orders_order", rows)             # column names of `rows` are those of the table
        db.execute("UPDATE ...")
        db.commit()

Leaving the block without `commit` rolls back. A session has a connection of its own: it does not see what an open
Django transaction has not committed. On PostgreSQL it speaks COPY through psycopg; on SQLite it runs ADBC in a child
process, because two copies of the SQLite library in one process break each other's locks
(docs/decisions/0004-bulk-sessions.md). SQL must be what both understand; where they differ, `db.vendor` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the child process imports this package too, and must start fast
    import pyarrow as pa


class BulkSession(Protocol):
    """What both databases offer."""

    vendor: str

    def execute(self, sql: str) -> int:
        """Run one statement; the number of rows it touched (-1 where unknown)."""

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        """All rows of a query, its columns by position in the names and types of `schema`."""

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows of a query in batches, memory flat."""

    def append(self, table: str, rows: pa.Table) -> None:
        """Append `rows` to a table; columns by name. Raises the database's error, transaction aborted."""

    def stage(self, name: str, rows: pa.Table) -> None:
        """Put `rows` into a new temporary table of this session, replacing one of that name."""

    def reserve_ids(self, table: str, count: int) -> int:
        """The first of `count` consecutive ids that nobody else will use; starts the write transaction."""

    def begin(self) -> None:
        """Take the write lock now (SQLite), so that what is read next cannot change before it is written."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


def append_with_ids(db: BulkSession, table: str, rows: pa.Table) -> pa.Array:
    """Append rows under ids reserved for them; the ids in the order of the rows."""
    import pyarrow as pa

    first = db.reserve_ids(table, rows.num_rows)
    ids = pa.array(range(first, first + rows.num_rows), pa.int64())
    db.append(table, rows.add_column(0, "id", ids))
    return ids


def last_id(db: BulkSession, table: str) -> int:
    """The last id that anybody took for a row of this table, whether or not it is to be seen; 0 where none was."""
    import pyarrow as pa

    if db.vendor == "postgresql":
        sql = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table}_id_seq"
    else:
        sql = f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'"
    found = db.read(sql, pa.schema([("id", pa.int64())]))
    return int(found.column(0)[0].as_py()) if found.num_rows else 0


def read_beside(db: BulkSession, name: str, keys: pa.Table, sql: str, schema: pa.Schema) -> pa.Table:
    """The rows of a query over `keys`, staged under `name`; without keys none, and the database is not asked."""
    if not keys.num_rows:
        return schema.empty_table()
    db.stage(name, keys)
    return db.read(sql, schema)


@contextmanager
def session(*, behind: bool = False) -> Iterator[BulkSession]:
    """A bulk session on the default database; rolled back and closed at the end of the block.

    `behind`: appends return at once and are written by a thread; their errors are raised by a later call.
    """
    from django.db import connection

    opened: BulkSession
    if connection.vendor == "postgresql":
        from guanxi.foundation.bulk.postgres import PostgresSession

        opened = PostgresSession(connection.get_connection_params())
    else:
        from guanxi.foundation.bulk.sqlite import SqliteSession

        opened = SqliteSession(str(connection.settings_dict["NAME"]))
    if behind:
        from guanxi.foundation.bulk.behind import WriteBehind

        opened = WriteBehind(opened)
    try:
        yield opened
    finally:
        opened.close()


def be_ready() -> None:
    """Prepare the next session, in a process that writes small sets again and again (a server of programs)."""
    from django.db import connection

    if connection.vendor == "sqlite":
        from guanxi.foundation.bulk import processes

        processes.keep_one_ready()
