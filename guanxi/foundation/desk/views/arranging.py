"""The panel in which one chooses by what a board, a calendar or groups are made, and what is added up."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from guanxi.foundation import visibility
from guanxi.foundation.desk import layouts
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.axes import Axis
from guanxi.foundation.desk.declaration import Desk


@require_GET
def arrange(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What can be chosen of the form that the list is shown in."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    layout = state.layout
    chosen = {field.name for field in layout.sums}
    kept = [pair for pair in state.here if pair[0] not in ("by", "sums", "sort")]
    if state.view_asked:
        kept.append(("view", str(state.view.pk) if state.view else ""))
    calendar = layout.kind == layouts.CALENDAR
    return render(
        request,
        "desk/arrange.html",
        {
            "desk": desk,
            "state": state,
            "layout": layout,
            "kept": kept,
            "axes": [(axis, layout.axis is not None and axis.name == layout.axis.name) for axis in _offered(state)],
            "sums": [] if calendar else [(field, field.name in chosen) for field in layouts.addable(desk)],
            "sorts": [] if calendar else _sorts(state),
        },
    )


def _offered(state: states.State) -> list[Axis]:
    return layouts.offered(state.desk, state.layout.kind)


def _sorts(state: states.State) -> list[tuple[str, str, bool]]:
    """Orders to choose from: the parameter, the words, whether it is in force."""
    found = []
    for column in state.desk.all_columns():
        if column.sortable:
            for name in (column.name, f"-{column.name}"):
                arrow = "↓" if name.startswith("-") else "↑"
                found.append((name, f"{column.label} {arrow}", name == state.order.name))
    return found
