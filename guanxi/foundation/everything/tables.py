"""Which tables there are, and what their columns are in Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.apps import apps
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder

from guanxi.foundation.encrypting import EncryptedField

# What is of one installation and of no other, or is made anew by what is there.
LEFT_OUT = {
    "contenttypes.contenttype", "auth.permission", "auth.group_permissions", "foundation.user_user_permissions",
    "sessions.session", "search.document", "search.backlog", "search.rebuild", "tasks.worker", "tasks.schedule",
    "foundation.idempotencyrecord", "api.allowance", "sealing.door",
}  # fmt: skip
MOMENT = pa.timestamp("us", "UTC")
TYPES: list[tuple[type[Any], pa.DataType]] = [
    (models.BooleanField, pa.bool_()),
    (models.DateTimeField, MOMENT),
    (models.DateField, pa.date32()),
    (models.FloatField, pa.float64()),
    (models.IntegerField, pa.int64()),
]


@dataclass(frozen=True)
class Table:
    """One table: its name, and its columns with the fields that they are."""

    label: str
    name: str
    fields: tuple[Any, ...]

    @property
    def schema(self) -> pa.Schema:
        """Its columns in Arrow. Amounts are whole ten-thousandths, as stored; JSON, times of day and UUIDs are text."""
        return pa.schema([(field.column, type_of(field)) for field in self.fields])

    @property
    def key(self) -> str:
        """The column of the primary key."""
        return str(next(field.column for field in self.fields if field.primary_key))

    def select(self) -> str:
        """The query that reads all of it, in the order of its key."""
        columns = ", ".join(_read(field) for field in self.fields)
        return f'SELECT {columns} FROM "{self.name}" ORDER BY "{self.key}"'


def type_of(field: Any) -> pa.DataType:
    """The type of a field's column in Arrow."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return next((kind for of, kind in TYPES if isinstance(field, of)), pa.string())


def _read(field: Any) -> str:
    name = f'"{field.column}"'
    if isinstance(field, EncryptedField):  # no other installation can read it, and nobody should
        return f"'' AS {name}"
    if connection.vendor == "postgresql" and type_of(field) == pa.string():
        return f"{name}::text"
    return name


def all_tables() -> list[Table]:
    """Every table that is taken along, by name."""
    found = {
        model._meta.db_table: Table(model._meta.label_lower, model._meta.db_table, tuple(model._meta.concrete_fields))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    }
    return [found[name] for name in sorted(found)]


def migrations() -> dict[str, list[str]]:
    """The migrations that the database has, by app: what its tables look like."""
    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return applied
