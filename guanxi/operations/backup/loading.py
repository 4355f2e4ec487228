"""A PostgreSQL database filled from an archive, in a schema of its own beside the one in use.

The schema is that of the backup: the migrations that it had are applied, rows come in by COPY without indexes and
foreign keys, which are made afterwards; then the migrations that it lacks follow. Nobody sees anything of it before
`swap` gives it the name of the old one, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
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
AT_ONCE = 2  # indexes made at a time


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


class Load:
    """The rows of an archive on their way into the staged schema."""

    def __init__(self, about: dict[str, Any], link: psycopg.Connection[Any]) -> None:
        self.about, self.link = about, link
        self.known = snapshots.columns_of(link)
        self.counts: dict[str, int] = {}
        self._table = ""
        self._open = ExitStack()  # the COPY under way
        self._copy: Any = None
        self._cursor = link.cursor()
        names = sql.SQL(", ").join(sql.Identifier(name) for name in self.known)
        link.execute("SET synchronous_commit = off")
        self._each("DISABLE TRIGGER USER")  # those that keep the audit log as it is, say
        self._each("SET (autovacuum_enabled = false)")  # else `finish` waits for what it does slowly
        link.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        self._later = _take_off(link)

    def _each(self, what: str) -> None:
        for name in self.known:
            self.link.execute(sql.SQL(f"ALTER TABLE {{}} {what}").format(sql.Identifier(name)))

    def take(self, table: str, content: IO[bytes]) -> None:
        """One piece of a table; the pieces come in their order."""
        if table != self._table:
            self._end()
            self._begin(table)
        while self._copy is not None and (piece := content.read(1 << 20)):
            self._copy.write(piece)

    def _begin(self, table: str) -> None:
        self._table = table
        if table not in self.known:  # of somebody else, beside our tables
            return
        columns = sql.SQL(", ").join(sql.Identifier(name) for name in self.about["tables"][table])
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
        self._copy = self._open.enter_context(self._cursor.copy(statement))

    def _end(self) -> None:
        self._open.close()
        if self._copy is not None:
            self.counts[self._table] = self._cursor.rowcount
        self._open, self._copy = ExitStack(), None

    def finish(self, rows: dict[str, int]) -> None:
        """Make indexes and foreign keys, set the sequences. Raises Damaged where rows are missing."""
        self._end()
        for table, count in self.counts.items():
            if rows.get(table) != count:
                raise Damaged(
                    _("%(table)s has %(found)s rows in the backup, %(wanted)s were written.")
                    % {"table": table, "found": count, "wanted": rows.get(table)}
                )
        self._each("ENABLE TRIGGER USER")
        for table, column, last in self.about["sequences"]:
            if table in self.known and last:
                self.link.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [f'"{table}"', column, last])
        self.link.commit()
        indexes, references = self._later
        for number, _done in enumerate(_beside(indexes)):
            progress(number + 1, len(indexes), _("Making the indexes"))
        for number, statement in enumerate(references):
            progress(number, len(references), _("Checking the references"))
            self.link.execute(sql.SQL(statement))
        self.link.commit()
        self.link.autocommit = True
        for name in self.known:
            self.link.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
        self._each("RESET (autovacuum_enabled)")


def _take_off(link: psycopg.Connection[Any]) -> tuple[list[str], list[str]]:
    """Drop foreign keys, unique constraints and indexes; the statements that make them again."""
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
    again = {"u": [], "f": []}  # type: dict[str, list[str]]
    for table, name, definition, kind in constraints:
        again[kind].append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    return [*again["u"], *[definition for _name, definition in indexes]], again["f"]


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
            yield Load(about, link)
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
