"""Keys of a JSON column that the database compares, sorts and indexes as what they are: numbers, days, words.

Which keys those are says the door "typed_key": a function (model's label, column, key) → `Leaf` or None. A filter such
as `custom__budget__gte=100`, an order by `custom__budget` and an index of `index_sql` then speak of one and the same
expression, which yields nothing where the stored value is of another type. What is typed needs no migration: the
database sees a plain JSON column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Func
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks

TEXT, NUMBER, BOOLEAN, DAY, MOMENT = "text", "number", "boolean", "day", "moment"
MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"  # of one length, so that its order as text is the order in time


class NumberInJson(models.FloatField):  # type: ignore[type-arg]
    """A number; compared as such, seen as `Decimal`: fifteen digits go through a float and back unharmed."""

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Decimal | None:
        return None if value is None else exact(value)

    def to_python(self, value: Any) -> Any:
        return None if value in (None, "") else exact(value)


class DayInJson(models.CharField):  # type: ignore[type-arg]
    """A day, stored as `2026-03-31`."""

    def get_prep_value(self, value: Any) -> Any:
        return value.isoformat()[:10] if isinstance(value, date) else value

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> date | None:
        return None if value is None else day(value)

    def to_python(self, value: Any) -> Any:
        return day(value)


class MomentInJson(models.CharField):  # type: ignore[type-arg]
    """A moment, stored in UTC."""

    def get_prep_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, datetime) else value

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> datetime | None:
        return None if value is None else moment(value)

    def to_python(self, value: Any) -> Any:
        return moment(value)


def exact(value: Any) -> Decimal | None:
    """A JSON number as Decimal; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def day(value: Any) -> date | None:
    """A stored day; None for anything else."""
    if isinstance(value, date):
        return value
    try:
        return parse_date(value) if isinstance(value, str) else None
    except ValueError:
        return None


def moment(value: Any) -> datetime | None:
    """A stored moment; None for anything else."""
    if isinstance(value, datetime):
        return value
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def written(value: datetime) -> str:
    """A moment as it is stored."""
    return value.astimezone(UTC).strftime(MOMENT_FORMAT)


_FIELDS: dict[str, Any] = {
    TEXT: models.TextField(),
    NUMBER: NumberInJson(),
    BOOLEAN: models.BooleanField(),
    DAY: DayInJson(),
    MOMENT: MomentInJson(),
}
_PYTHON: dict[str, Callable[[Any], Any]] = {NUMBER: exact, DAY: day, MOMENT: moment}
_SQLITE_TYPES = {NUMBER: "'integer', 'real'", BOOLEAN: "'true', 'false'"}
_POSTGRES_TYPES = {NUMBER: "number", BOOLEAN: "boolean"}
_POSTGRES_CASTS = {NUMBER: "::numeric", BOOLEAN: "::boolean", DAY: ' COLLATE "C"', MOMENT: ' COLLATE "C"'}


@dataclass(frozen=True)
class Leaf:
    """What is known of one key: its type, its name for people, and a stored value as people read it."""

    type: str
    label: Any = ""
    text: Callable[[Any], str] = str

    @property
    def field(self) -> Any:
        """The model field that values of this key behave like in the database."""
        return _FIELDS[self.type]

    def value(self, stored: Any) -> Any:
        """A stored value as Python sees it."""
        read = _PYTHON.get(self.type)
        return read(stored) if read else stored


def key_sql(column: str, key: str, type_: str, vendor: str) -> str:
    """The value of `key` within the (quoted) `column`, typed; without parameters, so that an index can be of it."""
    if not key.isidentifier():
        raise ValueError(f"“{key}” is no key.")
    if vendor == "sqlite":
        path = f"'$.{key}'"
        types = _SQLITE_TYPES.get(type_, "'text'")
        return f"(CASE WHEN json_type({column}, {path}) IN ({types}) THEN json_extract({column}, {path}) END)"
    kind, cast = _POSTGRES_TYPES.get(type_, "string"), _POSTGRES_CASTS.get(type_, "")
    return f"(CASE WHEN jsonb_typeof({column} -> '{key}') = '{kind}' THEN ({column} ->> '{key}'){cast} END)"


def list_sql(column: str, key: str, vendor: str) -> str:
    """The list under `key` within the (quoted) `column`, as an index can hold it: on SQLite its text."""
    if not key.isidentifier():
        raise ValueError(f"“{key}” is no key.")
    if vendor == "sqlite":
        return f"(CASE WHEN json_type({column}, '$.{key}') = 'array' THEN json_extract({column}, '$.{key}') END)"
    return f"({column} -> '{key}')"


class TypedKey(Func):
    """`custom__budget` as an expression."""

    arity = 1

    def __init__(self, column: Any, key: str = "", type_: str = TEXT) -> None:
        self.key, self.type = key, type_
        super().__init__(column, output_field=_FIELDS[type_])

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = compiler.compile(self.source_expressions[0])
        if values:
            raise ValueError("Only a key of a column can be typed.")
        return key_sql(column, self.key, self.type, connection.vendor), ()


class TypedJSONField(models.JSONField):
    """A JSON column some of whose keys are typed."""

    def deconstruct(self) -> Any:
        """As a plain JSON column, which it is to the database: nothing is to be migrated."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def leaf(self, key: str) -> Leaf | None:
        """What is known of one key, if it is typed."""
        label = self.model._meta.label_lower
        return next((leaf for door in hooks.get("typed_key") if (leaf := door(label, self.name, key))), None)

    def get_transform(self, name: str) -> Any:
        leaf = self.leaf(name) if name.isidentifier() else None
        if leaf is None:
            return super().get_transform(name)
        return lambda column: TypedKey(column, name, leaf.type)


class CustomValuesField(TypedJSONField):
    """The values of the custom fields of a record; what may stand in it decides the door "custom_values".

    That is a function (model's label, values) → values, which raises ValidationError. What stands in new rows says the
    door "custom_defaults", a function (model's label) → values.
    """

    def get_default(self) -> Any:
        found: dict[str, Any] = {}
        for door in hooks.get("custom_defaults"):
            found |= door(self.model._meta.label_lower)
        return found or None

    def clean(self, value: Any, model_instance: Any) -> Any:
        for door in hooks.get("custom_values"):
            value = door(self.model._meta.label_lower, value or {})
        if not isinstance(value, dict | None):
            raise ValidationError(_("Custom fields are given as an object, by key."))
        return value or None


def custom_field() -> CustomValuesField:
    """The column for the values of custom fields; null holds none, so that adding it rewrites nothing."""
    return CustomValuesField(_("custom fields"), null=True, blank=True)


def computed_field() -> TypedJSONField:
    """The column for what the house works out of a row: formulas, roll-ups, values that retyping kept aside."""
    return TypedJSONField(_("worked out"), null=True, blank=True, editable=False)
