"""Explore, its files, and the values that a filter can take."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer, require
from guanxi.lake import allowed, dimensions, measures, remembering
from guanxi.lake.dimensions import Dimension
from guanxi.lake.explore import actions, answer, behind, grid, shown
from guanxi.lake.explore.state import COLUMN, PLOTS, ROW, SO_FAR, TOTAL, State, choices
from guanxi.lake.query import CannotCut, Query, run

MOST_VALUES = 300
TOPS = (5, 10, 20, 50)
PLOT_ICONS = {"bar": "chart-bar", "line": "chart-line", "hbar": "list-details", "none": "table"}
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@require_GET
def explore(request: HttpRequest) -> HttpResponse:
    """The whole page; htmx takes its middle."""
    require(request.user, "view", "reports")
    state = State.read(request.GET)
    context: dict[str, Any] = {
        "state": state,
        "query": state.url().removeprefix("?"),
        "choices": choices(state.measures),
        "offers": offers(),
        "pills": pills(state, request.user),
        "saving": [found for add in hooks.get("explore_saving") if (found := add(state, request.user))],
    }
    try:
        found = grid.build(state, remembering.asker(request.user))
        context |= {"table": answer.table(state, found), "as_of": found.as_of, "currency": found.currency}
    except CannotCut as refusal:
        context["problem"] = refusal.in_words
    except Refused as refusal:
        context["problem"] = refusal.message
    plots = {"bar": _("Bars"), "line": pgettext("plot", "Lines"), "hbar": _("Lying bars"), "none": _("Table only")}
    context["plots"] = [(plot, plots[plot], PLOT_ICONS[plot], state.url(plot=plot)) for plot in PLOTS]
    return render(request, "lake/explore.html", context)


def offers() -> dict[str, Any]:
    """What can be chosen besides measures and dimensions."""
    return {
        "compare": [
            ("before", _("the period before")),
            ("year", _("a year before")),
            ("other", _("other days")),
        ],
        "show": [
            (TOTAL, _("share of the total")),
            (ROW, _("share of the row")),
            (COLUMN, _("share of the column")),
            (SO_FAR, _("sum so far")),
        ],
        "tops": TOPS,
    }


@require_GET
def download(request: HttpRequest, shape: str) -> HttpResponse:
    """The table as a file."""
    if shape not in TYPES:
        raise Http404(shape)
    require(request.user, "export", "reports")
    state = State.read(request.GET)
    try:
        table = answer.table(state, grid.build(state, remembering.asker(request.user)))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(f"{reverse('explore')}{state.url()}")
    actions.note_export(shape, state.url().removeprefix("?"), by=request.user)
    from guanxi.lake.explore import files  # it brings openpyxl

    content = files.csv_text(table) if shape == "csv" else files.xlsx(_("Explore"), table)
    name = {"Content-Disposition": f'attachment; filename="explore.{shape}"'}
    return HttpResponse(content, content_type=TYPES[shape], headers=name)


@require_GET
def values(request: HttpRequest, name: str) -> HttpResponse:
    """The editor of one filter: a span of days, or the values of a dimension; the largest first, by the customers who
    are known where it tells of them, else by sales.
    """
    require(request.user, "view", "reports")
    dimension = dimensions.all().get(name)
    context: dict[str, Any] = {"name": name, "dimension": dimension, "state": State.read(request.GET)}
    if dimension is None:
        context["problem"] = _("There is no dimension “%(name)s”.") % {"name": name}
    elif dimension.kind not in dimensions.PERIODS:
        result = run(Query([_counting(dimension)], [name], limit=MOST_VALUES), request.user)
        column = result.columns[0]
        asked = context["state"].where.get(name, [])
        chosen = set(asked) if isinstance(asked, list) else set()
        context["values"] = [
            (_raw(row, column), shown.words(column, row[name]), row[name] in chosen or row.get(column.key) in chosen)
            for row in result.rows
        ]
    return render(request, "lake/explore_filter.html", context)


def _counting(dimension: Dimension) -> str:
    """The measure by which values of a dimension stand in order."""
    known = measures.all()
    first = ("known", "sales") if dimension.kind != dimensions.RECORD else ("sales",)
    return str(next(name for name in (*first, *known) if name in known and dimension.cuts(known[name].base)))


def _raw(row: dict[str, Any], column: Any) -> str:
    """A value as the address holds it; records by “#” and their id."""
    if column.key:
        return f"#{row[column.key]}" if row.get(column.key) is not None else ""
    return "" if row[column.name] is None else str(row[column.name])


def pills(state: State, viewer: Viewer) -> list[dict[str, str]]:
    """The filters in words, each with the address that takes it away."""
    known = dimensions.all()
    found = []
    for name, asked in state.where.items():
        dimension = known.get(name)
        label = str(dimension.label) if dimension else name
        said = behind.spoken(dimension, named(dimension, asked, viewer))
        found.append({"name": name, "text": f"{label}: {said}", "off": state.without(name)})
    return found


def named(dimension: Any, asked: Any, viewer: Viewer) -> Any:
    """A filter on records by their ids as one by their names, as far as the viewer may see them."""
    if dimension is None or dimension.kind != dimensions.RECORD:
        return asked
    if isinstance(asked, dict):
        return {edge: named(dimension, values, viewer) for edge, values in asked.items()}
    ids = [value for value in asked if isinstance(value, int)] if isinstance(asked, list) else []
    names = names_of(dimension, ids, viewer) if ids else {}
    return [names.get(value, value) for value in asked]


def names_of(dimension: Any, ids: list[int], viewer: Viewer) -> dict[int, str]:
    """What records of a dimension are called, of those that the viewer may see."""
    rows = allowed.rows_for(viewer, dimension.table)
    key = dimension.own_key
    found = rows.filter(rows[key].isin(ids)).select(key, dimension.column).to_pyarrow().to_pylist()
    return {row[key]: row[dimension.column] for row in found}
