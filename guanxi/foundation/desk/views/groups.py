"""The grouped list: groups that fold and unfold; their rows are asked for when one looks."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from guanxi.foundation import visibility
from guanxi.foundation.desk import axes, boards, groups, layouts, paging
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.state import State
from guanxi.foundation.desk.views import lists
from guanxi.foundation.desk.views.boards import head_of


@lists.form(layouts.GROUPED)
def body(request: HttpRequest, state: State) -> dict[str, Any]:
    """What the grouped list shows: heads with counts and sums; rows come when a group is opened."""
    found: list[tuple[Lane, boards.Figures]] = []
    more = False
    try:
        found, more = groups.found(state, state.layout.sums)
    except axes.TooMany:
        words = _("“%(name)s” has more than %(number)s values: too many for groups. Choose something else.")
        assert state.layout.axis is not None
        state.notices.append(words % {"name": state.layout.axis.label, "number": axes.MOST_LANES})
    if more:
        state.notices.append(_("These are the first %(number)s groups.") % {"number": groups.MOST_GROUPS})
    shown = [
        {**head_of(state, lane, figures, number), "rows_url": state.url("desk:group", lane=lane.key)}
        for number, (lane, figures) in enumerate(found)
    ]
    known = {} if more or any(figures.more for _lane, figures in found) else {
        "number": sum(figures.count for _lane, figures in found), "counted": True, "more": False,
    }  # fmt: skip
    add_up = bool(state.layout.sums) and any(figures.more for _lane, figures in found)
    return {"body": "desk/groups.html", "groups": shown, "add_up": add_up, **known}


@require_GET
def rows(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The rows of one group: a table at first, further rows after a cursor."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    key, after = request.GET.get("lane", ""), request.GET.get("after", "")
    try:
        lane = groups.lane_at(state, key) if state.layout.axis is not None else None
    except axes.TooMany:
        lane = None
    if lane is None:
        raise Http404(key)
    try:
        found = boards.page(state, lane, after, state.columns, lists.PAGE_SIZE)
    except paging.BadCursor:
        return render(request, "desk/rows_lost.html", {"state": state, "width": len(state.columns) + 1})
    table = lists.table(state, found)
    table["following"] = state.url("desk:group", lane=lane.key, after=found.next) if found.next else ""
    heads = [lists.head(state, column) for column in state.columns]
    return render(request, "desk/rows.html" if after else "desk/group.html", {**table, "heads": heads})
