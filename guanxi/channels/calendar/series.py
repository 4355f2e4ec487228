"""Our own series as iCalendar has them (RFC 5545): how often, until when, and what is different of single times.

The object is written in the business's time zone, so that ten o'clock stays ten o'clock when clocks change.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from icalendar import Event, vRecur

from guanxi.channels.activities import repeating, rhythms
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import ical
from guanxi.foundation import clock


def written(activity: Activity, every: str, until: date | None) -> str:
    """A series that begins with an activity."""
    rule = dict(rhythms.RULES[every])
    if until is not None:
        end = datetime.combine(until, time.max, clock.zone()).replace(microsecond=0)
        rule["UNTIL"] = [until if activity.whole_day else end.astimezone(UTC)]
    master = Event()
    master.add("uid", activity.uid)
    master.add("rrule", vRecur(rule))
    return _kept(_timed(master, activity), [])


def retold(activity: Activity) -> str:
    """One of ours after the activity was changed: with its subject and place, and where its time is another, with all
    times by the rule again, for single times are known by when they would have been."""
    master, singles = rhythms.parts(activity.series)
    before = (master["DTSTART"].dt, master["DTEND"].dt)
    _timed(master, activity)
    if (master["DTSTART"].dt, master["DTEND"].dt) != before:
        master.pop("EXDATE", None)
        singles = []
    return _kept(master, singles)


def moved(activity: Activity, at: datetime, changed: Activity) -> str:
    """One of ours with one time, which by the rule is at `at`, as `changed` has it."""
    master, singles = rhythms.parts(activity.series)
    event = ical.alone(master, at)
    _timed(event, changed)
    return _kept(master, [*(one for one in singles if not _is_at(one, at)), event])


def without(activity: Activity, at: datetime) -> str:
    """One of ours without one time, which by the rule would be at `at`."""
    master, singles = rhythms.parts(activity.series)
    gone = [one.dt for one in _listed(master.pop("EXDATE", None)) for one in one.dts]
    master.add("exdate", [*gone, ical.alone(master, at)["RECURRENCE-ID"].dt])
    return _kept(master, [one for one in singles if not _is_at(one, at)])


def times(activity: Activity, since: datetime, *, days: int = 366) -> list[Activity]:
    """The times from a moment on for a while."""
    return repeating.within(activity, since, since + timedelta(days=days))


def _timed(event: Any, activity: Activity) -> Any:
    """An event with time, subject and place of an activity, in the time zone of the business."""
    for name in ("DTSTART", "DTEND", "SUMMARY", "LOCATION"):
        event.pop(name, None)
    if activity.whole_day:
        ical.add_times(event, activity)
    else:
        event.add("dtstart", activity.starts_at.astimezone(clock.zone()))
        event.add("dtend", activity.ends_at.astimezone(clock.zone()))
    event.add("summary", activity.subject)
    if activity.place:
        event.add("location", activity.place)
    return event


def _kept(master: Any, singles: list[Any]) -> str:
    made = ical.empty()
    for event in (master, *singles):
        made.add_component(event)
    made.add_missing_timezones()
    return bytes(made.to_ical()).decode()


def _is_at(event: Any, at: datetime) -> bool:
    return repeating.moment(event["RECURRENCE-ID"].dt) == at


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
