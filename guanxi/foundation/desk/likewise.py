"""The SQL of many lanes that differ in their values alone, such as the days of a month: it is made once.

Django needs longer to make one such statement than the database to answer it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models import QuerySet

from guanxi.foundation.desk.shapes import Lane

Statement = tuple[str, list[Any]]


@dataclass
class _Shape:
    """What the lanes whose conditions are the same SQL have in common."""

    bare: list[Any]  # the values of the first lane's condition
    first: Statement
    places: list[tuple[int, int]] | None = None  # where values stand in the statement and in the condition


class Conditions:
    """The bare conditions of lanes, each made once for all that is asked of them."""

    def __init__(self, model: type[models.Model]) -> None:
        self.rows = model._base_manager.order_by().values("pk")
        self.made: dict[int, tuple[Lane, Statement]] = {}  # by identity, of lanes that live as long

    def of(self, lane: Lane) -> Statement:
        """SQL and values of the condition of a lane."""
        if id(lane) not in self.made:
            self.made[id(lane)] = lane, _sql(self.rows.filter(lane.condition))
        return self.made[id(lane)][1]


class Compiled:
    """The statements of `make(lane)` for one lane after the other.

    The first two lanes of a shape are made in full; where these differ just as their conditions do, the other lanes
    put in nothing but their values.
    """

    def __init__(self, conditions: Conditions, make: Callable[[Lane], QuerySet[Any]]) -> None:
        self.conditions, self.make = conditions, make
        self.shapes: dict[str, _Shape] = {}

    def of(self, lane: Lane) -> Statement:
        """SQL and values for `lane`."""
        condition, bare = self.conditions.of(lane)
        shape = self.shapes.get(condition)
        if shape is not None and shape.places:
            sql, values = shape.first[0], list(shape.first[1])
            for there, here in shape.places:
                values[there] = bare[here]
            return sql, values
        statement = _sql(self.make(lane))
        if shape is None:
            self.shapes[condition] = _Shape(bare, statement)
        elif shape.places is None:
            shape.places = _places(shape, bare, statement)
        return statement


def _places(shape: _Shape, bare: list[Any], statement: Statement) -> list[tuple[int, int]]:
    """Where the values of a condition stand in its statement; empty where that cannot be told for all of them."""
    sql, values = statement
    if sql != shape.first[0] or len(values) != len(shape.first[1]):
        return []
    differing = _differing(shape.bare, bare)
    there = _differing(shape.first[1], values)
    fitting = len(there) == len(differing) == len(bare) and all(
        values[one] == bare[other] for one, other in zip(there, differing, strict=True)
    )
    return list(zip(there, differing, strict=True)) if fitting else []


def _differing(one: list[Any], other: list[Any]) -> list[int]:
    return [place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]


def _sql(rows: QuerySet[Any]) -> Statement:
    sql, values = rows.query.get_compiler(connection=connection).as_sql()
    return sql, list(values)
