"""Sums of the columns of a list, over all rows that match its filter; asked for, never made by itself."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum

from guanxi.foundation.desk import display
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.desk.state import State


def can_be_summed(column: Field) -> bool:
    """Whether a sum of the column makes sense: numbers of one row each, stored as such."""
    path = column.path
    return bool(
        column.kind.numeric
        and path
        and not path.keys
        and not column.many
        and not path.field.primary_key
        and not path.field.is_relation
        and column.column.fetch is None
    )


def totals(state: State) -> list[tuple[Field, str | None]]:
    """Each column of the list with its sum in words, None where it has none."""
    summed = [column for column in state.columns if can_be_summed(column)]
    asked = {f"sum_{number}": Sum(column.path.orm) for number, column in enumerate(summed) if column.path}
    found: dict[str, Any] = state.rows().order_by().aggregate(**asked) if asked and not state.broken else {}
    by_name = {column.name: found.get(f"sum_{number}") for number, column in enumerate(summed)}
    return [
        (column, _words(column, by_name[column.name]) if column.name in by_name else None) for column in state.columns
    ]


def _words(column: Field, value: Any) -> str:
    return (
        display.text(column.kind, value)
        if value is not None
        else display.number(0, 2 if column.kind is Kind.MONEY else None)
    )
