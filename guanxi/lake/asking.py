"""Reading what is asked: the names and filters of a query, turned into conditions or a message that says what is
wrong.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.lake import dimensions as d
from guanxi.lake.dimensions import Dimension
from guanxi.lake.measures import Measure

if TYPE_CHECKING:
    import ibis.expr.types as ir

BUT = "not"
EDGES = {"from": "from", "min": "from", "to": "to", "max": "to"}


class BadQuery(Refused):
    """A query that cannot be answered; the message says what is wrong, `field` where."""


class UnknownName(BadQuery):
    """A measure or dimension that does not exist; `known` are those that do."""

    def __init__(self, field: str, name: Any, known: Iterable[str]) -> None:
        self.name, self.known = name, sorted(known)
        what = _("measure") if field == "measures" else _("dimension")
        super().__init__(
            _("There is no %(what)s “%(name)s”. Known are: %(known)s.")
            % {"what": what, "name": name, "known": ", ".join(self.known)},
            field,
        )


class CannotCut(BadQuery):
    """A measure over one table, and a dimension that this is not known by."""

    def __init__(self, measure: Measure, dimension: Dimension, known: Iterable[Dimension], field: str) -> None:
        self.measure, self.dimension = measure, dimension
        self.cuts = [one for one in known if one.cuts(measure.base)]
        super().__init__(self._said(lambda one: str(one.name)), field)

    @property
    def in_words(self) -> str:
        """The message for people, who know measures and dimensions by their labels."""
        return self._said(lambda one: str(one.label))

    def _said(self, called: Callable[[Measure | Dimension], str]) -> str:
        reason = _("“%(measure)s” is not known by “%(dimension)s”. It can be cut by: %(known)s.")
        known = ", ".join(sorted(map(called, self.cuts)))
        return reason % {"measure": called(self.measure), "dimension": called(self.dimension), "known": known}


def condition(rows: ir.Table, dimension: Dimension, asked: Any) -> ir.BooleanValue:
    """The condition that `asked` (a value, a list of values, or a range) puts on a dimension. Raises BadQuery."""
    if isinstance(asked, Mapping):
        return _but(rows, dimension, asked[BUT]) if set(asked) == {BUT} else _range(rows, dimension, asked)
    values = list(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else [asked]
    known = [value for value in values if value is not None]
    conditions = [_one_of(rows, dimension, known)] if known else []
    if len(known) < len(values):
        conditions.append(dimension.values(rows).isnull())
    if not conditions:
        raise _wrong(dimension, _("the list is empty; name at least one value"))
    return functools.reduce(operator.or_, conditions)


def _but(rows: ir.Table, dimension: Dimension, asked: Any) -> ir.BooleanValue:
    """All but these values; what is not known is among the others, unless it is named."""
    values = list(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else [asked]
    is_one = condition(rows, dimension, values)
    return ~is_one.fill_null(False)


def _range(rows: ir.Table, dimension: Dimension, asked: Mapping[str, Any]) -> ir.BooleanValue:
    if dimension.kind not in (*d.PERIODS, d.NUMBER, d.WEEKDAY):
        raise _wrong(dimension, _("it has no range; give a list of values"))
    unknown = set(asked) - set(EDGES)
    edges = {EDGES[edge]: value for edge, value in asked.items() if edge in EDGES and value is not None}
    if unknown or not edges:
        raise _wrong(dimension, _("a range is {“from”: …, “to”: …}, or {“min”: …, “max”: …}"))
    if dimension.kind in d.PERIODS:
        first = _period(dimension, edges["from"])[0] if "from" in edges else None
        last = _period(dimension, edges["to"])[1] if "to" in edges else None
        return _within(rows.day, first, last)
    return _within(
        dimension.values(rows), *(_number(dimension, edges[e]) if e in edges else None for e in ("from", "to"))
    )


def _within(values: ir.Value, first: Any, last: Any) -> ir.BooleanValue:
    conditions = []
    if first is not None:
        conditions.append(values >= first)
    if last is not None:
        conditions.append(values <= last)
    return functools.reduce(operator.and_, conditions)


def _one_of(rows: ir.Table, dimension: Dimension, values: list[Any]) -> ir.BooleanValue:
    if dimension.kind in d.PERIODS:
        return _in_periods(rows, sorted({_period(dimension, value) for value in values}))
    if dimension.kind == d.RECORD:
        return _records(rows, dimension, values)
    if dimension.kind in (d.NUMBER, d.WEEKDAY):
        return dimension.values(rows).isin([_number(dimension, value) for value in values])
    if dimension.kind == d.YES_NO:
        wrong = [value for value in values if not isinstance(value, bool)]
        if wrong:
            raise _wrong(dimension, _("“%(value)s” is neither true nor false") % {"value": wrong[0]})
        return dimension.values(rows).isin(values)
    return dimension.values(rows).isin([_choice(dimension, value) for value in values])


def _in_periods(rows: ir.Table, periods: list[tuple[date, date]]) -> ir.BooleanValue:
    """Days within any of the periods; neighbours are joined, so that files can be passed over by their days."""
    joined: list[tuple[date, date]] = []
    for first, last in periods:
        if joined and first <= joined[-1][1] + timedelta(days=1):
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    if all(first == last for first, last in joined):
        return rows.day.isin([first for first, _last in joined])
    return functools.reduce(operator.or_, [(rows.day >= first) & (rows.day <= last) for first, last in joined])


def _records(rows: ir.Table, dimension: Dimension, values: list[Any]) -> ir.BooleanValue:
    """Records by their id (a number), or by number or name (a text)."""
    from guanxi.lake import tables

    keys = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if any(abs(key) >= 2**63 for key in keys):
        raise _wrong(dimension, _("there is no record of such a number"))
    texts = [_text(dimension, value) for value in values if value not in keys]
    conditions = [rows[dimension.key].isin(keys)] if keys else []
    if texts:
        records = tables.table(dimension.table)
        columns = [column for column in (dimension.code, dimension.column) if column]
        called = functools.reduce(operator.or_, [records[column].isin(texts) for column in columns])
        conditions.append(rows[dimension.key].isin(records.filter(called)[dimension.own_key]))
    return functools.reduce(operator.or_, conditions)


# Values -------------------------------------------------------------------------------------------------------------


def _text(dimension: Dimension, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(dimension, _("“%(value)s” is not a text") % {"value": value})
    return value


def _choice(dimension: Dimension, value: Any) -> Any:
    """A text, or one of the dimension's codes where these are numbers."""
    if all(isinstance(code, str) for code in dimension.labels):
        return _text(dimension, value)
    code = dimension.coded(value)
    if code not in dimension.labels:
        known = ", ".join(map(str, dimension.labels))
        raise _wrong(dimension, _("“%(value)s” is none of %(known)s") % {"value": value, "known": known})
    return code


