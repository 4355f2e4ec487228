"""Operations for migrations of tables that grow: on PostgreSQL they work beside everybody who reads and writes.

The migration needs `atomic = False`. Broken off and begun again, they go on: what a former attempt left half made is
taken away first. `tests/test_migrations.py` holds that large tables are changed by these.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

Editor = BaseDatabaseSchemaEditor


class AddIndex(migrations.AddIndex):
    """An index made while others write (CREATE INDEX CONCURRENTLY); on SQLite an index like any other."""

    atomic = False

    def database_forwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Make the index, anew where a former attempt left an invalid one."""
        if editor.connection.vendor != "postgresql":
            if not _there(editor, after.apps.get_model(app_label, self.model_name), str(self.index.name)):
                super().database_forwards(app_label, editor, before, after)
            return
        _outside_of_transactions(editor)
        model: Any = after.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(editor.connection.alias, model):
            return
        if _is_valid(editor, str(self.index.name)):
            return
        editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.index.name}"')
        postgres: Any = editor
        postgres.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Take the index away, beside others too."""
        if editor.connection.vendor == "postgresql":
            _outside_of_transactions(editor)
            editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.index.name}"')
        else:
            super().database_backwards(app_label, editor, before, after)


class AddConstraint(migrations.AddConstraint):
    """A check that holds for new rows at once and is then tried on the old ones, without keeping writers out."""

    atomic = False

    def database_forwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Add the check as not yet valid, then validate it. Raises TypeError for other constraints."""
        if not isinstance(self.constraint, models.CheckConstraint):
            raise TypeError("Only checks; make a unique index with AddIndex, or keep uniqueness in a new table.")
        if editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, editor, before, after)
            return
        _outside_of_transactions(editor)
        model: Any = after.apps.get_model(app_label, self.model_name)
        table, name = editor.quote_name(model._meta.db_table), editor.quote_name(str(self.constraint.name))
        editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        editor.execute(f"{self.constraint.create_sql(model, editor)} NOT VALID", params=None)
        editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _outside_of_transactions(editor: Editor) -> None:
    if editor.connection.in_atomic_block:
        raise RuntimeError("An index is made beside running work only outside of a transaction: set atomic = False.")


def _there(editor: Editor, model: Any, name: str) -> bool:
    with editor.connection.cursor() as cursor:
        return name in editor.connection.introspection.get_constraints(cursor, model._meta.db_table)


def _is_valid(editor: Editor, name: str) -> bool:
    with editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace",
            [name],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
