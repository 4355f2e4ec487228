"""Which custom fields there are, and what else was said of fields: kept in each process, checked against one row of
the database once a request.

So all processes see a new field at their next request; outside of requests, within a second.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from django.db import OperationalError, ProgrammingError, connection

from guanxi.foundation.custom_fields.models import CustomField, FieldsVersion

LOOK_AGAIN = 5.0  # seconds
T = TypeVar("T")


@dataclass
class _Known:
    token: str | None = None
    by_type: dict[str, dict[str, CustomField]] = field(default_factory=dict)
    besides: dict[str, Any] = field(default_factory=dict)


_known = _Known()
_loading = threading.Lock()
_checked = threading.local()


def look_again(**_signal: Any) -> None:
    """Let the next question look whether anything changed (at the start of each request)."""
    _checked.at = None


def forget(*, none: bool = False) -> None:
    """Know nothing any more (tests); with `none`, know for good that there are none, and ask no database."""
    global _known
    _known, _checked.at = _Known(), math.inf if none else None


def changed() -> None:
    """Say that a definition changed, within the transaction that changed it."""
    token = uuid.uuid4().hex
    if not FieldsVersion.objects.filter(pk=1).update(token=token):
        FieldsVersion.objects.create(pk=1, token=token)
    look_again()


def of_type(object_type: str, *, archived: bool = False) -> list[CustomField]:
    """The fields of a type of record, in order; those that were removed only with `archived`."""
    found = _current().by_type.get(object_type, {})
    return [one for one in found.values() if archived or one.archived_at is None]


def find(object_type: str, key: str, *, archived: bool = False) -> CustomField | None:
    """One field of a type by its key."""
    found = _current().by_type.get(object_type, {}).get(key)
    return found if found is not None and (archived or found.archived_at is None) else None


def all_fields() -> list[CustomField]:
    """The fields of all types."""
    return [one for fields in _current().by_type.values() for one in fields.values() if one.archived_at is None]


def any_worked_out() -> bool:
    """Whether any field of any type is worked out of others."""
    return any(one.worked_out for one in all_fields())


def besides(name: str, read: Callable[[], T]) -> T:
    """What `read` finds, kept until the next `changed`: for others who have something to say of fields."""
    current = _current()
    if name not in current.besides:
        current.besides[name] = read()
    return cast("T", current.besides[name])


def _current() -> _Known:
    global _known
    at = getattr(_checked, "at", None)
    if at is not None and time.monotonic() - at < LOOK_AGAIN:
        return _known
    try:
        token = _mark()
        if token != _known.token:
            with _loading:
                _known = _Known(token, _read() if token else {})  # without a mark there never was a field
    except (OperationalError, ProgrammingError):  # before the first migration
        return _Known()
    _checked.at = time.monotonic()
    return _known


def _mark() -> str:
    """The mark of the last change, past the ORM: every request asks for it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT token FROM {FieldsVersion._meta.db_table} WHERE id = 1")
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def _read() -> dict[str, dict[str, CustomField]]:
    by_type: dict[str, dict[str, CustomField]] = {}
    for one in CustomField.objects.order_by("object_type", "position", "pk"):
        by_type.setdefault(one.object_type, {})[one.key] = one
    return by_type
