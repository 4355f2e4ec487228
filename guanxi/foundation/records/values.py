"""Values of fields as JSON, in and out, and how a schema describes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import sensitive
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import display, editing
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.visibility import Viewer

FORMATS: dict[Kind, dict[str, Any]] = {
    Kind.NUMBER: {"type": ["number", "string", "null"]},
    Kind.MONEY: {"type": ["string", "null"], "description": "An exact amount, as text."},
    Kind.QUANTITY: {"type": ["string", "null"], "description": "An exact number, as text."},
    Kind.DATE: {"type": ["string", "null"], "format": "date"},
    Kind.MOMENT: {"type": ["string", "null"], "format": "date-time"},
    Kind.BOOLEAN: {"type": ["boolean", "null"]},
    Kind.REFERENCE: {"type": ["integer", "null"], "description": "The number of a record."},
    Kind.CHOICE: {"type": ["string", "integer", "boolean", "null"]},
}
TEXT = {"type": ["string", "null"]}


def schema_of(field: Field) -> dict[str, Any]:
    """How a field is described to programs."""
    label = {"title": str(field.label)}
    if field.many or field.column.fetch is not None or field.kind is Kind.DATA:
        return label  # lists, words, or whatever JSON holds
    if _is_computed(field):
        return {**label, "type": ["string", "number", "boolean", "null"]}
    described = {**label, **FORMATS.get(field.kind, TEXT)}
    if field.kind is Kind.CHOICE and field.column.help:
        described["description"] = str(field.column.help)
    return described


def _is_computed(field: Field) -> bool:
    return field.path is None


def has_value(field: Field) -> bool:
    """Whether there is anything to tell a program: not of what is only drawn."""
    return field.path is not None or field.column.fetch is not None or field.column.export is not None


class Teller:
    """Tells one field of many rows."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.masked = sensitive.is_sensitive(field.path)
        self.cells = display.Cells(field) if field.column.fetch is not None else None

    def prepare(self, rows: list[Any]) -> None:
        """Look up at once what is no column."""
        if self.cells is not None:
            self.cells.prepare(rows)

    def of(self, row: Any) -> Any:
        """The value of `row`; of sensitive fields nothing."""
        if self.masked:
            return None
        if self.cells is not None:
            return display.plain_words(self.cells.fetched.get(row.pk))
        if self.field.path is None:
            return plain(self.field.column.export(row) if self.field.column.export else None)
        if self.field.path.direct:
            return plain(self.field.path.field.value_from_object(row))
        return plain(self.field.value(row))


def plain(value: Any) -> Any:
    """`value` as JSON: exact numbers as text, moments in UTC, records by number."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value if type(value) in (bool, int, float, str, type(None)) else str(value)


def cleaned(fields: list[Field], body: dict[str, Any], viewer: Viewer) -> dict[str, Any]:
    """The values of a body, as the action takes them. Raises Refused with the field where one is wrong or unknown."""
    known = {field.name: field for field in fields}
    values = {}
    for name, value in body.items():
        if name not in known:
            words = _("There is no field “%(name)s” to write; there are: %(known)s.")
            raise Refused(words % {"name": name[:60], "known": ", ".join(known)}, name[:60])
        values[name] = _cleaned(known[name], value, viewer)
    return values


def _cleaned(field: Field, value: Any, viewer: Viewer) -> Any:
    if isinstance(value, dict | list) or (isinstance(value, bool) and field.kind is not Kind.BOOLEAN):
        raise Refused(_("This field takes a single value."), field.name)
    if field.kind is Kind.BOOLEAN and not isinstance(value, bool | None):
        raise Refused(_("This field takes true or false."), field.name)
    try:
        return editing.clean(field, editing.raw_plain(field, value), viewer)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field.name) from error
