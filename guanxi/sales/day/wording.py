"""How long ago and how far ahead, in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import clock
from guanxi.foundation.todos.models import Todo


def due(todo: Todo, today: date) -> str:
    """When a task is due, seen from today."""
    if todo.due_on is None:
        return _("without a day")
    days = (todo.due_on - today).days
    if days < 0:
        return ngettext("%(count)s day overdue", "%(count)s days overdue", -days) % {"count": -days}
    if days == 0:
        at = todo.due_time
        return _("today at %(time)s") % {"time": formats.time_format(at, "H:i")} if at else _("due today")
    if days == 1:
        return _("due tomorrow")
    return ngettext("due in %(count)s day", "due in %(count)s days", days) % {"count": days}


def closing(day: date | None, today: date) -> str:
    """When a deal is to close; empty where nobody said."""
    if day is None:
        return ""
    days = (day - today).days
    if days < 0:
        words = ngettext("was to close %(count)s day ago", "was to close %(count)s days ago", -days)
        return words % {"count": -days}
    if days == 0:
        return _("is to close today")
    if days == 1:
        return _("closes tomorrow")
    return ngettext("closes in %(count)s day", "closes in %(count)s days", days) % {"count": days}


def hours(moment: datetime, minutes: int) -> str:
    """From when until when, in the business's time."""
    local = moment.astimezone(clock.zone())
    start = formats.time_format(local, "H:i")
    return f"{start}–{formats.time_format(local + timedelta(minutes=minutes), 'H:i')}" if minutes else start


def day(moment: datetime) -> str:
    """The day and time of what was not today."""
    local = moment.astimezone(clock.zone())
    return f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {formats.time_format(local, 'H:i')}"
