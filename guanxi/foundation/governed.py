"""The base of models that people or programs ask for; not in `governing`, which is read before Django's apps are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models

from guanxi.foundation.governing import UNDECLARED, Rule
from guanxi.foundation.visibility import veil


class Governed(models.Model):
    """Says how it is governed, and is loaded without what is hidden from who looks."""

    governed: ClassVar[Rule] = UNDECLARED

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Self:
        """The row as it is stored, less its hidden fields."""
        row: Self = veil(super().from_db(db, field_names, values, **more))
        return row
