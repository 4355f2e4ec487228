"""The database as it is at one moment, written into an archive while everybody goes on working.

On SQLite the file is copied page by page under one reading transaction. On PostgreSQL each table is copied out in one
repeatable-read transaction, by COPY through the driver, so that no other program is needed.
"""

from __future__ import annotations

import selectors
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import psycopg
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks.running import progress
from guanxi.operations.backup.archive import AT_ONCE, Writer

# Rows that live no longer than the processes and sessions of the moment: tables are restored empty.
PASSING = ("django_session", "cache", "tasks_worker")
# Columns that hold numbers of transactions, which mean nothing in another cluster: kept as distances from the snapshot,
# so that all of them lie below whatever the other cluster counts (ledger/reading.py).
TRANSACTIONS = {"ledger_event": "transaction", "ledger_readercursor": "mark"}
# The same where there is no order to be kept: what came with a backup is settled.
SETTLED = {"foundation_auditentry": "transaction"}
PAGES = 2_000  # copied at a time, between which progress is told


class Snapshot(Protocol):
    """One moment of the database."""

    told: dict[str, Any]  # what the archive's first part says of it

    def write(self, archive: Writer) -> dict[str, int]:
        """Put the database into the archive; the rows of each table."""


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """The database as it is now, for the length of the block."""
    if connection.vendor == "sqlite":
        with _of_sqlite() as taken:
            yield taken
    else:
        with postgres(connection.get_connection_params()) as link:
            link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield _Postgres(link)


def applied(rows: list[tuple[str, str]]) -> list[list[str]]:
    """The applied migrations as the archive tells them."""
    return [[app, name] for app, name in rows]


# SQLite -------------------------------------------------------------------------------------------------------------


class _Sqlite:
    def __init__(self, source: sqlite3.Connection) -> None:
        self.source = source
        source.execute("BEGIN")  # a reading transaction: all that follows is of one moment
        rows = source.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        self.told = {"vendor": "sqlite", "migrations": applied(rows)}

    def write(self, archive: Writer) -> dict[str, int]:
        scratch = Path(settings.GUANXI_HOME) / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        copy = scratch / f"backup-{id(self)}.sqlite3"
        try:
            copy_file(self.source, copy)
            counts = _tidied(copy)
            with copy.open("rb") as file:
                archive.add_stream("database/guanxi.sqlite3", file, copy.stat().st_size)
        finally:
            copy.unlink(missing_ok=True)
        return counts


