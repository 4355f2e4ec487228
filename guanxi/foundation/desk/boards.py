"""The rows of a list in lanes: how many there are in each and what they add up to, and the first few of each.

Either few rows are asked for: then they are parted in one pass. Or many: then each lane is walked along its index, no
further than is shown or counted, all lanes in one statement. Nothing here costs more for more rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from django.db import connection
from django.db.models import Case, Count, F, FloatField, IntegerField, Max, Min, Q, QuerySet, Sum, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from guanxi.foundation.desk import axes, likewise, paging
from guanxi.foundation.desk.among import Among
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.desk.rows import COUNTED, loading, with_movable
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.state import State
from guanxi.foundation.money import FixedPointField, from_units

CARDS = 20  # of a lane, at once
SEVERAL = "several"  # in place of a sum: the amounts are of several currencies


@dataclass
class Figures:
    """What the head of a lane says."""

    count: int = 0
    more: bool = False  # there are more than were counted; then `sums` are not known
    sums: list[Any] = field(default_factory=list)


@dataclass
class Filled:
    """A lane with the numbers of its first rows."""

    lane: Lane
    figures: Figures
    ids: list[int] = field(default_factory=list)
    more: bool = False  # rows beyond `ids`


def filled(
    state: State, lanes: Sequence[Lane], sums: Sequence[Field] = (), size: int = CARDS, most: int | None = None
) -> list[Filled]:
    """All lanes with counts (up to `most`, else COUNTED), sums and their first `size` rows: one query to three."""
    if not lanes:
        return []
    if state.few is not None:
        figures, parted = _of_few(state, lanes, sums, size + 1)
    else:
        figures, parted = capped(state, lanes, sums, most), _of_many(state, lanes, size + 1)
    return [
        Filled(lane, figures[number], parted[number][:size], len(parted[number]) > size)
        for number, lane in enumerate(lanes)
    ]


def page(state: State, lane: Lane, cursor: str, fields: Sequence[Field], size: int = CARDS) -> paging.Page:
    """The rows of one lane after a cursor. Raises paging.BadCursor."""
    rows = loading(state.rows_walked().filter(lane.condition), fields, state.order, state.viewer)
    return paging.page(with_movable(rows, state.viewer), state.order, cursor, size)


# Counts and sums ----------------------------------------------------------------------------------------------------


def capped(state: State, lanes: Sequence[Lane], sums: Sequence[Field] = (), most: int | None = None) -> list[Figures]:
    """Counts and sums of each lane in one query; where there are more than `most` rows, that is all that is said."""
    if state.few is not None or state.broken:
        return exact(state, lanes, sums)
    limit = most or COUNTED
    every = state.rows_walked()
    compiled = likewise.Compiled(
        state.lane_conditions, lambda condition: _with_sums(every.filter(condition), sums).order_by()[: limit + 1]
    )
    totals = "".join(
        f", SUM(s{place})" + (f", MIN(c{place}), MAX(c{place})" if currency_of(one) else ", NULL, NULL")
        for place, one in enumerate(sums)
    )
    parts, values = [], []
    for number, lane in enumerate(lanes):
        inner, given = compiled.of(lane)
        parts.append(f"SELECT {number}, COUNT(*){totals} FROM ({inner}) AS lane_{number}")
        values += given
    found = [Figures() for _lane in lanes]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        for number, count, *line in cursor.fetchall():
            more = count > limit
            each = zip(sums, line[::3], line[1::3], line[2::3], strict=True)
            read = [] if more else [_one_currency(_read(one, total), low, high) for one, total, low, high in each]
            found[number] = Figures(min(count, limit), more, read)
    return found


def exact(state: State, lanes: Sequence[Lane], sums: Sequence[Field] = ()) -> list[Figures]:
    """Counts and sums of each lane over all its rows, in one grouped query."""
    found = [Figures(0, False, [None for _one in sums]) for _lane in lanes]
    rows = state.rows_walked().order_by().annotate(lane_number=axes.numbered(lanes))
    for line in rows.values("lane_number").annotate(lane_count=Count("pk"), **totals(sums)):
        if line["lane_number"] >= 0:
            found[line["lane_number"]] = Figures(line["lane_count"], False, read_totals(sums, line))
    return found


def totals(sums: Sequence[Field]) -> dict[str, Any]:
    """What a grouped query works out to add these up."""
    found: dict[str, Any] = {}
    for place, one in enumerate(sums):
        found[f"s{place}"] = Sum(summed(one))
        if name := currency_of(one):
            found |= {f"low{place}": Min(name), f"high{place}": Max(name)}
    return found


def read_totals(sums: Sequence[Field], line: dict[str, Any]) -> list[Any]:
    """The sums that a line of such a query holds."""
    return [
        _one_currency(_plain(line[f"s{place}"]), line.get(f"low{place}"), line.get(f"high{place}"))
        for place in range(len(sums))
    ]


def currency_of(one: Field) -> str:
    """Where the currency of an amount stands, if beside it: amounts of several currencies are never added."""
    assert one.path is not None
    model = one.path.field.model
    if getattr(one.path.field, "own", False):
        return ""
    if one.kind is not Kind.MONEY or one.path.keys or not any(item.name == "currency" for item in model._meta.fields):
        return ""
    return "__".join([*one.path.names[:-1], "currency"])


def _one_currency(total: Any, lowest: Any, highest: Any) -> Any:
    return SEVERAL if lowest != highest else total


def _with_sums(rows: QuerySet[Any], sums: Sequence[Field]) -> QuerySet[Any]:
    columns = _summands(sums)
    found: QuerySet[Any] = rows.annotate(**columns).values_list(*columns) if sums else rows.values_list("pk")
    return found


def _summands(sums: Sequence[Field]) -> dict[str, Any]:
    """The columns that are added up (s0, s1 ...), each with its currency (c0, c1 ...) where that stands beside it."""
    columns: dict[str, Any] = {}
    for place, one in enumerate(sums):
        columns[f"s{place}"] = summed(one)
        if name := currency_of(one):
            columns[f"c{place}"] = F(name)
    return columns


def summed(one: Field) -> Any:
    """What is added up of a number, in JSON too."""
    assert one.path is not None
    return Cast(KT(one.path.orm), FloatField()) if one.path.keys else F(one.path.orm)


def _read(one: Field, total: Any) -> Any:
    """A sum as the database wrote it, in the type of its column."""
    assert one.path is not None
    if total is None:
        return None
    if isinstance(one.path.field, FixedPointField):
        return from_units(int(total))
    return _plain(total)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


# The first rows -----------------------------------------------------------------------------------------------------


def _of_few(
    state: State, lanes: Sequence[Lane], sums: Sequence[Field], most: int
) -> tuple[list[Figures], list[list[int]]]:
    """Counts, sums and the first rows of each lane of a few rows: those are sorted, dealt out and added up."""
    order = state.order
    rows = state.desk.rows(state.viewer).filter(Among("pk", state.few or [])).annotate(lane_number=axes.numbered(lanes))
    by = ["-pk" if order.descending else "pk"]
    if order.by_value:
        assert order.field is not None and order.field.path is not None
        rest = paging.lacking(order.field)
        if rest is not None:
            rows = rows.annotate(
                lane_last=Case(When(rest, then=Value(1)), default=Value(0), output_field=IntegerField())
            )
        way = "-" if order.descending else ""
        by = [*(["lane_last"] if rest is not None else []), f"{way}{order.field.path.orm}", f"{way}{order.tie}", *by]
    columns = _summands(sums)
    dealt: list[list[dict[str, Any]]] = [[] for _lane in lanes]
    for line in rows.annotate(**columns).order_by(*by).values("pk", "lane_number", *columns):
        if line["lane_number"] >= 0:
            dealt[line["lane_number"]].append(line)
    figures = [Figures(len(lines), False, [_added(lines, place) for place in range(len(sums))]) for lines in dealt]
    return figures, [[line["pk"] for line in lines[:most]] for lines in dealt]


def _added(lines: Sequence[dict[str, Any]], place: int) -> Any:
    """What rows with the columns of `_summands` add up to, as a grouped query would tell it."""
    values, currencies = (
        [line[name] for line in lines if line.get(name) is not None] for name in (f"s{place}", f"c{place}")
    )
    total = _plain(sum(values)) if values else None
    return _one_currency(total, min(currencies, default=None), max(currencies, default=None))


def _of_many(state: State, lanes: Sequence[Lane], most: int) -> list[list[int]]:
    """The first rows of each lane, each walked along its index: all in one statement, and in another those without a
    value of the lanes that can have such beside others, and have room for them."""
    found: list[list[int]] = [[] for _lane in lanes]
    if state.broken:
        return found
    valued = state.order.field.path.orm if state.order.field and state.order.field.path else ""
    compiled = [likewise.Compiled(state.lane_conditions, half) for half in _halves(state, most)]
    owed = [_owed(lane.condition, valued) if len(compiled) > 1 else [0] for lane in lanes]
    while any(owed):
        parts, values = [], []
        for place, lane in enumerate(lanes):
            if owed[place] and len(found[place]) < most:
                inner, given = compiled[owed[place].pop(0)].of(lane)
                parts.append(f"SELECT part_{place}.*, {place} FROM ({inner}) AS part_{place}")
                values += given
            else:
                owed[place] = []
        for pk, place in _answered(parts, values):
            if len(found[place]) < most:
                found[place].append(pk)
    return found


def _answered(parts: list[str], values: list[Any]) -> list[tuple[int, int]]:
    """What all parts find, in one statement; within each in its order."""
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return cast("list[tuple[int, int]]", cursor.fetchall())


def _owed(condition: Q, name: str) -> list[int]:
    """Which halves of the rows a lane can have: with a value of that name, without. A month has none without a day;
    PostgreSQL would look through all rows for the first of them."""
    if _says(condition, {f"{name}__lt", f"{name}__gte"}):
        return [0]
    steps = name.split("__")
    # Without the value, or without a row on the way to it.
    absent = {"__".join([*steps[:place], "isnull"]) for place in range(1, len(steps) + 1)}
    return [1] if _says(condition, absent, True) else [0, 1]


def _says(condition: Q, signs: set[str], value: Any = None) -> bool:
    """Whether all rows under a condition are under one of these signs too (with that value, if given)."""
    if condition.negated or condition.connector != Q.AND:
        return False
    parts: list[Any] = list(condition.children)
    each = (
        _says(part, signs, value) if isinstance(part, Q) else part[0] in signs and value in (None, part[1])
        for part in parts
    )
    return any(each)


def _halves(state: State, most: int) -> list[Callable[[Any], QuerySet[Any]]]:
    """By the condition of a lane its rows with a value in the order, then those without: ranges of an index."""
    every, order = state.rows_walked(), state.order
    halves = [paging.with_value(every, order, None)]
    if order.by_value:
        rest = paging.without_value(every, order, None)
        halves += [rest] if rest is not None else []

    def of(half: QuerySet[Any]) -> Callable[[Any], QuerySet[Any]]:
        return lambda condition: half.filter(condition).values_list("pk")[:most]

    return [of(half) for half in halves]
