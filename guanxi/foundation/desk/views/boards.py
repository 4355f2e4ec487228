"""The board: columns of cards, more cards of a column, a card moved by hand or by key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation import visibility
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.desk import axes, boards, calendars, cards, display, history, layouts, moving, paging
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.boards import Figures, Filled
from guanxi.foundation.desk.declaration import Desk, Field, Row
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.desk.rows import COUNTED
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.state import State
from guanxi.foundation.desk.views import lists


@lists.form(layouts.BOARD)
def body(request: HttpRequest, state: State) -> dict[str, Any]:
    """What the board shows."""
    axis = state.layout.axis
    assert axis is not None
    found = boards.filled(state, lanes_of(state), state.layout.sums)
    found = [one for one in found if one.figures.count or one.lane.key != axes.NONE]
    columns = columns_of(state, found)
    return {
        "body": "desk/board.html",
        "columns": columns,
        "movable": axis.movable(request.user),
        "fixed": fixed_words(state),
        "any_rows": any(column["figures"].count for column in columns),
        "add_up": bool(state.layout.sums) and any(column["figures"].more for column in columns),
        **_total(found),
    }


def fixed_words(state: State) -> str:
    """Why cards stay where they are; empty where they can be moved."""
    axis, board = state.layout.axis, state.desk.shown_board
    assert axis is not None
    if axis.movable(state.viewer):
        return ""
    if not visibility.may(state.viewer, "edit", state.desk.model):
        return _("You may not change these records, so the cards stay where they are.")
    if board is not None and board.by == axis.name and board.fixed:
        return str(board.fixed)
    return _("“%(name)s” is not changed by hand, so the cards stay where they are.") % {"name": axis.label}


def _total(found: list[Filled]) -> dict[str, Any]:
    """The count of the whole, as far as its parts say it."""
    if any(one.figures.more for one in found):
        return {}
    return {"number": sum(one.figures.count for one in found), "counted": True, "more": False}


def lanes_of(state: State) -> list[Lane]:
    """The lanes of a board; where they are too many, none, and a notice says so."""
    axis = state.layout.axis
    assert axis is not None
    try:
        return axis.lanes(state.viewer)
    except axes.TooMany:
        words = _("“%(name)s” has more than %(number)s values: too many for columns. Choose something else.")
        state.notices.append(words % {"name": axis.label, "number": axes.MOST_LANES})
        return []


def columns_of(state: State, found: list[Filled], again: Sequence[tuple[Row, Lane]] = ()) -> list[dict[str, Any]]:
    """Lanes with their heads and cards, as templates show them; `again`: copies of rows that stand there besides, each
    in its place by the value of the axis."""
    rows = cards.load(state, [pk for one in found for pk in one.ids])
    placed = [(rows[pk], one.lane) for one in found for pk in one.ids if pk in rows]
    made: dict[str, list[cards.Card]] = {one.lane.key: [] for one in found}
    for card in [*cards.made(state, placed), *cards.made(state, again, fixed=True)]:
        made[card.lane].append(card)
    counted = Counter(lane.key for _row, lane in again)
    for one in found:
        if one.lane.key in counted:
            one.figures.count += counted[one.lane.key]
            made[one.lane.key].sort(key=lambda card: card.seen, reverse=state.order.descending)
    columns = []
    for number, one in enumerate(found):
        last = rows.get(one.ids[-1]) if one.ids else None
        following = ""
        if one.more and last is not None:
            cursor = paging.cursor_after(state.order, last)
            following = state.url("desk:cards", lane=one.lane.key, after=cursor)
        head = head_of(state, one.lane, one.figures, number)
        columns.append({**head, "cards": made[one.lane.key], "following": following})
    return columns


def head_of(state: State, lane: Lane, figures: Figures, number: int) -> dict[str, Any]:
    """What stands above a lane."""
    sums = [
        {"label": one.label, "text": _amount(one, total), "known": not figures.more}
        for one, total in zip(state.layout.sums, figures.sums or [None] * len(state.layout.sums), strict=True)
    ]
    return {
        "lane": lane,
        "number": number,
        "figures": figures,
        "sums": sums,
        "capped": COUNTED,
        "exact_url": state.url("desk:figures"),
    }


def _amount(one: Field, total: Any) -> str:
    if total == boards.SEVERAL:
        return _("several currencies")
    return display.text(one.kind, total or 0) if one.kind is not Kind.NUMBER else display.number(total or 0)


@require_GET
def more(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The cards of one lane after a cursor."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    lane = find_lane(state, request.GET.get("lane", ""))
    try:
        found = boards.page(state, lane, request.GET.get("after", ""), cards.fields_of(state))
    except paging.BadCursor:
        return render(request, "desk/cards_lost.html", {"state": state})
    following = state.url("desk:cards", lane=lane.key, after=found.next) if found.next else ""
    column = {"lane": lane, "cards": cards.made(state, [(row, lane) for row in found.rows]), "following": following}
    return render(request, "desk/cards.html", {"column": column, "desk": desk})


@require_GET
def figures(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The heads of all lanes with exact counts and sums, in one grouped query; each takes the place of its old one."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    if state.layout.axis is None:
        raise Http404
    if state.layout.kind == layouts.CALENDAR:
        raise Http404
    lanes = lanes_of(state)
    exact = boards.exact(state, lanes, state.layout.sums)
    grouped = state.layout.kind == layouts.GROUPED  # which leaves out all that is empty
    kept = [one.count or not (grouped or lane.key == axes.NONE) for lane, one in zip(lanes, exact, strict=True)]
    found = [pair for pair, shown in zip(zip(lanes, exact, strict=True), kept, strict=True) if shown]
    columns = [head_of(state, lane, one, number) for number, (lane, one) in enumerate(found)]
    head = "desk/group_head.html" if grouped else "desk/board_head.html"
    return render(request, "desk/board_heads.html", {"columns": columns, "desk": desk, "head": head})


@require_POST
def move(request: HttpRequest, desk: Desk, pk: int) -> JsonResponse:
    """Move a card to the lane `to`; answers with the card and all heads, a conflict (409) or a refusal (422)."""
    visibility.require(request.user, "view", desk.model)
    state = states.from_query(desk, request.user, request.POST.get("query", ""))
    axis = state.layout.axis
    row = desk.rows(request.user).filter(pk=pk).first()
    if row is None or axis is None:
        raise Http404(f"{desk.slug} {pk}")
    visibility.require(request.user, "edit", row)
    to = find_lane(state, request.POST.get("to", ""))
    try:
        moving.move(axis, row, to, request.POST.get("seen", ""), by=request.user)
    except Conflict as conflict:
        return JsonResponse({"dialog": _both_sides(request, state, row, to, conflict)}, status=409)
    except Refused as refusal:
        return JsonResponse({"error": refusal.message}, status=422)
    return JsonResponse(placed(request, state, [pk]))


def placed(request: HttpRequest, state: State, ids: list[int]) -> dict[str, Any]:
    """Cards as they now are, each with its lane (none: it is not on the board any more), and the heads of all lanes."""
    lanes = calendars.lanes_of(state) if state.layout.kind == layouts.CALENDAR else lanes_of(state)
    numbers = _where(state, ids, lanes)
    rows = cards.load(state, list(numbers))
    made = cards.made(state, [(row, lanes[numbers[pk]]) for pk, row in rows.items()])
    shown = {card.pk: str(card.html) for card in made}
    heads = []
    if state.layout.kind == layouts.BOARD:
        capped = boards.capped(state, lanes, state.layout.sums)
        heads = [
            head_of(state, lane, one, number) for number, (lane, one) in enumerate(zip(lanes, capped, strict=True))
        ]
    return {
        "cards": {str(pk): {"html": shown.get(pk, ""), "lane": lanes[numbers[pk]].key if pk in shown else None}
                  for pk in ids},
        "heads": {head["lane"].key: render_to_string("desk/board_head.html", {"column": head}, request)
                  for head in heads},
    }  # fmt: skip


def _where(state: State, ids: list[int], lanes: list[Lane]) -> dict[int, int]:
    """In which lane each of the rows lies that the board still shows."""
    rows = state.rows().filter(pk__in=ids).order_by().annotate(lane_number=axes.numbered(lanes))
    return {pk: number for pk, number in rows.values_list("pk", "lane_number") if number >= 0}


def find_lane(state: State, key: str) -> Lane:
    """The lane called `key`. Raises Http404."""
    if state.layout.axis is None:
        raise Http404(key)
    if state.layout.kind == layouts.CALENDAR:
        lane = calendars.lane_at(state, key)
    else:
        lane = next((lane for lane in lanes_of(state) if lane.key == key), None)
    if lane is None:
        raise Http404(key)
    return lane


def _both_sides(request: HttpRequest, state: State, row: Any, to: Lane, conflict: Conflict) -> str:
    axis = state.layout.axis
    assert axis is not None
    lanes = [] if state.layout.kind == layouts.CALENDAR else lanes_of(state)
    told: dict[str, Any] = {"who": "", "when": ""}
    if axis.field is not None:
        told = history.both_sides(state.desk, row, axis.fact or axis.field, conflict, to.key)
    theirs = told.get("theirs") or moving.words(axis, conflict.theirs, lanes)
    context = {
        "desk": state.desk,
        "row": row,
        "title": state.desk.title(row),
        "axis": axis,
        "who": told["who"],
        "when": told["when"],
        "theirs": theirs,
        "yours": to.label,
        "to": to.key,
        "seen": json.dumps(conflict.theirs, ensure_ascii=False, default=str),
    }
    return render_to_string("desk/board_conflict.html", context, request)
