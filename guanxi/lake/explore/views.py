"""Explore, and the values that a filter can take."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from guanxi.foundation.actions import Refused
from guanxi.lake import dimensions
from guanxi.lake.explore import answer, behind
from guanxi.lake.explore.state import PLOTS, State, choices
from guanxi.lake.query import CannotCut, Query, run

MOST_VALUES = 300
PLOT_ICONS = {"bar": "chart-bar", "line": "chart-line", "hbar": "list-details", "none": "table"}


@require_GET
def explore(request: HttpRequest) -> HttpResponse:
    """The whole page; htmx takes its middle."""
    state = State.read(request.GET)
    context: dict[str, Any] = {
        "state": state,
        "choices": choices(state.measures[:1] if state.across else state.measures),
        "pills": _pills(state),
    }
    try:
        result = run(state.query, request.user)
        context |= {"table": answer.table(state, result), "as_of": result.as_of, "currency": result.currency}
    except CannotCut as refusal:
        context["problem"] = refusal.in_words
    except Refused as refusal:
        context["problem"] = refusal.message
    plots = {"bar": _("Bars"), "line": pgettext("plot", "Lines"), "hbar": _("Lying bars"), "none": _("Table only")}
    context["plots"] = [(plot, plots[plot], PLOT_ICONS[plot], state.url(plot=plot)) for plot in PLOTS]
    return render(request, "lake/explore.html", context)


@require_GET
def values(request: HttpRequest, name: str) -> HttpResponse:
    """The editor of one filter: a span of days, or the values of a dimension; the largest first, by the customers who
    are known where it tells of them, else by sales.
    """
    dimension = dimensions.all().get(name)
    context: dict[str, Any] = {"name": name, "dimension": dimension, "state": State.read(request.GET)}
    if dimension is None:
        context["problem"] = _("There is no dimension “%(name)s”.") % {"name": name}
    elif dimension.kind not in dimensions.PERIODS:
        of_customers = dimension.kind != dimensions.RECORD and dimension.cuts("party")
        result = run(Query(["known" if of_customers else "sales"], [name], limit=MOST_VALUES), request.user)
        column = result.columns[0]
        chosen = set(context["state"].where.get(name, []))
        context["values"] = [
            (_raw(row, column), answer.words(column, row[name]), row[name] in chosen or row.get(column.key) in chosen)
            for row in result.rows
        ]
    return render(request, "lake/explore_filter.html", context)


def _raw(row: dict[str, Any], column: Any) -> str:
    """A value as the address holds it; records by “#” and their id."""
    if column.key:
        return f"#{row[column.key]}" if row.get(column.key) is not None else ""
    return "" if row[column.name] is None else str(row[column.name])


def _pills(state: State) -> list[dict[str, str]]:
    known = dimensions.all()
    pills = []
    for name, asked in state.where.items():
        dimension = known.get(name)
        label = str(dimension.label) if dimension else name
        pills.append({"name": name, "text": f"{label}: {behind.spoken(dimension, asked)}", "off": state.without(name)})
    return pills
