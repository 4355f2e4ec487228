"""Indexes of custom fields: of the very expression that filters and orders use, made and dropped in the background."""

from __future__ import annotations

from django.db import DatabaseError, connection

from guanxi.foundation.custom_fields import homes, kinds, known
from guanxi.foundation.custom_fields.homes import COMPUTED, Home
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.typed_json import key_sql, list_sql

State = CustomField.Index
LIST = "list"  # in place of a type, of several choices


def wanted(field: CustomField) -> bool:
    """Whether the field should have an index."""
    return field.filterable and field.archived_at is None


def name_of(field: CustomField) -> str:
    """The index of a field, which is another one for another type."""
    return f"custom_{field.pk}_{kinds.type_of(field) or LIST}"


def create_sql(field: CustomField, home: Home, *, vendor: str, at_once: bool = True) -> str:
    """The statement that makes the index: of (value, id), of the rows that have a value. Of several choices it is on
    SQLite of the whole list as text, of which there are few; on PostgreSQL an inverted index of the choices.
    """
    type_ = kinds.type_of(field)
    column = f'"{COMPUTED if field.worked_out else home.column}"'
    value = key_sql(column, field.key, type_, vendor) if type_ else list_sql(column, field.key, vendor)
    concurrently = "" if at_once or vendor == "sqlite" else "CONCURRENTLY "
    lists = type_ is None and vendor == "postgresql"
    of = f"USING gin ({value})" if lists else f'({value}, "id")'
    return (
        f'CREATE INDEX {concurrently}IF NOT EXISTS "{name_of(field)}" ON "{home.table}" {of} WHERE {value} IS NOT NULL'
    )


def settle(field_id: int) -> str:
    """Make the index that a field should have, drop those that it should not; returns the state. Any number of times
    the same.
    """
    field = CustomField.objects.filter(pk=field_id).first()
    home = homes.find(field.object_type) if field else None
    if field is None or home is None:
        return State.NONE
    keep = name_of(field) if wanted(field) else ""
    try:
        _drop_others(field, keep)
        if not keep:
            return _say(field, State.NONE)
        _say(field, State.BUILDING)
        at_once = connection.in_atomic_block
        if at_once:
            connection.check_constraints()  # what waits to be checked at the end would stand in the way of an index
        with connection.cursor() as cursor:
            cursor.execute(create_sql(field, home, vendor=connection.vendor, at_once=at_once))
            if connection.vendor == "sqlite":
                # Without figures on the index SQLite would not know how few rows a value has.
                cursor.execute(f'ANALYZE "{keep}"')
    except DatabaseError as error:
        _say(field, State.FAILED, str(error)[:500])
        raise
    return _say(field, State.READY)


def drop(field: CustomField) -> None:
    """Drop all indexes of a field."""
    _drop_others(field, "")


def _drop_others(field: CustomField, keep: str) -> None:
    """Drop the indexes of a field but `keep`, and that too where PostgreSQL was stopped while making it."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND name GLOB %s", [f"custom_{field.pk}_*"]
            )
        else:
            cursor.execute(
                "SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid "
                "WHERE relname ~ %s AND (relname <> %s OR NOT indisvalid)",
                [f"^custom_{field.pk}_", keep],
            )
        for (name,) in cursor.fetchall():
            if name != keep or connection.vendor == "postgresql":
                cursor.execute(f'DROP INDEX IF EXISTS "{name}"')


def _say(field: CustomField, state: str, error: str = "") -> str:
    name = name_of(field) if state == State.READY else ""
    CustomField.objects.filter(pk=field.pk).update(index_state=state, index_name=name, index_error=error)
    known.changed()
    return state
