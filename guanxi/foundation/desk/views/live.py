"""The polls of lists and record pages: what others changed meanwhile, ready to be put in place."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from guanxi.foundation import notifications, visibility
from guanxi.foundation.desk import layouts, live, paging
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.live import News
from guanxi.foundation.desk.rows import loading
from guanxi.foundation.desk.state import State
from guanxi.foundation.desk.views import boards, lists, records

MOST_ROWS = 500  # looked at on one page
MOST_NEW = 20  # cards put onto a board by one poll


@require_POST
def rows(request: HttpRequest, desk: Desk) -> JsonResponse:
    """What happened to the rows `ids` of a list since `mark` (or `at`), and whether others may have joined it."""
    visibility.require(request.user, "view", desk.model)
    ids = _numbers(request.POST.get("ids", ""))
    again = set(_numbers(request.POST.get("again", ""))) & set(ids)
    news = live.since(desk, _number(request.POST.get("mark", "")), request.POST.get("at", ""), set(ids), request.user)
    # What was changed as a set, or is too much to be read, may be any row that one looks at.
    wanted = [pk for pk in ids if pk in news.changed or pk in again or news.sets or news.much]
    answer = _begun(request, news) | {"changed": _who(request, news, wanted), "rows": {}, "others": 0}
    if not (wanted or news.others or news.sets or news.much):
        return JsonResponse(answer)
    state = states.from_query(desk, request.user, request.POST.get("query", ""))
    joined = _joined(state, news)
    if state.layout.kind in (layouts.BOARD, layouts.CALENDAR):
        answer |= boards.placed(request, state, [*wanted, *joined[:MOST_NEW]])
        joined = joined[MOST_NEW:]
    else:
        answer["rows"] = _rendered(request, state, wanted)
    if joined or news.sets or news.much:
        answer["others"] = max(
            [news.sets.pk if news.sets else 0, *(news.others[pk].pk for pk in joined), news.mark if news.much else 0]
        )
        answer["words"] = {"notice": _("Others have changed this list."), "show": _("Show it as it is now")}
    return JsonResponse(answer)


@require_POST
def record(request: HttpRequest, desk: Desk, pk: int) -> JsonResponse:
    """What happened to one record since `mark` (or `at`): its facts as they are now, and parts with news."""
    visibility.require(request.user, "view", desk.model)
    news = live.since(desk, _number(request.POST.get("mark", "")), request.POST.get("at", ""), {pk}, request.user)
    row = desk.rows(request.user).filter(pk=pk).first()
    if row is None:
        return JsonResponse(_begun(request, news) | {"gone": _("This record is not there any more.")})
    answer = _begun(request, news) | {"parts": live.parts(desk, row, request.user), "facts": {}}
    entry = news.changed.get(pk) or news.sets  # what was changed together may have changed this one
    if entry is not None:
        mine = entry.actor_id == request.user.pk
        answer |= {"entry": entry.pk, "mine": mine, "head": records.head_html(request, desk, row)}
        answer["facts"] = records.facts_html(request, desk, row)
        names = answer["facts"]
        answer["fields"] = [name for name in news.fields if any(f"{fact}.".startswith(f"{name}.") for fact in names)]
        answer["words"] = _("%(who)s changed this meanwhile. What you typed is kept.") % {"who": entry.actor_name}
    return JsonResponse(answer)


def _begun(request: HttpRequest, news: News) -> dict[str, Any]:
    """What every poll is told: up to where it knows all, and what the bell wants to hear, which then need not ask."""
    after, seen = request.POST.get("after", ""), request.POST.get("unread", "")
    heard = notifications.news(request.user, _number(after) if after else None, _number(seen))
    return {"mark": news.mark, "bell": heard}


def _who(request: HttpRequest, news: News, ids: list[int]) -> dict[str, dict[str, Any]]:
    """For each row its newest entry, and who wrote it."""
    found = {}
    for pk in ids:
        entry = max(filter(None, (news.changed.get(pk), news.sets)), key=lambda one: one.pk, default=None)
        mine = entry is None or entry.actor_id == request.user.pk
        found[str(pk)] = {"entry": entry.pk if entry else 0, "mine": mine, "who": entry.actor_name if entry else ""}
    return found


def _joined(state: State, news: News) -> list[int]:
    """Rows that are not on the page, and that the list as it is asked for would show."""
    if not news.others:
        return []
    found = state.rows().filter(pk__in=list(news.others)).order_by()
    return list(dict.fromkeys(found.values_list("pk", flat=True)))


def _rendered(request: HttpRequest, state: State, ids: list[int]) -> dict[str, str]:
    """Rows of the table as they are now; an empty text for one that is gone."""
    visible = loading(state.desk.rows(state.viewer).filter(pk__in=ids), state.columns, state.order, state.viewer)
    table = lists.table(state, paging.Page(list(visible), ""))
    html = {
        str(line["pk"]): render_to_string("desk/rows.html", {**table, "lines": [line], "following": ""}, request)
        for line in table["lines"]
    }
    return {str(pk): html.get(str(pk), "") for pk in ids}


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")[:MOST_ROWS] if part.isdecimal() and len(part) < 19]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
