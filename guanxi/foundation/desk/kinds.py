"""The kinds of value that a list or record shows: they decide alignment, operators, editor and export."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.db import models

from guanxi.foundation.money import MoneyField, QuantityField


class Kind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    QUANTITY = "quantity"
    DATE = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    REFERENCE = "reference"
    DATA = "data"

    @property
    def numeric(self) -> bool:
        return self in (Kind.NUMBER, Kind.MONEY, Kind.QUANTITY)

    @property
    def temporal(self) -> bool:
        return self in (Kind.DATE, Kind.MOMENT)

    @property
    def ordered(self) -> bool:
        """Whether “from” and “to” make sense."""
        return self.numeric or self.temporal

    @property
    def textual(self) -> bool:
        return self in (Kind.TEXT, Kind.LONG_TEXT)


_BY_FIELD: list[tuple[type[Any], Kind]] = [
    (MoneyField, Kind.MONEY),
    (QuantityField, Kind.QUANTITY),
    (models.ForeignKey, Kind.REFERENCE),
    (models.BooleanField, Kind.BOOLEAN),
    (models.DateTimeField, Kind.MOMENT),
    (models.DateField, Kind.DATE),
    (models.IntegerField, Kind.NUMBER),
    (models.DecimalField, Kind.NUMBER),
    (models.FloatField, Kind.NUMBER),
    (models.JSONField, Kind.DATA),
    (models.TextField, Kind.LONG_TEXT),
]


def kind_of(field: Any) -> Kind:
    """The kind of a model field."""
    if getattr(field, "choices", None):
        return Kind.CHOICE
    if field.is_relation:
        return Kind.REFERENCE
    return next((kind for type_, kind in _BY_FIELD if isinstance(field, type_)), Kind.TEXT)
