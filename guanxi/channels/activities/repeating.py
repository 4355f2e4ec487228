"""What repeats: when each time is. The rules are read by libraries (RFC 5545 through `icalendar` and
`recurring_ical_events`); here it is only said which rules are too much for a calendar of people."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import recurring_ical_events
from icalendar import Calendar

from guanxi.channels.activities.models import Activity
from guanxi.foundation import clock

OURS = "-//Guanxi//Guanxi//EN"  # who wrote a calendar object (PRODID)
MOST = 400  # times of one series within a span
TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")


def moment(value: date | datetime) -> datetime:
    """A moment of iCalendar in UTC: days begin, and times without a time zone are, where the business is."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min, clock.zone()).astimezone(UTC)
    return (value if value.tzinfo else value.replace(tzinfo=clock.zone())).astimezone(UTC)


def length(start: date | datetime, end: date | datetime) -> int:
    """How many minutes lie between two; whole days are days of 24 hours, whatever the clocks do."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        return int((moment(end) - moment(start)).total_seconds() // 60)
    first, last = (one.date() if isinstance(one, datetime) else one for one in (start, end))
    return (last - first).days * 24 * 60


def is_too_often(rule: Any) -> bool:
    """Whether a rule (RRULE) repeats within a day, which no meeting of people does and no calendar could show."""
    frequency = {str(one).upper() for one in rule.get("FREQ", [])}
    return bool(frequency & TOO_OFTEN) or any(len(rule.get(name, [])) > 1 for name in WITHIN_A_DAY)


def is_ours(row: Activity) -> bool:
    """Whether a series was made here, so that it is changed here."""
    return bool(row.series) and not row.organizer and f"PRODID:{OURS}" in row.series


def within(row: Activity, since: datetime, until: datetime) -> list[Activity]:
    """Each time of a series between two moments, as a copy of `row` with its own time, place and subject."""
    if not row.series:
        return [row] if row.starts_at < until and row.ends_at >= since else []
    try:
        events = recurring_ical_events.of(Calendar.from_ical(row.series), skip_bad_series=True).between(since, until)
    except (ValueError, TypeError, OverflowError, KeyError):  # a rule that nobody can work out is shown once
        return [row] if since <= row.starts_at < until else []
    found = [_copied(row, event) for event in events[:MOST] if str(event.get("STATUS", "")).upper() != "CANCELLED"]
    return sorted(found, key=lambda one: one.starts_at)


def upcoming(row: Activity, count: int = 5) -> list[Activity]:
    """The next times of a series."""
    now = clock.now()
    return within(row, now, now + timedelta(days=366))[:count]


def _copied(row: Activity, event: Any) -> Activity:
    one = copy.copy(row)
    one.starts_at, one.minutes = moment(event.start), max(length(event.start, event.end), 0)
    one.by_rule = moment(event["RECURRENCE-ID"].dt) if "RECURRENCE-ID" in event else one.starts_at
    one.place = str(event.get("LOCATION", row.place))[:250]
    one.subject = str(event.get("SUMMARY", row.subject))[:200] or row.subject
    return one
