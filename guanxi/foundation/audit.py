"""The audit log: who changed what, from what, to what. Written by `foundation.actions`, never by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models

from guanxi.foundation import visibility
from guanxi.foundation.inserting import insert

AT_ONCE = 100  # entries written by one statement
UNTRACKED = {"password", "last_login", "digest", "nonce", "transaction", "secret", "old_secret", "computed"}
_address: ContextVar[str] = ContextVar("address", default="")


@contextmanager
def coming_from(address: str) -> Iterator[None]:
    """Note `address` (of the network) in all entries written within the block."""
    token = _address.set(address[:45])
    try:
        yield
    finally:
        _address.reset(token)


def address() -> str:
    """Where the present request comes from; empty in the background and on the command line."""
    return _address.get()


@dataclass(frozen=True)
class Occasion:
    """In whose name, through which action and request the present writes are done."""

    viewer: visibility.Viewer
    name: str
    request_id: str


def plain(value: Any) -> Any:
    """`value` as JSON can hold it, so that values from forms, rows and the log compare equal."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, Decimal | UUID | date | datetime | time):
        return str(value)
    return value


def values_of(row: models.Model) -> dict[str, Any]:
    """The stored values of a row by field name, JSON-ready; secrets left out."""
    return {
        field.name: plain(field.value_from_object(row))
        for field in row._meta.concrete_fields
        if field.name not in UNTRACKED and not field.primary_key
    }


def record(occasion: Occasion, row: models.Model, changes: dict[str, list[Any]]) -> None:
    """Write one entry: `changes` maps field names to [from, to]."""
    record_summary(occasion, row._meta.label_lower, row.pk, str(row), changes)


def record_all(occasion: Occasion, changes: Iterable[tuple[models.Model, dict[str, list[Any]]]]) -> None:
    """Write one entry for each of many rows, at once."""
    entries = [_entry(occasion, row._meta.label_lower, row.pk, str(row), changed) for row, changed in changes]
    for first in range(0, len(entries), AT_ONCE):
        insert(entries[first : first + AT_ONCE])


def record_summary(
    occasion: Occasion, object_type: str, object_id: int | None, label: str, changes: dict[str, Any]
) -> None:
    """Write one entry for a record or, with no `object_id`, for a whole set (an import, a bulk change)."""
    insert([_entry(occasion, object_type, object_id, label, changes)])


def _entry(occasion: Occasion, object_type: str, object_id: int | None, label: str, changes: dict[str, Any]) -> Any:
    from guanxi.foundation.models import AuditEntry

    return AuditEntry(
        actor_id=occasion.viewer.pk,
        actor_name=str(occasion.viewer),
        action=occasion.name,
        request_id=occasion.request_id,
        object_type=object_type,
        object_id=object_id,
        object_label=label[:200],
        changes=changes,
        address=_address.get(),
    )
