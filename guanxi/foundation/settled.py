"""What of a table is settled: which rows can be seen now and will be joined by none that come before them.

On SQLite, whose single writer commits in the order of ids, the mark of a row is its id. On PostgreSQL an earlier id may
be committed later than a higher one; there the mark is the transaction that wrote the row, kept in a column
`transaction`, and the horizon is the oldest transaction still running.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, models


class CurrentTransaction(models.Func):
    """The id of the writing transaction on PostgreSQL; 0 on SQLite, whose single writer needs none."""

    template = "pg_current_xact_id()::text::bigint"
    arity = 0
    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="0", **context)


def mark_column() -> str:
    """The column that marks are values of."""
    return "transaction" if connection.vendor == "postgresql" else "id"


def horizon(model: type[models.Model]) -> int:
    """The mark below which all rows of a model are final: they can be seen now, and nothing will join them."""
    return _ask(model, "pg_snapshot_xmin")


def newest(model: type[models.Model]) -> int:
    """The mark that the next transaction (on SQLite: the next row) will have."""
    return _ask(model, "pg_snapshot_xmax")


def _ask(model: type[models.Model], edge: str) -> int:
    final = (
        f"SELECT {edge}(pg_current_snapshot())::text::bigint"
        if connection.vendor == "postgresql"
        else f"SELECT COALESCE(MAX(id), 0) + 1 FROM {model._meta.db_table}"
    )
    with connection.cursor() as cursor:
        cursor.execute(final)
        return int(cursor.fetchone()[0])
