"""The figures of a grid as they are shown: which figure, in which shape, what it is called and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.lake import dimensions, figures, links, measures
from guanxi.lake.explore import periods
from guanxi.lake.explore.grid import REST, Grid, Key, Rest
from guanxi.lake.explore.state import COLUMN, ROW, SO_FAR, TOTAL, State
from guanxi.lake.figures import Note
from guanxi.lake.measures import MONEY, NUMBER, PERCENT
from guanxi.lake.query import Column

ALL_COLUMNS = Rest()  # in place of a column: the row as a whole


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


def figure(shape: str, value: Any) -> str:
    """A measured value as people read it; `shape` is that of its measure."""
    if value is None:
        return "–"
    if shape == MONEY:
        return figures.money(value)
    if shape == PERCENT:
        return f"{figures.rounded(100 * float(value), 1)} %"
    return figures.rounded(value, 2 if isinstance(value, float) else 0 if value == int(value) else 2)


def change(shape: str, now: Any, before: Any) -> Note:
    """How a figure changed: in per cent, percentages by points."""
    if shape != PERCENT:
        return figures.percent_change(now, before)
    if before is None or now is None:
        return Note("–")
    points = 100 * (float(now) - float(before))
    sign = "+" if points >= 0 else "−"
    words = _("%(sign)s%(points)s points") % {"sign": sign, "points": figures.rounded(abs(points), 1)}
    return Note(words, "up" if points >= 0 else "down")


def share(part: Any, whole: Any) -> float | None:
    """What `part` is of `whole`; None where there is no whole."""
    return float(part or 0) / float(whole) if whole else None


class Shown:
    """A grid as a state wants it shown."""

    def __init__(self, state: State, grid: Grid) -> None:
        self.state, self.grid = state, grid
        self.before = Shown(state, grid.before) if grid.before is not None else None

    def rows(self) -> list[Key]:
        """The rows in order; the rest comes last."""
        rows = list(self.grid.rows)
        name, _at, place = self.state.order.removeprefix("-").partition("@")
        column = next((value for value in self.grid.columns if in_order(value) == place), None) if place else None
        if place and column is not None and any(one.name == name for one in self.grid.measures):
            down = self.state.order.startswith("-")
            known = [key for key in rows if self.grid.cells.get((key, column, name)) is not None]
            known.sort(key=lambda key: self.grid.cells[key, column, name], reverse=down)
            rows = known + [key for key in rows if key not in set(known)]
        return sorted(rows, key=lambda key: REST in key)

    def raw(self, key: Key | None, column: Any, name: str) -> Any:
        """A figure as it was asked; `key` None is the total of a column, ALL_COLUMNS that of a row."""
        if key is None:
            return self.grid.totals.get(name) if column is ALL_COLUMNS else self.grid.column_totals.get((column, name))
        if column is ALL_COLUMNS:
            return self.grid.row_totals.get((key, name))
        return self.grid.cells.get((key, column, name))

    def value(self, key: Key | None, column: Any, measure: Column) -> tuple[Any, str]:
        """A figure as it is shown, and in which shape: itself, or its share. An average has no share."""
        value = self.raw(key, column, measure.name)
        if self.state.show not in (TOTAL, ROW, COLUMN) or measure.parts == measures.RATIO:
            return value, measure.format
        whole = {
            TOTAL: self.grid.totals.get(measure.name),
            ROW: self.raw(key, ALL_COLUMNS if self.grid.across else None, measure.name),
            COLUMN: self.raw(None, column, measure.name),
        }[self.state.show]
        if self.state.show == ROW and not self.grid.across:
            whole = self.grid.totals.get(measure.name)
        return (None if value is None else share(value, whole)), PERCENT

    def shape(self, measure: Column) -> str:
        """In which shape the figures of a measure are shown."""
        shared = self.state.show in (TOTAL, ROW, COLUMN) and measure.parts != measures.RATIO
        return PERCENT if shared else measure.format or NUMBER

    def words(self, column: Column, value: Any) -> str:
        """What a key is called."""
        if value is REST:
            return _("Others")
        return words(column, self.grid.names.get((column.name, value), value))

    def column_words(self, value: Any) -> str:
        """What a column is called."""
        return self.words(self.grid.across, value) if self.grid.across else ""

    def row_words(self, key: Key) -> str:
        """What a row is called."""
        return " · ".join(self.words(column, value) for column, value in zip(self.grid.by, key, strict=True))

    # Where figures lead -----------------------------------------------------------------------------------------------

    def behind(self, key: Key | None, column: Any, measure: Column) -> str:
        """The address of the records behind a figure."""
        where: dict[str, Any] = dict(self.state.now)
        pairs = list(zip(self.grid.by, key, strict=True)) if key is not None else []
        if self.grid.across and column is not ALL_COLUMNS:
            pairs.append((self.grid.across, column))
        for one, value in pairs:
            where = self._narrowed(where, one, value)
        return links.behind(measure.base, where)

    def _narrowed(self, where: dict[str, Any], column: Column, value: Any) -> dict[str, Any]:
        if value is REST:
            kept, asked = list(self.grid.kept[column.name]), where.get(column.name)
            left = [one for one in asked if one not in kept] if isinstance(asked, list) else {"not": kept}
            return where | {column.name: left}
        if column.format in dimensions.PERIODS and value is not None and self.state.show == SO_FAR:
            asked = where.get("day")
            known = dict(asked) if isinstance(asked, Mapping) else {}
            last = periods.days(column.format, value)[1].isoformat()
            return where | {"day": known | {"to": min(last, str(known.get("to", last)))}}
        return where | {column.name: [value.isoformat() if isinstance(value, date) else value]}


def in_order(value: Any) -> str:
    """A column's value as the order in the address names it."""
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
