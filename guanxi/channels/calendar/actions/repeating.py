"""Meetings of ours that repeat: how often, and what is different of single times."""

from __future__ import annotations

import copy
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities import repeating, rhythms
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import series
from guanxi.channels.calendar.actions import inviting
from guanxi.foundation import clock, search
from guanxi.foundation.actions import Refused, action, change
from guanxi.foundation.visibility import Viewer, require

LONGEST = timedelta(days=5 * 366)


@action
def repeat(number: int, every: str, until: date | None = None, *, by: Viewer) -> Activity:
    """Let a meeting of ours repeat every day, week, fortnight or month, or (`every` empty) not any more; whoever was
    invited hears of it. Single times that were moved or called off go by the rule again."""
    activity = _ours(number, by)
    if every and every not in rhythms.RULES:
        raise Refused(_("It repeats every day, week, fortnight or month."), "every")
    if activity.held_times and not every:
        raise Refused(_("Some of its times were held: say until when it repeats."), "every")
    first = clock.day_of(activity.starts_at)
    if until is not None and not first <= until <= first + LONGEST:
        raise Refused(_("The last day lies within five years after the first."), "until")
    told = series.written(activity, every, until) if every else ""
    stored = change(activity, series=told, sequence=activity.sequence + 1, changed_at=clock.now())
    activities.ask_anew(stored)
    activities.tell(stored, activities.ANNOUNCED_ANEW, by)
    return stored


@action
def move_time(number: int, at: datetime, changes: dict[str, Any], *, by: Viewer) -> Activity:
    """Move one time of a series of ours, or say another length or place of it; `at` is when it is by the rule. Whoever
    was invited hears of that time alone."""
    activity = _ours(number, by)
    changed = copy.copy(_time(activity, at))
    unknown = set(changes) - {"starts_at", "minutes", "place"}
    if unknown:
        raise Refused(_("Of one time only time, length and place are changed."), min(unknown))
    for name, value in changes.items():
        setattr(changed, name, value)
    try:
        changed.clean_fields(exclude=[one.name for one in Activity._meta.fields if one.name not in changes])
    except ValidationError as error:
        name, words = next(iter(error.message_dict.items()))
        raise Refused(words[0], name) from error
    return _say(activity, series.moved(activity, at, changed), at, changed, inviting.REQUEST, by)


@action
def cancel_time(number: int, at: datetime, *, by: Viewer) -> Activity:
    """Call off one time of a series of ours; `at` is when it is by the rule."""
    activity = _ours(number, by)
    gone = _time(activity, at)
    return _say(activity, series.without(activity, at), at, gone, inviting.CANCEL, by)


def _say(activity: Activity, told: str, at: datetime, one: Activity, method: str, by: Viewer) -> Activity:
    stored = change(activity, series=told, sequence=activity.sequence + 1, changed_at=clock.now())
    search.touch(stored)
    inviting.tell_of_time(stored, method, at, one)
    activities.tell(stored, activities.CHANGED, by)
    return stored


def _ours(number: int, by: Viewer) -> Activity:
    activity = activities.held(number, by)
    require(by, "edit", activity)
    if activity.organizer or (activity.series and not repeating.is_ours(activity)):
        raise Refused(_("It comes from another calendar: it is changed there."), "series")
    if activity.state != Activity.State.PLANNED:
        raise Refused(_("Only what is still to come repeats."), "state")
    return activity


def _time(activity: Activity, at: datetime) -> Activity:
    """The time of a series that by its rule is at `at`."""
    found = repeating.time_at(activity, at)
    if found is None:
        raise Refused(_("It is not then, by its rule."), "at")
    return found


def follow(activity: Activity, what: str, participants: Any, *, by: Viewer) -> None:
    """After a series of ours was changed: its object says the same (“activity_changed”, before others hear of it)."""
    if what not in (activities.CHANGED, activities.ANNOUNCED_ANEW) or not repeating.is_ours(activity):
        return
    told = series.retold(activity)
    if told != activity.series:
        change(activity, series=told)
