"""My day: the page, what is done on it by one key, and what a line opens into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from guanxi.channels.activities import queries as activities
from guanxi.channels.activities.models import Activity
from guanxi.customers.models import Party
from guanxi.foundation import belonging, clock, desk, notifications
from guanxi.foundation.models import User
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer, may, require
from guanxi.sales.day import queries
from guanxi.sales.day.lines import MENTION, TODO

SAID = 2  # of what was said last


@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """The page."""
    require(request.user, "view", Todo)
    return render(request, "day/mine.html", {**_sections(request), "today": clock.today()})


def _sections(request: HttpRequest) -> dict[str, Any]:
    found = queries.sections(request.user)
    return {"sections": found, "nothing": not any(section.lines for section in found)}


# Done by one key ------------------------------------------------------------------------------------------------------


def _do_todo(request: HttpRequest, number: int, done: bool) -> dict[str, Any]:
    try:
        todo = todos.set_done(number, done, by=request.user)
    except Todo.DoesNotExist as missing:  # or he may not see it
        raise Http404 from missing
    place = belonging.places([todo], request.user).get((todo.object_type, todo.object_id or 0))
    asks = todo.is_next and place is not None
    return {"words": todos.sentence(todo), "place": place, "todo": todo if asks else None}


def _do_mention(request: HttpRequest, number: int, done: bool) -> dict[str, Any]:
    row = get_object_or_404(notifications.of(request.user), pk=number)
    me = User.objects.get(pk=cast(User, request.user).pk)
    if done:
        notifications.mark_read(me, by=request.user, only=number)
    else:
        notifications.mark_unread(me, number, by=request.user)
    return {"words": row.title}


DOES: dict[str, Callable[[HttpRequest, int, bool], dict[str, Any]]] = {TODO: _do_todo, MENTION: _do_mention}


@require_POST
def done(request: HttpRequest, what: str, pk: int) -> HttpResponse:
    """Do a task or read a mention, or take that back (`done=0`); answers with the whole day as it is then."""
    require(request.user, "view", Todo)
    if what not in DOES:
        raise Http404
    is_done = request.POST.get("done") == "1"
    told = DOES[what](request, pk, is_done) | {"what": what, "number": pk, "done": is_done}
    return render(request, "day/day.html", {**_sections(request), "told": told})


# What a line opens into -----------------------------------------------------------------------------------------------


@require_GET
def opened(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """How to reach whom it is about, and what was said last."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    party = _party(record, request.user)
    said: list[Activity] = []
    if party is not None and may(request.user, "view", Activity):
        said = activities.held_last(party, request.user, limit=SAID)
    own = desk.find_for(record._meta.label_lower)
    buttons = list(own.buttons(record, request.user)) if own else []
    if party is not None and party is not record:
        buttons += desk.find_for("customers.party").buttons(party, request.user)  # type: ignore[union-attr]
    return render(request, "day/opened.html", {"buttons": buttons, "said": said, "text": getattr(record, "text", "")})


def _party(record: Any, viewer: Viewer) -> Party | None:
    if isinstance(record, Party):
        return record
    party = getattr(record, "contact", None) or getattr(record, "party", None)
    return party if isinstance(party, Party) and may(viewer, "view", party) else None
