"""The calendar of the team: a day, a week or a month of colleagues side by side, and when all are free."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import team
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import may, require

LABELS = ((team.DAY, gettext_lazy("Day")), (team.WEEK, gettext_lazy("Week")), (team.MONTH, gettext_lazy("Month")))
LENGTHS = (30, 60, 90, 120)


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Colleagues (`who`) on the days of `span` around `day`; with `minutes` the times at which all are free."""
    require(request.user, "view", Activity)
    span = request.GET.get("span", team.WEEK)
    span = span if span in team.SPANS else team.WEEK
    day, asked = _day(request), _numbers(request.GET.getlist("who"))
    users = team.people(request.user, asked)
    first, end = team.days_of(span, day)
    since, until = clock.start_of(first), clock.start_of(end)
    found = team.blocks(users, since, until, request.user)
    minutes = request.GET.get("minutes", "")
    length = int(minutes) if minutes.isdigit() and int(minutes) in LENGTHS else 0
    chosen = {user.pk for user in users}
    context: dict[str, Any] = {
        "span": span,
        "day": day,
        "users": users,
        "colleagues": [(user, user.pk in chosen) for user in team.colleagues()],
        "lines": _lines(team.slots_of(span, day), users, found),
        "title": team.title_of(span, day),
        "spans": [(label, _address(request, span=key), key == span) for key, label in LABELS],
        "earlier": _address(request, day=(first - timedelta(days=1)).isoformat()),
        "later": _address(request, day=end.isoformat()),
        "now": _address(request, day=clock.today().isoformat()),
        "lengths": LENGTHS,
        "minutes": length,
        "free": team.free(users, since, until, length) if length else [],
        "may_arrange": may(request.user, "create", Activity),
    }
    return render(request, "calendar/team.html", context)


@require_POST
def arrange(request: HttpRequest) -> HttpResponse:
    """A meeting of these colleagues (`who`) at a time at which all are free (`starts_at`, `minutes`)."""
    starts_at = parse_datetime(request.POST.get("starts_at", "")) if request.POST.get("starts_at") else None
    minutes = request.POST.get("minutes", "")
    users = team.people(request.user, _numbers(request.POST.getlist("who")))
    try:
        if starts_at is None or starts_at.tzinfo is None or not minutes.isdigit():
            raise Refused(_("Say when it is."), "starts_at")
        made = activities.plan(
            by=request.user,
            kind=Activity.Kind.MEETING,
            starts_at=starts_at,
            minutes=int(minutes[:5]),
            participants=[user for user in users if user.pk != request.user.pk],
        )
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("calendar:team")
    return redirect("desk:record", "activities", made.pk)


def _lines(slots: list[team.Slot], users: list[Any], found: dict[int, list[team.Block]]) -> list[dict[str, Any]]:
    today = clock.today()
    lines = []
    for slot in slots:
        cells = []
        for user in users:
            blocks, taken = team.within(slot, found[user.pk])
            cells.append(
                {"user": user, "blocks": [(one, one.starts_at >= slot.starts_at) for one in blocks], "taken": taken}
            )
        day = slot.label.date()
        lines.append({"slot": slot, "cells": cells, "today": day == today, "weekend": day.weekday() > 4})
    return lines


def _day(request: HttpRequest) -> date:
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return clock.today()
    return day if 1900 < day.year < 2199 else clock.today()


def _numbers(given: list[str]) -> list[int]:
    return [int(one) for one in given[:100] if one.isdigit() and len(one) < 18]


def _address(request: HttpRequest, **changed: str) -> str:
    asked = {name: request.GET.getlist(name) for name in ("span", "day", "who", "minutes") if name in request.GET}
    return f"{reverse('calendar:team')}?{urlencode({**asked, **changed}, doseq=True)}"
