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
SPANS = (32, 200, 400)  # days within which a time is looked for, one after the other
HALF_A_DAY = timedelta(hours=12)
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
    """Each time of a series between two moments, as a copy of `row` with its own time, place and subject; without
    those that were held, which are activities of their own."""
    if not row.series:
        return [row] if row.starts_at < until and row.ends_at >= since else []
    try:
        events = recurring_ical_events.of(Calendar.from_ical(row.series), skip_bad_series=True).between(since, until)
    except (ValueError, TypeError, OverflowError, KeyError):  # a rule that nobody can work out is shown once
        return _not_held(row, [_once(row)] if since <= row.starts_at < until else [])
    found = [_copied(row, event) for event in events[:MOST] if str(event.get("STATUS", "")).upper() != "CANCELLED"]
    return sorted(_not_held(row, found), key=lambda one: one.starts_at)


def upcoming(row: Activity, count: int = 5) -> list[Activity]:
    """The next times of a series."""
    now = clock.now()
    return within(row, now, now + timedelta(days=366))[:count]


def unsaid(row: Activity, count: int = 10) -> list[Activity]:
    """The last times of a series that began and of which nobody said how they went, the newest first."""
    now = clock.now()
    for days in SPANS:
        times = [one for one in within(row, now - timedelta(days=days), now) if one.starts_at <= now]
        if times:
            return times[: -count - 1 : -1]
    return []


def newest_unsaid(row: Activity) -> Activity | None:
    """The last time that began, where nobody said how it went; what came before it is not asked for any more."""
    last, held = next(iter(unsaid(row, 1)), None), held_times(row)
    return None if last is None or (held and last.starts_at < max(held)) else last


def to_say(row: Activity) -> Activity | None:
    """The time of a series of which one says how it went: the last that began, else the next one."""
    return next(iter(unsaid(row, 1) or upcoming(row, 1)), None)


def time_at(row: Activity, at: datetime) -> Activity | None:
    """The time of a series that by its rule is at `at`, wherever it was moved to."""
    for days in SPANS if row.series else ():
        span = timedelta(days=days)
        for one in within(row, at - span, at + span):
            if one.by_rule == at:
                return one
    return None


def held_times(row: Activity) -> list[datetime]:
    """When, by its rule, the times of a series are that were held."""
    return [datetime.fromisoformat(one) for one in row.held_times or ()]


def held_near(row: Activity, at: datetime) -> datetime | None:
    """The held time that `at` is, by the rule: after the whole series was moved by hours the one of that day, for no
    rule repeats within a day."""
    near = [one for one in held_times(row) if abs(one - at) < HALF_A_DAY]
    return min(near, key=lambda one: abs(one - at), default=None)


def _not_held(row: Activity, times: list[Activity]) -> list[Activity]:
    """Those of the times that were not held. What was held when the rule still had it some hours earlier or later is
    the time that the rule has now."""
    by_rule = {one.by_rule for one in times if one.by_rule is not None}
    if not row.held_times or not by_rule:
        return times
    held, since, until = set(held_times(row)), min(by_rule) - HALF_A_DAY, max(by_rule) + HALF_A_DAY
    moved = [one for one in held - by_rule if since < one < until]
    gone = held | {at for at in by_rule if any(abs(at - one) < HALF_A_DAY for one in moved)}
    return [one for one in times if one.by_rule not in gone]


def _once(row: Activity) -> Activity:
    one = copy.copy(row)
    one.by_rule = row.starts_at
    return one


def _copied(row: Activity, event: Any) -> Activity:
    one = copy.copy(row)
    one.starts_at, one.minutes = moment(event.start), max(length(event.start, event.end), 0)
    one.by_rule = moment(event["RECURRENCE-ID"].dt) if "RECURRENCE-ID" in event else one.starts_at
    one.place = str(event.get("LOCATION", row.place))[:250]
    one.subject = str(event.get("SUMMARY", row.subject))[:200] or row.subject
    return one
