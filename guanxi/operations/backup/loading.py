"""A PostgreSQL database filled from an archive, in a schema of its own beside the one in use.

The schema is that of the backup: the migrations that it had are applied, rows come in by COPY without indexes and
foreign keys, which are made afterwards; then the migrations that it lacks follow. Nobody sees anything of it before
`swap` gives it the name of the old one, in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, groupby
from queue import Queue
from threading import Thread
from typing import IO, Any, cast

import psycopg
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from psycopg import sql

from guanxi.foundation.tasks.running import progress
from guanxi.operations.backup import snapshots
from guanxi.operations.backup.archive import Damaged

STAGED = "guanxi_restoring"
AT_ONCE = 2  # connections that load rows, make indexes and check references side by side


def unknown_migrations(applied: list[list[str]]) -> list[str]:
    """Those of the applied migrations that this program does not have: a newer one made them."""
    loader = _loader()
    ours = {app for app, _name in loader.disk_migrations}
    return [f"{app}.{name}" for app, name in applied if app in ours and (app, name) not in loader.disk_migrations]


def _loader() -> Any:
    from django.db.migrations.loader import MigrationLoader

    return MigrationLoader(None)


def targets(applied: list[list[str]]) -> list[tuple[str, str]]:
    """The last applied migrations of each package."""
    loader = _loader()
    known = {(app, name) for app, name in applied if (app, name) in loader.disk_migrations}
    last = []
    for node in sorted(known):
        children = {child.key for child in loader.graph.node_map[node].children}
        if not {child for child in children & known if child[0] == node[0]}:
            last.append(node)
    return last


class Lane:
    """One connection through which rows come in, worked by a thread of its own."""

    def __init__(self, columns: dict[str, list[str]]) -> None:
        self._columns, self._params = columns, connection.get_connection_params()
        self.counts: Counter[str] = Counter()
        # One piece waits while another is written: memory stays flat.
        self._pieces: Queue[tuple[str, bytes] | None] = Queue(1)
        self._ended = False
        self._fault: BaseException | None = None
        self._thread = Thread(target=self._work, name="load", daemon=True)
        self._thread.start()

    def give(self, table: str, piece: bytes) -> None:
        """Let whole rows of a table be written."""
        self._pieces.put((table, piece))
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        """Wait until all is written."""
        self.leave()
        if self._fault is not None:
            raise self._fault

    def leave(self) -> None:
        """End the thread, whatever became of its work."""
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _work(self) -> None:
        try:
            with snapshots.postgres(self._params) as link:
                link.execute("SET synchronous_commit = off")
                for table, pieces in groupby(self._given(), key=lambda one: one[0]):
                    self._write(link, table, (piece for _table, piece in pieces))
        except BaseException as error:  # noqa: BLE001  raised again by whoever gives more
            self._fault = error
            for _unwanted in self._given():
                pass

    def _given(self) -> Iterator[tuple[str, bytes]]:
        while not self._ended:
            one = self._pieces.get()
            self._ended = one is None
            if one is not None:
                yield one

    def _write(self, link: psycopg.Connection[Any], table: str, pieces: Iterable[bytes]) -> None:
        columns = sql.SQL(", ").join(sql.Identifier(name) for name in self._columns[table])
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
        with link.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for piece in pieces:
                    copy.write(piece)
            self.counts[table] += cursor.rowcount


class Load:
    """The rows of an archive on their way into the staged schema."""

    def __init__(self, about: dict[str, Any], link: psycopg.Connection[Any]) -> None:
        self.about, self.link = about, link
        self.known = snapshots.columns_of(link)
        names = sql.SQL(", ").join(sql.Identifier(name) for name in self.known)
        link.execute("SET synchronous_commit = off")
        self._each("DISABLE TRIGGER USER")  # those that keep the audit log as it is, say
        self._each("SET (autovacuum_enabled = false)")  # else `finish` waits for what it does slowly
        link.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        self._later = _take_off(link)
        link.commit()
        self._lanes = [Lane(about["tables"]) for _number in range(AT_ONCE)]
        self._turns = cycle(self._lanes)

    def _each(self, what: str) -> None:
        for name in self.known:
            self.link.execute(sql.SQL(f"ALTER TABLE {{}} {what}").format(sql.Identifier(name)))

    def take(self, table: str, content: IO[bytes]) -> None:
        """One piece of a table: whole rows, as they were copied out."""
        if table in self.known:  # else of somebody else, beside our tables
            next(self._turns).give(table, content.read())

    def leave(self) -> None:
        """Write no more: all is done, or was broken off."""
        for lane in self._lanes:
            lane.leave()

    def finish(self, rows: dict[str, int]) -> None:
        """Make indexes and foreign keys, set the sequences. Raises Damaged where rows are missing."""
        for lane in self._lanes:
            lane.close()
        counts = sum((lane.counts for lane in self._lanes), Counter[str]())
        for table in self.known.keys() & rows.keys():
            if rows[table] != counts[table]:
                raise Damaged(
                    _("%(table)s has %(found)s rows in the backup, %(wanted)s were written.")
                    % {"table": table, "found": counts[table], "wanted": rows[table]}
                )
        self._each("ENABLE TRIGGER USER")
        for table, column, last in self.about["sequences"]:
            if table in self.known:
                following = [f'"{table}"', column, last + 1]
                self.link.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s, false)", following)
        self.link.commit()
        indexes, references = self._later
        _all_beside(indexes, _("Making the indexes"))
        for table, name, definition in references:
            self.link.execute(sql.SQL(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID"))
        self.link.commit()
        # One of these only holds its own table, so that they never wait for each other in a circle.
        checks = [f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}" for table, name, _definition in references]
        counting = [f'ANALYZE "{name}"' for name in self.known]
        _all_beside([*checks, *counting], _("Checking the references"))
        self._each("RESET (autovacuum_enabled)")
        self.link.commit()


def _all_beside(statements: list[str], label: str) -> None:
    for number, _done in enumerate(_beside(statements)):
        progress(number + 1, len(statements), label)


def _take_off(link: psycopg.Connection[Any]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Drop foreign keys, unique constraints and indexes; the statements that make the two latter again, and of the
    first table, name and definition."""
    constraints = link.execute(
        """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid), contype FROM pg_constraint
           WHERE connamespace = current_schema()::regnamespace AND contype IN ('f', 'u') ORDER BY contype, conname"""
    ).fetchall()
    for table, name, _definition, _kind in constraints:
        link.execute(sql.SQL(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    indexes = link.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
           JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace
           AND NOT EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conindid = i.indexrelid)
           ORDER BY pg_relation_size(i.indrelid) DESC"""
    ).fetchall()
    for name, _definition in indexes:
        link.execute(sql.SQL(f"DROP INDEX {name}"))
    once = [
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
        for table, name, definition, kind in constraints
        if kind == "u"
    ]
    references = [(table, name, definition) for table, name, definition, kind in constraints if kind == "f"]
    return [*once, *[definition for _name, definition in indexes]], references


def _beside(statements: list[str]) -> Iterator[str]:
    """Run statements that do not touch each other, some at a time, the largest tables first."""
    params = connection.get_connection_params()

    def run(statement: str) -> str:
        with snapshots.postgres(params, autocommit=True) as link:
            link.execute("SET maintenance_work_mem = '512MB'")
            link.execute(sql.SQL(cast("Any", statement)))
        return statement

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(run, statements)


@contextmanager
def staged() -> Iterator[None]:
    """Django works in the staged schema for the length of the block."""
    options = connection.settings_dict["OPTIONS"]
    before = options.get("options")
    connection.close()
    options["options"] = f"{before or ''} -c search_path={STAGED}".strip()
    try:
        yield
    finally:
        connection.close()
        options.pop("options")
        if before:
            options["options"] = before


@contextmanager
def loading(about: dict[str, Any]) -> Iterator[Load]:
    """An empty database of the backup's age in the staged schema, filled by the block, then brought up to date."""
    drop_staged()
    with snapshots.postgres(connection.get_connection_params(), autocommit=True) as link:
        link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(STAGED)))
    with staged():
        progress(message=_("Making the tables"))
        MigrationExecutor(connection).migrate(targets(about["migrations"]))
        call_command("createcachetable", verbosity=0)
        with snapshots.postgres(connection.get_connection_params()) as link:
            load = Load(about, link)
            try:
                yield load
            finally:
                load.leave()
        call_command("migrate", verbosity=0, interactive=False)


def drop_staged() -> None:
    """Take away what a restore that was broken off left."""
    drop(STAGED)


def drop(schema: str) -> None:
    """Take a schema away, where it is there."""
    with snapshots.postgres(connection.get_connection_params(), autocommit=True) as link:
        link.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def swap(aside: str) -> None:
    """Give the staged schema the name of the one in use, which is kept as `aside`; both or neither."""
    with snapshots.postgres(connection.get_connection_params()) as link:
        row = link.execute("SELECT current_schema()").fetchone()
        there = link.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [STAGED]).fetchone()
        if there is None:
            return  # done before we were broken off
        name = sql.Identifier(row[0] if row and row[0] else "public")
        link.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(name, sql.Identifier(aside)))
        link.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(STAGED), name))
        link.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO PUBLIC").format(name))
        link.commit()
