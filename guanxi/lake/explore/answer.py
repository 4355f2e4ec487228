"""The answer as a table and a plot: plain, or with one dimension across; every figure with a link to the orders
or customers behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.lake import dimensions, figures, links
from guanxi.lake.explore.state import State
from guanxi.lake.measures import MONEY, PERCENT
from guanxi.lake.query import Column, Result

MOST_ACROSS = 18
MOST_POINTS = 60
MOST_BARS = 15
MOST_SERIES = 6


@dataclass(frozen=True)
class Cell:
    """One cell: text, where it leads, and whether it is a figure."""

    text: str
    url: str = ""
    figure: bool = False
    value: float | None = None


@dataclass
class Table:
    """What the page shows: heads (text, address that sorts by it), rows, the totals, and the plot."""

    heads: list[Cell]
    rows: list[list[Cell]] = field(default_factory=list)
    totals: list[Cell] = field(default_factory=list)
    plot: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


def table(state: State, result: Result) -> Table:
    """The table of an answer."""
    made = _across(state, result) if state.across else _plain(state, result)
    made.notes += result.notes
    return made


def words(column: Column, value: Any) -> str:
    """A value of a dimension as people read it."""
    if value is None:
        return _("not known")
    if value in column.labels:
        return str(column.labels[value])
    if isinstance(value, date):
        shapes = {
            dimensions.MONTH: pgettext("month", "F Y"),
            dimensions.YEAR: "Y",
            dimensions.WEEK: pgettext("date format", "j M Y"),
        }
        if column.format == dimensions.QUARTER:
            return f"{value.year} Q{(value.month + 2) // 3}"
        return date_format(value, shapes.get(column.format, pgettext("date format", "j M Y")))
    return str(value)


def figure(column: Column, value: Any) -> str:
    """A measured value as people read it."""
    if value is None:
        return "–"
    if column.format == MONEY:
        return figures.money(value)
    if column.format == PERCENT:
        return f"{figures.rounded(100 * float(value), 1)} %"
    return figures.rounded(value, 2 if isinstance(value, float) else 0 if value == int(value) else 2)


def condition(column: Column, row: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The filter that a row stands for in one dimension; records by their id."""
    value = row.get(column.key) if column.key else row[column.name]
    return {column.name: [value.isoformat() if isinstance(value, date) else value]}


def _split(result: Result) -> tuple[list[Column], list[Column]]:
    by = [column for column in result.columns if column.role == "dimension"]
    return by, [column for column in result.columns if column.role == "measure"]


def _plain(state: State, result: Result) -> Table:
    by, measured = _split(result)
    made = Table([_head(state, column, figure=column in measured) for column in (*by, *measured)])
    for row in result.rows:
        where = dict(state.where)
        for column in by:
            where |= condition(column, row)
        cells = [Cell(words(column, row[column.name])) for column in by]
        made.rows.append(cells + [_figure(column, row[column.name], where) for column in measured])
    if result.totals is not None and by:
        made.totals = [Cell(_("All"))] + [Cell("")] * (len(by) - 1)
        made.totals += [_figure(column, result.totals[column.name], state.where) for column in measured]
    made.plot = _plot(state, by, made.rows[:MOST_POINTS], [(c.label, len(by) + i) for i, c in enumerate(measured[:1])])
    _set_format(made.plot, measured)
    return made


