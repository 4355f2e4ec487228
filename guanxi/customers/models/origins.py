"""Which of several merged parties a row came with, so that a merge can be undone at any time."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Coalesce


def origin_field(**options: Any) -> models.BigIntegerField[int | None, int | None]:
    """The merged party that a row was recorded for; null: the party it hangs on (guanxi.customers.identity)."""
    return models.BigIntegerField(null=True, blank=True, editable=False, **options)


def origin_index(name: str, field: str = "origin") -> models.Index:
    """An index over the few rows that came with a merged party."""
    return models.Index(fields=[field], condition=models.Q(**{f"{field}__isnull": False}), name=name)


def once(*fields: str, name: str, origins: tuple[str, ...] = ("origin",)) -> models.UniqueConstraint:
    """`fields` together only once, but for those that merged parties brought along."""
    return models.UniqueConstraint(
        *(models.F(field) for field in fields), *(Coalesce(field, 0) for field in origins), name=name
    )


def import_run_field() -> models.BigIntegerField[int | None, int | None]:
    """The run of an import that made the row; null where no import did."""
    return models.BigIntegerField(null=True, blank=True, editable=False)
