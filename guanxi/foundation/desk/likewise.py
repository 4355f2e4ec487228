"""The SQL of many lanes that differ in their conditions alone, such as the days of a month: it is made once.

Django needs longer to make one such statement than the database to answer it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection, models
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from guanxi.foundation.desk.shapes import Lane

Statement = tuple[str, list[Any]]
PLACE = "__the_lane__"  # stands in a statement where the condition of a lane is put in


class Conditions:
    """The conditions of lanes as SQL, each made once for all that is asked of them."""

    def __init__(self, model: type[models.Model]) -> None:
        self.rows = model._base_manager.order_by().values("pk")
        self.made: dict[int, tuple[Lane, Statement | None]] = {}  # by identity, of lanes that live as long

    def of(self, lane: Lane) -> Statement | None:
        """SQL and values of the condition of a lane; None where it looks into other tables than that of the rows."""
        if id(lane) not in self.made:
            self.made[id(lane)] = lane, self._bare(lane.condition)
        return self.made[id(lane)][1]

    def _bare(self, condition: Q) -> Statement | None:
        query = self.rows.filter(condition).query
        query.get_initial_alias()
        if sum(1 for count in query.alias_refcount.values() if count) > 1:
            return None
        try:
            sql, values = query.get_compiler(connection=connection).compile(query.where)
        except FullResultSet:
            return "1 = 1", []
        except EmptyResultSet:
            return "1 = 0", []
        return sql, list(values)


class Compiled:
    """The statements of `make(condition)` for one lane after the other."""

    def __init__(self, conditions: Conditions, make: Callable[[Any], QuerySet[Any]]) -> None:
        self.conditions, self.make = conditions, make
        self.frame: tuple[str, str, list[Any], list[Any]] | None = None

    def of(self, lane: Lane) -> Statement:
        """SQL and values for `lane`."""
        condition = self.conditions.of(lane)
        if condition is None:
            return _sql(self.make(lane.condition))
        if self.frame is None:
            self.frame = self._frame()
        before, after, first, last = self.frame
        return before + condition[0] + after, [*first, *condition[1], *last]

    def _frame(self) -> tuple[str, str, list[Any], list[Any]]:
        """What stands before and after the condition: SQL, and the values of each."""
        place = RawSQL(PLACE, (), output_field=BooleanField())  # noqa: S611  our own constant
        sql, values = _sql(self.make(place))
        before, after = sql.split(PLACE)
        count = before.replace("%%", "").count("%s")
        return before, after, values[:count], values[count:]


def _sql(rows: QuerySet[Any]) -> Statement:
    sql, values = rows.query.get_compiler(connection=connection).as_sql()
    return sql, list(values)
