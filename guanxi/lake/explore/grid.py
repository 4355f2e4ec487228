"""The figures of a pivot, put together from what the lake answers: cells, and the totals of rows and columns.

Totals are asked of the lake and never added up here: of different customers, averages and the like the parts do not
make the whole. So a pivot is up to four questions: the cells, the rows, the columns, and all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from guanxi.lake import dimensions, measures, query
from guanxi.lake.explore import periods
from guanxi.lake.explore.state import SO_FAR, State
from guanxi.lake.query import Column, Query, Result

MOST_ROWS = 500
MOST_ACROSS = 18
MOST_PERIODS = 60  # of which figures so far are asked, where they cannot be added up
MOST_CELLS = 30_000

Ask = Callable[[Query], Result]
Key = tuple[Any, ...]


class Rest:
    """Stands for all values that are not shown by themselves."""

    def __repr__(self) -> str:
        return "REST"


REST = Rest()
ALL: Key = ("all rows",)


@dataclass
class Grid:
    """Rows and columns by their keys (the values of the dimensions, ids for records), and the figures.

    `cells` is by row, column and measure; a grid without a dimension across has one column, `None`. `names` says what a
    record is called. `before` are the same figures of the period compared with, under the keys of this one.
    """

    by: list[Column]
    across: Column | None
    measures: list[Column]
    rows: list[Key] = field(default_factory=list)
    columns: list[Any] = field(default_factory=list)
    cells: dict[tuple[Key, Any, str], Any] = field(default_factory=dict)
    row_totals: dict[tuple[Key, str], Any] = field(default_factory=dict)
    column_totals: dict[tuple[Any, str], Any] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)
    names: dict[tuple[str, Any], Any] = field(default_factory=dict)
    kept: Mapping[str, list[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    as_of: datetime | None = None
    currency: str = ""
    before: Grid | None = None


def build(state: State, ask: Ask) -> Grid:
    """Answer what `state` asks. Raises BadQuery, NotAllowed, LakeBroken."""
    where = dict(state.now)
    keep = _kept(state, where, ask)
    grid = _asked(state, where, keep, ask)
    if state.show == SO_FAR:
        _so_far(state, grid, where, keep, ask)
    if state.compare:
        _compare(state, grid, where, keep, ask)
    return grid


def _compare(state: State, grid: Grid, where: dict[str, Any], keep: dict[str, list[Any]], ask: Ask) -> None:
    other, now = state.compared, state.span
    if other is None:
        grid.notes.append(_("Choose a period, with a first and a last day, to compare it."))
        return
    earlier = where | {"day": {"from": other[0].isoformat(), "to": other[1].isoformat()}}
    before = _asked(replace(state, order=""), earlier, keep, ask, MOST_CELLS)
    if state.show == SO_FAR:
        _so_far(state, before, earlier, keep, ask)
    grid.before = _aligned(before, grid, now[0] if now else other[0], other[0])


def _kept(state: State, where: dict[str, Any], ask: Ask) -> dict[str, list[Any]]:
    """Of which dimensions only the largest stay apart, and which these are."""
    known = dimensions.all()
    keep: dict[str, list[Any]] = {}
    wanted = [(state.by[0], state.top)] if state.by and state.top else []
    wanted += [(state.across, MOST_ACROSS)] if state.across else []
    for name, most in wanted:
        if name not in known or known[name].kind in dimensions.PERIODS:
            continue
        measure = _leading(state)
        found = ask(Query([measure], [name], where, [f"-{measure}"], limit=most + 1))
        if len(found.rows) > most:
            column = found.columns[0]
            keep[name] = [row[column.key or name] for row in found.rows[:most]]
    return keep


def _leading(state: State) -> str:
    """The measure by which rows are ordered and the largest are chosen."""
    named = state.order.removeprefix("-").partition("@")[0]
    return named if named in state.measures else state.measures[0]


def _asked(state: State, where: dict[str, Any], keep: dict[str, list[Any]], ask: Ask, most: int = MOST_ROWS) -> Grid:
    by, across = list(state.by), [state.across] if state.across else []
    kept_rows = {name: values for name, values in keep.items() if name in by}
    shown = ask(Query(state.measures, by, where, _order(state), most, totals=True, keep=kept_rows))
    grid = _frame(shown, keep)
    rows = [(_key(row, grid.by, keep), row) for row in shown.rows]
    grid.rows = [key for key, _row in rows]
    for key, row in rows:
        _name(grid, grid.by, row)
        for measure in grid.measures:
            grid.row_totals[key, measure.name] = row[measure.name]
    grid.totals = dict(shown.totals or (shown.rows[0] if shown.rows else {}))
    if not across:
        grid.columns = [None]
        grid.cells = {(key, None, name): value for (key, name), value in grid.row_totals.items()}
        grid.column_totals = {(None, name): value for name, value in grid.totals.items()}
        return grid
    _ask_across(state, grid, where, keep, ask)
    return grid


def _frame(shown: Result, keep: Mapping[str, list[Any]]) -> Grid:
    by = [column for column in shown.columns if column.role == "dimension"]
    measured = [column for column in shown.columns if column.role == "measure"]
    return Grid(by, None, measured, kept=keep, notes=list(shown.notes), as_of=shown.as_of, currency=shown.currency)


def _ask_across(state: State, grid: Grid, where: dict[str, Any], keep: dict[str, list[Any]], ask: Ask) -> None:
    name = state.across
    folded = {name: keep[name]} if name in keep else {}
    columns = ask(Query(state.measures, [name], where, limit=MOST_CELLS, keep=folded))
    grid.across = across = columns.columns[0]
    for row in columns.rows:
        (value,) = _key(row, [across], keep)
        _name(grid, [across], row)
        grid.columns.append(value)
        for measure in grid.measures:
            grid.column_totals[value, measure.name] = row[measure.name]
    cells = ask(Query(state.measures, [*state.by, name], where, limit=MOST_CELLS, keep=keep))
    wanted = set(grid.rows)
    for row in cells.rows:
        *key, value = _key(row, [*grid.by, across], keep)
        if tuple(key) in wanted:
            for measure in grid.measures:
                grid.cells[tuple(key), value, measure.name] = row[measure.name]
    if len(cells.rows) == MOST_CELLS:
        grid.notes.append(_("There are too many cells to show all; choose a shorter period or fewer rows."))
    _sort_columns(grid)
    if len(grid.columns) > MOST_PERIODS:
        grid.columns = grid.columns[-MOST_PERIODS:]
        grid.notes.append(_("Only the last %(count)s columns are shown; totals are of all.") % {"count": MOST_PERIODS})


def _order(state: State) -> list[str]:
    """The order of the rows as the lake knows it; by a single column of a pivot they are put in order afterwards."""
    name = state.order.removeprefix("-")
    if name in (*state.measures, *state.by):
        return [state.order]
    known = dimensions.all()
    if state.by and state.by[0] in known and known[state.by[0]].kind in dimensions.PERIODS:
        return [state.by[0]]
    return [f"-{_leading(state)}"]


def _key(row: Mapping[str, Any], columns: list[Column], keep: Mapping[str, Any]) -> Key:
    return tuple(
        REST if column.name in keep and row.get(f"{column.name}{query.REST}") else row.get(column.key or column.name)
        for column in columns
    )


def _name(grid: Grid, columns: list[Column], row: Mapping[str, Any]) -> None:
    for column in columns:
        grid.names[column.name, row.get(column.key or column.name)] = row[column.name]


def _sort_columns(grid: Grid) -> None:
    """Periods and coded values in their own order, others from the largest; not known, and the rest, come last."""
    across = grid.across
    assert across is not None
    ranks = {value: rank for rank, value in enumerate(across.labels)}
    first = grid.measures[0].name

    def place(value: Any) -> Any:
        if value is REST:
            return (3, 0)
        if value is None:
            return (2, 0)
        if across.format in dimensions.PERIODS or across.format == dimensions.NUMBER:
            return (0, value)
        return (0, ranks[value]) if value in ranks else (1, -(grid.column_totals.get((value, first)) or 0))

    grid.columns.sort(key=place)


def _so_far(state: State, grid: Grid, where: dict[str, Any], keep: dict[str, list[Any]], ask: Ask) -> None:
    """Turn the figures into those from the first period up to each: sums are added up, all else is asked anew."""
    period = _running(grid)
    if period is None:
        grid.notes.append(_("Figures so far need a period as rows or columns."))
        return
    count = len(grid.columns) if grid.across is period else len({key[grid.by.index(period)] for key in grid.rows})
    added = [one.name for one in grid.measures if one.parts == measures.SUM]
    asked = [one for one in grid.measures if one.parts != measures.SUM]
    cells: dict[tuple[Key, Any, str], Any] = {}
    for name in added:
        cells |= _running_sums(grid, period, name)
    if asked and count > MOST_PERIODS:
        grid.notes.append(
            _("“%(measure)s” is not shown so far for more than %(most)s periods; choose longer ones.")
            % {"measure": asked[0].label, "most": MOST_PERIODS}
        )
    elif asked:
        question = Query([one.name for one in asked], (), where, limit=MOST_CELLS, keep=keep, until=period.name)
        cells |= _asked_so_far(state, grid, question, ask)
    grid.cells = {place: value for place, value in cells.items() if place[0] != ALL}
    if grid.across is period:
        grid.column_totals = {(column, name): value for (key, column, name), value in cells.items() if key == ALL}
    elif not grid.across:
        grid.row_totals = {(key, name): value for (key, _column, name), value in cells.items()}


def _asked_so_far(state: State, grid: Grid, question: Query, ask: Ask) -> dict[tuple[Key, Any, str], Any]:
    """The figures up to each period as the lake knows them; under the key ALL those of all rows."""
    cells: dict[tuple[Key, Any, str], Any] = {}
    across = [state.across] if state.across else []
    shown = set(grid.rows)
    for row in ask(replace(question, by=[*state.by, *across])).rows:
        key = _key(row, [*grid.by, grid.across] if grid.across else grid.by, question.keep)
        place = (key[:-1], key[-1]) if grid.across else (key, None)
        if place[0] in shown:
            cells |= {(*place, name): row[name] for name in question.measures}
    if grid.across and grid.across.name == question.until:
        for row in ask(replace(question, by=across, keep={})).rows:
            cells |= {(ALL, row[state.across], name): row[name] for name in question.measures}
    return cells


def _running(grid: Grid) -> Column | None:
    """The period along which figures run on."""
    if grid.across and grid.across.format in dimensions.PERIODS:
        return grid.across
    return next((column for column in grid.by if column.format in dimensions.PERIODS), None)


def _running_sums(grid: Grid, period: Column, measure: str) -> dict[tuple[Key, Any, str], Any]:
    """Sums along the columns, or along the rows that differ in the period alone."""
    if grid.across is period:
        lines = [[(key, column) for column in grid.columns] for key in [*grid.rows, ALL]]
    else:
        at = grid.by.index(period)

        def aside(place: tuple[Key, Any]) -> str:
            return repr((place[0][:at], place[0][at + 1 :], place[1]))

        places = [(key, column) for key in grid.rows for column in grid.columns]
        places.sort(key=lambda place: (aside(place), place[0][at]))
        lines = [list(line) for _same, line in groupby(places, key=aside)]
    made: dict[tuple[Key, Any, str], Any] = {}
    for line in lines:
        total: Any = None
        for key, column in line:
            value = grid.column_totals.get((column, measure)) if key == ALL else grid.cells.get((key, column, measure))
            total = total if value is None else value + (total or Decimal(0))
            if total is not None:
                made[key, column, measure] = total
    return made


def _aligned(before: Grid, now: Grid, first: Any, other_first: Any) -> Grid:
    """The figures of another period under the keys of this one: periods by their place from the first on."""
    places = {
        (column.name, periods.ordinal(column.format, value, first)): value
        for column, values in _values(now)
        if column.format in dimensions.PERIODS
        for value in values
        if value is not None and value is not REST
    }

    def moved(column: Column, value: Any) -> Any:
        if column.format not in dimensions.PERIODS or value is None or value is REST:
            return value
        return places.get((column.name, periods.ordinal(column.format, value, other_first)), ("before", value))

    def row(key: Key) -> Key:
        return tuple(moved(column, value) for column, value in zip(now.by, key, strict=True))

    def across(value: Any) -> Any:
        return moved(now.across, value) if now.across else value

    return replace(
        before,
        rows=[row(key) for key in before.rows],
        columns=[across(value) for value in before.columns],
        cells={(row(key), across(value), name): figure for (key, value, name), figure in before.cells.items()},
        row_totals={(row(key), name): figure for (key, name), figure in before.row_totals.items()},
        column_totals={(across(value), name): figure for (value, name), figure in before.column_totals.items()},
    )


def _values(grid: Grid) -> list[tuple[Column, set[Any]]]:
    found = [(column, {key[at] for key in grid.rows}) for at, column in enumerate(grid.by)]
    return found + ([(grid.across, set(grid.columns))] if grid.across else [])