def _number(dimension: Dimension, value: Any) -> Any:
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        number = Decimal(str(value))
        if not number.is_finite() or abs(number) > 10**15:
            raise InvalidOperation
    except InvalidOperation as error:
        raise _wrong(dimension, _("“%(value)s” is not a number") % {"value": value}) from error
    return int(number) if number == number.to_integral_value() else float(number)


def _period(dimension: Dimension, value: Any) -> tuple[date, date]:
    """The first and last day of the period that `value` names: 2017-03-05, 2017-W09, 2017-03, 2017-Q1 or 2017."""
    try:
        day = value if isinstance(value, date) else _first_day(str(value))
        return _span(dimension.kind, day)
    except (ValueError, OverflowError) as error:
        shape = {"week": "2017-W09", "month": "2017-03", "quarter": "2017-Q1", "year": "2017"}
        example = shape.get(dimension.kind, "2017-03-05")
        raise _wrong(
            dimension, _("“%(value)s” cannot be read; write it as %(example)s") % {"value": value, "example": example}
        ) from error


def _first_day(text: str) -> date:
    if found := re.fullmatch(r"(\d{4})-?W(\d{1,2})", text):
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    if found := re.fullmatch(r"(\d{4})-?Q([1-4])", text):
        return date(int(found[1]), 3 * int(found[2]) - 2, 1)
    if found := re.fullmatch(r"(\d{4})(?:-(\d{2}))?", text):
        return date(int(found[1]), int(found[2] or 1), 1)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _span(kind: str, day: date) -> tuple[date, date]:
    if kind == d.DAY:
        return day, day
    if kind == d.WEEK:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    months = {d.MONTH: 1, d.QUARTER: 3, d.YEAR: 12}[kind]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    following = first.year * 12 + first.month - 1 + months
    return first, date(following // 12, following % 12 + 1, 1) - timedelta(days=1)


def _wrong(dimension: Dimension, reason: str) -> BadQuery:
    return BadQuery(
        _("The filter on “%(name)s” cannot be used: %(reason)s.") % {"name": dimension.name, "reason": reason},
        f"where.{dimension.name}",
    )
