"""Our own series as iCalendar has them (RFC 5545): how often, until when, and what is different of single times.

The object is written in the business's time zone, so that ten o'clock stays ten o'clock when clocks change.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from icalendar import Calendar, Event, vRecur

from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import ical
from guanxi.foundation import clock

RULES: dict[str, dict[str, Any]] = {
    "day": {"FREQ": ["DAILY"]},
    "week": {"FREQ": ["WEEKLY"]},
    "fortnight": {"FREQ": ["WEEKLY"], "INTERVAL": [2]},
    "month": {"FREQ": ["MONTHLY"]},
}
EVERY = [
    ("day", _("every day")),
    ("week", _("every week")),
    ("fortnight", _("every two weeks")),
    ("month", _("every month")),
]


def written(activity: Activity, every: str, until: date | None) -> str:
    """A series that begins with an activity."""
    rule = dict(RULES[every])
    if until is not None:
        end = datetime.combine(until, time.max, clock.zone()).replace(microsecond=0)
        rule["UNTIL"] = [until if activity.whole_day else end.astimezone(UTC)]
    master = Event()
    master.add("uid", activity.uid)
    master.add("rrule", vRecur(rule))
    return _kept(_timed(master, activity), [])


def rhythm(series: str) -> tuple[str, date | None]:
    """How often one of ours repeats, and until which day."""
    rule = _parts(series)[0]["RRULE"]
    plain = {name: value for name, value in rule.items() if name in ("FREQ", "INTERVAL")}
    every = next((name for name, said in RULES.items() if said == plain), "")
    until = next(iter(rule.get("UNTIL", [])), None)
    if isinstance(until, datetime):
        until = until.astimezone(clock.zone()).date()
    return every, until


def retold(activity: Activity) -> str:
    """One of ours after the activity was changed: with its subject and place, and where its time is another, with all
    times by the rule again, for single times are known by when they would have been."""
    master, singles = _parts(activity.series)
    before = (master["DTSTART"].dt, master["DTEND"].dt)
    _timed(master, activity)
    if (master["DTSTART"].dt, master["DTEND"].dt) != before:
        master.pop("EXDATE", None)
        singles = []
    return _kept(master, singles)


def moved(activity: Activity, at: datetime, changed: Activity) -> str:
    """One of ours with one time, which by the rule is at `at`, as `changed` has it."""
    master, singles = _parts(activity.series)
    event = ical.alone(master, at)
    _timed(event, changed)
    return _kept(master, [*(one for one in singles if not _is_at(one, at)), event])


def without(activity: Activity, at: datetime) -> str:
    """One of ours without one time, which by the rule would be at `at`."""
    master, singles = _parts(activity.series)
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


def _parts(series: str) -> tuple[Any, list[Any]]:
    """The event with the rule, and those of single times."""
    events = Calendar.from_ical(series).walk("VEVENT")
    return (
        next(one for one in events if "RECURRENCE-ID" not in one),
        [one for one in events if "RECURRENCE-ID" in one],
    )


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
