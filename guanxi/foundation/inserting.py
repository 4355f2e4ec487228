"""New rows into their table, by a statement that is put into words once.

Django words the statement anew for each row, which takes longer than the database takes for it; and while a row is
written, SQLite lets nobody else write.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.db.models.expressions import DatabaseDefault
from django.db.models.signals import post_save, pre_save

Fields = tuple["models.Field[Any, Any]", ...]


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model, as `save(force_insert=True)` does for each; afterwards they have their numbers."""
    if not rows:
        return
    if not _is_plain(type(rows[0])):
        for row in rows:
            row.save(force_insert=True)
        return
    with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS):
        for fields, alike in groupby(rows, _said):
            _insert(fields, list(alike))


def _is_plain(model: type[models.Model]) -> bool:
    """Whether nothing happens beside when a row is inserted."""
    listened = pre_save.has_listeners(model) or post_save.has_listeners(model)
    return _is_plainly_declared(model) and not listened


@cache
def _is_plainly_declared(model: type[models.Model]) -> bool:
    meta = model._meta
    odd = any(field.generated or hasattr(field, "get_placeholder") for field in meta.local_concrete_fields)
    return not (meta.parents or meta.proxy or meta.order_with_respect_to or odd)


def _said(row: models.Model) -> Fields:
    """The fields that are written: all but those that the database fills."""
    meta = row._meta
    numbered = row._is_pk_set(meta)  # type: ignore[attr-defined]
    return tuple(
        field
        for field in meta.local_concrete_fields
        if (numbered or field is not meta.auto_field) and type(row.__dict__.get(field.attname)) is not DatabaseDefault
    )


def _insert(fields: Fields, rows: list[models.Model]) -> None:
    values = []
    for row in rows:
        row._prepare_related_fields_for_save(operation_name="save")  # type: ignore[attr-defined]
        values += [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    if any(hasattr(value, "resolve_expression") for value in values):
        for row in rows:
            row.save(force_insert=True)
        return
    model = type(rows[0])
    returned = model._meta.db_returning_fields
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, fields, len(rows)), values)
        told = cursor.fetchall() if returned else [()] * len(rows)
    for row, found in zip(rows, told, strict=True):
        for field, value in zip(returned, found, strict=True):
            setattr(row, field.attname, _as_read(field, value))
        row._state.adding = False
        row._state.db = DEFAULT_DB_ALIAS


def _as_read(field: models.Field[Any, Any], value: Any) -> Any:
    """A value of the database as rows that are read have it."""
    column = field.get_col(field.model._meta.db_table)
    for convert in [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]:
        value = convert(value, column, connection)
    return value


@cache
def _statement(model: type[models.Model], fields: Fields, count: int) -> str:
    name = connection.ops.quote_name
    row = f"({', '.join(['%s'] * len(fields))})"
    returned = ", ".join(name(str(field.column)) for field in model._meta.db_returning_fields)
    return (
        f"INSERT INTO {name(model._meta.db_table)} ({', '.join(name(str(field.column)) for field in fields)}) "
        f"VALUES {', '.join([row] * count)}{f' RETURNING {returned}' if returned else ''}"
    )