def copy_file(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database while others read and write it. Raises Refused where there is no room for it."""
    (pages,), (size,) = (source.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    require_room(target.parent, pages * size)
    with sqlite3.connect(target) as copy:
        copy.execute("PRAGMA journal_mode=OFF")
        copy.execute("PRAGMA synchronous=OFF")
        label = _("Copying the database")
        source.backup(copy, pages=PAGES, progress=lambda _state, left, total: progress(total - left, total, label))
    copy.close()


def require_room(folder: Path, size: int) -> None:
    """Raise Refused where the disk of `folder` has not `size` bytes free."""
    import shutil

    free = shutil.disk_usage(folder).free
    if free < size * 1.05:
        raise Refused(
            _("%(folder)s has %(free)s MB free, and %(needed)s MB are needed. Make room and try again.")
            % {"folder": folder, "free": f"{free / 1e6:,.0f}", "needed": f"{size * 1.05 / 1e6:,.0f}"}
        )


def _tidied(copy: Path) -> dict[str, int]:
    """Take passing rows out of a copy, make one file of it; the rows of each table."""
    link = sqlite3.connect(copy, isolation_level=None)
    try:
        link.execute("PRAGMA secure_delete=ON")
        link.execute("PRAGMA journal_mode=DELETE")
        names = [
            name
            for name, text in link.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
            if not name.startswith(("sqlite_", "search_index_")) and "VIRTUAL" not in text.upper().split("(")[0]
        ]
        for name in PASSING:
            if name in names:
                link.execute(f'DELETE FROM "{name}"')
        return {name: link.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(names)}
    finally:
        link.close()


@contextmanager
def _of_sqlite() -> Iterator[_Sqlite]:
    source = sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True, isolation_level=None)
    try:
        source.execute("PRAGMA busy_timeout=30000")
        yield _Sqlite(source)
    finally:
        source.close()


# PostgreSQL ---------------------------------------------------------------------------------------------------------


@contextmanager
def postgres(params: dict[str, Any], **more: Any) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own to the database that Django uses."""
    names = ("dbname", "user", "password", "host", "port", "options", "sslmode")
    known = {name: params[name] for name in names if params.get(name)} | more
    known["dbname"] = known.get("dbname") or "postgres"
    with psycopg.connect(**known) as link:
        yield link


def columns_of(link: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """The tables of the schema in use, each with the columns that are stored (and not generated)."""
    found: dict[str, list[str]] = {}
    for table, column in link.execute(
        """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
           WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
             AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
           ORDER BY c.relname, a.attnum"""
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


class _Postgres:
    def __init__(self, link: psycopg.Connection[Any]) -> None:
        self.link = link
        rows = link.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        (mark,) = cast(
            "tuple[int]", link.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
        )
        self.tables = {name: columns for name, columns in columns_of(link).items() if name not in PASSING}
        self.mark = mark
        self.told = {
            "vendor": "postgresql",
            "migrations": applied(rows),
            "mark": mark,
            "tables": self.tables,
            "sequences": self._sequences(),
        }

    def _sequences(self) -> list[list[Any]]:
        """Table, column and last number of each sequence that a column owns; 0 of one that begins with 1."""
        found = self.link.execute(
            """SELECT t.relname, a.attname, s.seqrelid::regclass::text FROM pg_sequence s
               JOIN pg_depend d ON d.objid = s.seqrelid AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass
               JOIN pg_class t ON t.oid = d.refobjid AND t.relnamespace = current_schema()::regnamespace
               JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid ORDER BY 1, 2"""
        ).fetchall()
        sequences = []
        for table, column, name in found:
            query = sql.SQL("SELECT last_value - (NOT is_called)::int FROM {}")
            row = self.link.execute(query.format(sql.SQL(cast("Any", name)))).fetchone()
            sequences.append([table, column, row[0] if row else 0])
        return sequences

    def write(self, archive: Writer) -> dict[str, int]:
        counts: dict[str, int] = {}
        for number, (table, columns) in enumerate(self.tables.items()):
            progress(number, len(self.tables), _("Copying the database"))
            chosen = sql.SQL(", ").join(self._expression(table, column) for column in columns)
            statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(chosen, sql.Identifier(table))
            copy = _Copy(self.link, statement)
            archive.add_pieces(f"database/{table}", copy.pieces())
            counts[table] = copy.rows
        return counts

    def _expression(self, table: str, column: str) -> sql.Composable:
        if SETTLED.get(table) == column:
            return sql.SQL("NULL")
        if TRANSACTIONS.get(table) != column:
            return sql.Identifier(column)
        return sql.SQL("{} - {}").format(sql.Identifier(column), sql.Literal(self.mark))


class _Copy:
    """What COPY says, row upon row, straight from libpq: the driver's own way costs each row as much as the rest of it
    together."""

    def __init__(self, link: psycopg.Connection[Any], statement: sql.Composable) -> None:
        self.pgconn = link.pgconn
        self.rows = 0
        self._check(self.pgconn.exec_(statement.as_bytes(link)), ExecStatus.COPY_OUT)

    def pieces(self) -> Iterator[bytes]:
        """Whole rows, about `AT_ONCE` bytes each time."""
        held = bytearray()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.pgconn.socket, selectors.EVENT_READ)
            while (answer := self.pgconn.get_copy_data(1))[0] >= 0:
                size, row = answer
                if not size:  # nothing more has arrived
                    waiting.select()
                    self.pgconn.consume_input()
                    continue
                held += row
                if len(held) >= AT_ONCE:
                    progress()  # where a cancelled task ends
                    yield bytes(held)
                    held.clear()
        if held:
            yield bytes(held)
        self.rows = self._check(self.pgconn.get_result(), ExecStatus.COMMAND_OK).command_tuples or 0
        self.pgconn.get_result()  # there is none: the end

    def _check(self, result: PGresult | None, wanted: ExecStatus) -> PGresult:
        if result is None or result.status != wanted:
            raise psycopg.OperationalError(self.pgconn.get_error_message())
        return result
