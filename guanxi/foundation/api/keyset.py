"""Keyset pages: a cursor names the last row that was given, so that page 10,000 costs as much as page one.

An order is a list of field names, "-" for descending, that ends in the primary key and in which all run the same way.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused

M = TypeVar("M", bound=models.Model)
LONGEST = 500


class BadCursor(Refused):
    """A cursor that this list never gave."""

    def __init__(self) -> None:
        super().__init__(_("This cursor was not given by this list; start again without one."), "cursor")


def encode(values: Sequence[Any]) -> str:
    """The values that name a row, as one opaque word."""
    plain = [value.isoformat() if isinstance(value, date | datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """The values within a cursor. Raises BadCursor."""
    try:
        if len(cursor) > LONGEST:
            raise ValueError
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise BadCursor from error
    if not isinstance(values, list) or len(values) != length:
        raise BadCursor
    return values


def page(rows: models.QuerySet[M], order: Sequence[str], cursor: str | None, limit: int) -> tuple[list[M], str | None]:
    """At most `limit` rows after `cursor`, and the cursor of the next page (None at the end). Raises BadCursor."""
    names = [name.removeprefix("-") for name in order]
    rows = rows.order_by(*order)
    if cursor:
        rows = rows.filter(after(rows.model, order, decode(cursor, len(order))))
    found = list(rows[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], encode([getattr(last, name) for name in names])


def after(model: type[models.Model], order: Sequence[str], values: Sequence[Any]) -> Q:
    """The condition "comes after the row with these values"; its first part alone lets an index be used."""
    names = [name.removeprefix("-") for name in order]
    sign = "lt" if order[0].startswith("-") else "gt"
    values = [_value(model, name, value) for name, value in zip(names, values, strict=True)]
    condition = Q(**{f"{names[-1]}__{sign}": values[-1]})
    for name, value in zip(names[-2::-1], values[-2::-1], strict=True):
        condition = Q(**{f"{name}__{sign}": value}) | (Q(**{name: value}) & condition)
    return condition if len(names) == 1 else Q(**{f"{names[0]}__{sign}e": values[0]}) & condition


def _value(model: type[models.Model], name: str, value: Any) -> Any:
    field: Any = model._meta.get_field("id" if name == "pk" else name)
    if isinstance(value, bool | float):
        raise BadCursor
    try:
        cleaned = field.to_python(value)
    except (ValidationError, TypeError, ValueError, OverflowError) as error:
        raise BadCursor from error
    whole = isinstance(field, models.IntegerField | models.AutoField)
    if value is None or (whole and not -(2**63) <= cleaned < 2**63) or "\x00" in str(value):
        raise BadCursor
    if isinstance(field, models.DateTimeField) and (not isinstance(cleaned, datetime) or cleaned.tzinfo is None):
        raise BadCursor
    return cleaned
