"""How often something repeats (RRULE of RFC 5545): the rhythms that one can choose here, and any other one in words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from icalendar import Calendar

from guanxi.foundation import clock

RULES: dict[str, dict[str, Any]] = {
    "day": {"FREQ": ["DAILY"]},
    "week": {"FREQ": ["WEEKLY"]},
    "fortnight": {"FREQ": ["WEEKLY"], "INTERVAL": [2]},
    "month": {"FREQ": ["MONTHLY"]},
}
EVERY = [
    ("day", _lazy("every day")),
    ("week", _lazy("every week")),
    ("fortnight", _lazy("every two weeks")),
    ("month", _lazy("every month")),
]


def parts(series: str) -> tuple[Any, list[Any]]:
    """The event that has the rule, and those of single times."""
    events = Calendar.from_ical(series).walk("VEVENT")
    return (
        next(one for one in events if "RECURRENCE-ID" not in one),
        [one for one in events if "RECURRENCE-ID" in one],
    )


def of(series: str) -> tuple[str, date | None]:
    """How often it repeats (a key of EVERY, "" where by another rule), and until which day."""
    rule = parts(series)[0]["RRULE"]
    plain = {name: value for name, value in rule.items() if name in ("FREQ", "INTERVAL")}
    every = next((name for name, said in RULES.items() if said == plain), "")
    until = next(iter(rule.get("UNTIL", [])), None)
    if isinstance(until, datetime):
        until = until.astimezone(clock.zone()).date()
    return every, until


def in_words(series: str) -> str:
    """How often, and until when, for people; "" for what does not repeat."""
    if not series:
        return ""
    try:
        every, until = of(series)
    except (ValueError, KeyError, StopIteration):  # calendars of others repeat in more ways than by one rule
        every, until = "", None
    words = str(dict(EVERY).get(every) or _("by a rule of its own"))
    if until is None:
        return words
    return _("%(every)s, until %(day)s") % {"every": words, "day": formats.date_format(until)}
