"""The calendar: rows on the days of a month, a week or one day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import formats
from django.utils.translation import gettext as _

from guanxi.foundation import clock, visibility
from guanxi.foundation.desk import axes, boards, calendars, layouts, rows
from guanxi.foundation.desk.kinds import Kind, kind_of
from guanxi.foundation.desk.state import State
from guanxi.foundation.desk.views import lists
from guanxi.foundation.desk.views.boards import columns_of

SHOWN = {layouts.MONTH: 3, layouts.WEEK: 15, layouts.DAY: 50}  # cards of a day
COUNTED = {layouts.MONTH: 100, layouts.WEEK: 100, layouts.DAY: rows.COUNTED}  # how far a day is counted
MORNING = "T09:00:00"  # when what is made on a day begins, where it needs a time


@lists.form(layouts.CALENDAR)
def body(request: HttpRequest, state: State) -> dict[str, Any]:
    """What the calendar shows."""
    layout = state.layout
    assert layout.axis is not None
    lanes = calendars.lanes_of(state)
    found = boards.filled(state, lanes, size=SHOWN[layout.span], most=COUNTED[layout.span])
    columns = columns_of(state, found, calendars.again(state, lanes))
    if layout.span != layouts.DAY:  # there more cards follow after the last one loaded, so that none may be left out
        for column in columns:
            del column["cards"][SHOWN[layout.span] :]
    making = _making(request, state)
    days = [
        {**column, **_day(state, column["lane"].value, column["figures"].count - len(column["cards"]), making)}
        for column in columns
    ]
    return {
        "body": "desk/calendar.html",
        "days": days,
        "weekdays": [formats.date_format(day, "D") for day in layout.days[:7]] if layout.span != layouts.DAY else [],
        "movable": layout.axis.movable(request.user),
        "title": _title(layout),
        "earlier": state.url(day=_shifted(layout, -1).isoformat()),
        "later": state.url(day=_shifted(layout, 1).isoformat()),
        "now": state.url(drop=["day"]),
        "spans": [
            (label, state.url(span=span if span != layouts.MONTH else ""), span == layout.span)
            for span, label in ((layouts.MONTH, _("Month")), (layouts.WEEK, _("Week")), (layouts.DAY, _("Day")))
        ],
        "any_rows": any(column["figures"].count for column in days),
        **_total(days),
    }


def _total(days: list[dict[str, Any]]) -> dict[str, Any]:
    if any(day["figures"].more for day in days):
        return {}
    return {"number": sum(day["figures"].count for day in days), "counted": True, "more": False}


def _day(state: State, day: date, hidden: int, making: tuple[str, str]) -> dict[str, Any]:
    layout = state.layout
    what, field = making
    return {
        "day": day,
        "today": day == clock.today(),
        "elsewhere": layout.span == layouts.MONTH and day.month != layout.shown_day.month,
        "hidden": max(hidden, 0),
        "day_url": state.url(span=layouts.DAY, day=day.isoformat()),
        "what": what,
        "given": urlencode({field: day.isoformat() + (MORNING if _has_time(state) else "")}) if field else "",
    }


def _has_time(state: State) -> bool:
    axis = state.layout.axis
    assert axis is not None and axis.field is not None and axis.field.path is not None
    return kind_of(axis.field.path.field) is Kind.MOMENT


def _making(request: HttpRequest, state: State) -> tuple[str, str]:
    """What a click on a day makes (as the dialogue of new records calls it), and the field that gets the day."""
    desk, axis = state.desk, state.layout.axis
    assert axis is not None
    fresh = any(field.name == axis.name for field in desk.new_fields())
    if not fresh or not desk.quicks or not visibility.may(request.user, "create", desk.model):
        return "", ""
    key = desk.calendar.fresh if desk.calendar else ""
    quick = next((quick for quick in desk.quicks if quick.key == key), desk.quicks[0])
    return f"{desk.slug}-{quick.key}".rstrip("-"), axis.name


def _shifted(layout: layouts.Layout, way: int) -> date:
    day = layout.shown_day
    if layout.span == layouts.MONTH:
        first = day.replace(day=1)
        return axes.next_month(first) if way > 0 else (first - timedelta(days=1)).replace(day=1)
    return day + timedelta(days=way * (7 if layout.span == layouts.WEEK else 1))


def _title(layout: layouts.Layout) -> str:
    day = layout.shown_day
    if layout.span == layouts.MONTH:
        return formats.date_format(day, "YEAR_MONTH_FORMAT")
    if layout.span == layouts.DAY:
        return f"{formats.date_format(day, 'l')} {formats.date_format(day, 'DATE_FORMAT')}"
    first, last = (formats.date_format(one, "DATE_FORMAT") for one in (layout.days[0], layout.days[-1]))
    return f"{first} – {last}"