def _across(state: State, result: Result) -> Table:
    """The last dimension as columns; those beyond the largest are left out, and it says so."""
    by, measured = _split(result)
    *rows_by, across = by
    (measure,) = measured
    sizes: dict[Any, Decimal] = defaultdict(Decimal)
    grid: dict[tuple[Any, ...], dict[Any, Any]] = {}
    conditions: dict[Any, dict[str, list[Any]]] = {}
    for row in result.rows:
        key = tuple(row.get(column.key or column.name) for column in rows_by)
        value = row.get(across.key or across.name)
        sizes[value] += Decimal(str(row[measure.name] or 0))
        conditions.setdefault(value, condition(across, row) | {"_words": [words(across, row[across.name])]})
        grid.setdefault(key, {"_row": row})[value] = row[measure.name]
    shown = sorted(sorted(sizes, key=lambda value: -sizes[value])[:MOST_ACROSS], key=_ordering(across, conditions))
    names = {value: conditions[value].pop("_words")[0] for value in sizes}
    made = Table([Cell(str(column.label)) for column in rows_by] or [Cell("")])
    made.heads += [Cell(names[value], figure=True) for value in shown]
    for cells in _by_size(grid.values(), rows_by):
        where = dict(state.where)
        for column in rows_by:
            where |= condition(column, cells["_row"])
        line = [Cell(words(column, cells["_row"][column.name])) for column in rows_by] or [Cell(measure.label)]
        line += [_figure(measure, cells.get(value), where | conditions[value]) for value in shown]
        made.rows.append(line)
    if len(sizes) > len(shown):
        made.notes.append(_("Only the %(count)s largest columns are shown.") % {"count": len(shown)})
    offset = max(len(rows_by), 1)
    if across.format in dimensions.PERIODS:
        made.plot = _over_time(state, [names[value] for value in shown], made.rows[:MOST_SERIES], offset)
    else:
        series = [(names[value], offset + index) for index, value in enumerate(shown[:MOST_SERIES])]
        made.plot = _plot(state, rows_by, made.rows[:MOST_BARS], series)
    _set_format(made.plot, measured)
    return made


def _by_size(rows: Iterable[dict[Any, Any]], by: list[Column]) -> list[dict[Any, Any]]:
    """The rows of a pivot, the largest first; periods stay in their order."""
    if by and by[0].format in dimensions.PERIODS:
        return list(rows)
    return sorted(rows, key=lambda cells: -sum(value or 0 for key, value in cells.items() if key != "_row"))


def _over_time(state: State, periods: list[str], rows: list[list[Cell]], offset: int) -> dict[str, Any] | None:
    """A pivot whose columns are periods: they run along the axis, the largest rows are the series."""
    if state.plot == "none" or not rows:
        return None
    return {
        "type": state.plot,
        "x": periods,
        "series": [
            {"name": " · ".join(cell.text for cell in cells[:offset]), "data": [cell.value for cell in cells[offset:]]}
            for cells in rows
        ],
        "links": [cell.url for cell in rows[0][offset:]],
    }


def _ordering(column: Column, conditions: Mapping[Any, Mapping[str, list[Any]]]) -> Callable[[Any], Any]:
    """Periods and coded values in their own order, others by name; not known comes last."""
    ranks = {value: rank for rank, value in enumerate(column.labels)}

    def key(value: Any) -> Any:
        if value is None:
            return (3, 0, "")
        if value in ranks:
            return (0, ranks[value], "")
        return (1, 0, conditions[value][column.name][0] if isinstance(value, date) else conditions[value]["_words"][0])

    return key


def _head(state: State, column: Column, *, figure: bool) -> Cell:
    down = f"-{column.name}"
    return Cell(column.label, state.url(order=column.name if state.order == down else down), figure)


def _figure(column: Column, value: Any, where: Mapping[str, Any]) -> Cell:
    """A figure with the address of the records behind it."""
    url = links.behind(column.base, where) if value is not None else ""
    return Cell(figure(column, value), url, True, figures.as_float(value))


def _plot(
    state: State, by: list[Column], rows: list[list[Cell]], series: list[tuple[Any, int]]
) -> dict[str, Any] | None:
    """The first dimension along the axis; with several, their words joined."""
    if state.plot == "none" or not rows or not series:
        return None
    names = [" · ".join(cell.text for cell in cells[: max(len(by), 1)]) for cells in rows]
    return {
        "type": state.plot,
        "x": names,
        "series": [{"name": str(label), "data": [cells[index].value for cells in rows]} for label, index in series],
        "links": [cells[series[0][1]].url for cells in rows],
    }


def _set_format(plot: dict[str, Any] | None, measured: list[Column]) -> None:
    if plot is not None:
        plot["format"] = measured[0].format
