"""The plot beside a table: rows along the axis, or the periods across with the largest rows as lines."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.lake import dimensions, figures
from guanxi.lake.explore.grid import REST, Key
from guanxi.lake.explore.shown import Shown

MOST_POINTS = 60
MOST_BARS = 15
MOST_SERIES = 6


def plot(made: Shown) -> dict[str, Any] | None:
    """The plot of the first measure, as static/guanxi/plot.js describes it; None where there is nothing to draw."""
    state, grid = made.state, made.grid
    if state.plot == "none" or not grid.rows or not grid.by:
        return None
    if grid.across and grid.across.format in dimensions.PERIODS:
        spec = _over_time(made)
    elif grid.across:
        spec = _side_by_side(made)
    else:
        spec = _plain(made)
    return {"type": state.plot, "format": made.shape(grid.measures[0]), **spec}


def _plain(made: Shown) -> dict[str, Any]:
    measure = made.grid.measures[0]
    rows = [key for key in made.rows() if REST not in key][:MOST_POINTS]  # the rest would dwarf them
    series: list[dict[str, Any]] = [{"name": str(measure.label), "data": [_point(made, key, None) for key in rows]}]
    if made.before is not None:
        earlier = made.before
        series.append({"name": _("before"), "data": [_point(earlier, key, None) for key in rows], "muted": True})
    return {
        "x": [made.row_words(key) for key in rows],
        "series": series,
        "links": [made.behind(key, None, measure) for key in rows],
    }


def _over_time(made: Shown) -> dict[str, Any]:
    rows = [key for key in made.rows() if REST not in key][:MOST_SERIES]
    return {
        "x": [made.column_words(value) for value in made.grid.columns],
        "series": [
            {"name": made.row_words(key), "data": [_point(made, key, value) for value in made.grid.columns]}
            for key in rows
        ],
        "links": [made.behind(rows[0], value, made.grid.measures[0]) for value in made.grid.columns] if rows else [],
    }


def _side_by_side(made: Shown) -> dict[str, Any]:
    rows, shown = made.rows()[:MOST_BARS], made.grid.columns[:MOST_SERIES]
    return {
        "x": [made.row_words(key) for key in rows],
        "series": [
            {"name": made.column_words(value), "data": [_point(made, key, value) for key in rows]} for value in shown
        ],
        "links": [made.behind(key, shown[0], made.grid.measures[0]) for key in rows] if shown else [],
    }


def _point(made: Shown, key: Key, column: Any) -> float | None:
    return figures.as_float(made.value(key, column, made.grid.measures[0])[0])
