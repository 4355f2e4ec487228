"""Arranging calls, meetings and visits, and saying how they went."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import formats, translation
from django.utils.translation import gettext as _

from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.models import Party
from guanxi.foundation import belonging, clock, hooks, notifications, search
from guanxi.foundation.actions import Refused, acting, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.notices.kinds import ASSIGNED
from guanxi.foundation.visibility import SYSTEM, Viewer, is_staff, may, require
from guanxi.ledger.actions import record as record_event
from guanxi.ledger.models import Direction

MINUTES = {Activity.Kind.CALL: 0, Activity.Kind.MEETING: 60, Activity.Kind.VISIT: 60}
# A change of these is told to whoever was invited, and counted (RFC 5545, SEQUENCE).
ANNOUNCED = ("starts_at", "minutes", "place", "subject")
TIMES = ("starts_at", "minutes", "whole_day")
OF_SERIES = ("held_times", "of_series", "by_rule")
# What one time of a series takes over, once it was held, and what of who takes part.
OF_TIME = (
    "kind", "subject", "party", "origin", "object_type", "object_id", "owner", "place", "starts_at", "minutes",
    "direction", "private", "whole_day", "by_rule",
)  # fmt: skip
OF_PARTICIPANT = ("user", "party", "origin", "mail", "answer", "answered_at", "comment")
# What calendars and others hear of (the door “activity_changed”: a function (activity, what, participants, by=viewer)).
PLANNED, HELD, CHANGED, ANNOUNCED_ANEW, CANCELLED, REMOVED, LEFT = (
    "planned", "held", "changed", "announced", "cancelled", "removed", "left",
)  # fmt: skip
# What each kind may come to; the first is what one click says.
OUTCOMES = {
    Activity.Kind.CALL: [
        Activity.Outcome.REACHED,
        Activity.Outcome.NO_ANSWER,
        Activity.Outcome.MESSAGE_LEFT,
        Activity.Outcome.CALL_BACK,
        Activity.Outcome.WRONG_NUMBER,
    ],
    Activity.Kind.MEETING: [Activity.Outcome.HELD, Activity.Outcome.NOBODY_CAME],
    Activity.Kind.VISIT: [Activity.Outcome.HELD, Activity.Outcome.NOBODY_CAME],
}


@action
def plan(
    *,
    by: Viewer,
    record: models.Model | None = None,
    participants: Iterable[User | Party | str] = (),
    **values: Any,
) -> Activity:
    """Arrange a call, a meeting or a visit: with `party`, or on `record` (a customer, or a record that names one).

    `values` are fields of Activity; without `owner` it is the viewer's own. Participants are colleagues, parties or
    mail addresses. Raises Refused with the field that is wrong.
    """
    values = _placed(values, record, by)
    kind = values.setdefault("kind", Activity.Kind.CALL)
    values.setdefault("subject", str(Activity.Kind(kind).label) if kind in Activity.Kind.values else "")
    values.setdefault("minutes", MINUTES.get(kind, 0))
    if "owner" not in values and by.pk is not None:
        values["owner"] = User.objects.filter(pk=by.pk).first()
    _check(values)
    values |= {
        "uid": f"{uuid.uuid4()}@guanxi",
        "author_id": by.pk,
        "created_at": clock.now(),
        "changed_at": clock.now(),
    }
    made = create(Activity, **{name: value for name, value in values.items() if value is not None})
    take_part(made.pk, participants, by=by)
    search.touch(made)
    _hand_to(made, by)
    tell(made, PLANNED, by)
    return made


@action
def log(outcome: str, *, by: Viewer, record: models.Model | None = None, **values: Any) -> Activity:
    """Note a call, a meeting or a visit that just was, with what it came to."""
    minutes = values.get("minutes") or 0
    values.setdefault("starts_at", clock.now() - timedelta(minutes=minutes))
    values.setdefault("minutes", minutes)
    made = plan(by=by, record=record, **values)
    return hold(made.pk, outcome, by=by)


@action
def hold(number: int, outcome: str, text: str | None = None, at: datetime | None = None, *, by: Viewer) -> Activity:
    """Say that an activity was held, and what it came to; it is told to the ledger once, corrections are not.

    Of a series it is said of one time, which becomes an activity of its own: the one that by its rule is `at`, else
    the last that began and of which nobody said it, else the next one. The others stay planned.
    """
    activity = held(number, by)
    if outcome not in OUTCOMES[Activity.Kind(activity.kind)]:
        known = ", ".join(OUTCOMES[Activity.Kind(activity.kind)])
        raise Refused(
            _("“%(outcome)s” is no outcome of this; known are %(known)s.") % {"outcome": outcome, "known": known},
            "outcome",
        )
    if activity.state == Activity.State.CANCELLED:
        raise Refused(_("It was cancelled; arrange it anew."), "state")
    if activity.goes_on:
        activity = _one_time(activity, at, by)
    elif at is not None:
        raise Refused(_("It does not repeat: leave out which time it was."), "at")
    first = activity.state != Activity.State.HELD
    values: dict[str, Any] = {"state": Activity.State.HELD, "outcome": outcome, "changed_at": clock.now()}
    if text is not None:
        values["text"] = text
    if first and activity.starts_at > clock.now():  # it was held earlier than arranged
        values["starts_at"] = clock.now()
    stored = change(activity, **values)
    search.touch(stored)
    if first and stored.party is not None and not stored.private:
        _tell_held(stored, by)
    tell(stored, HELD, by)
    return stored


def _one_time(series: Activity, at: datetime | None, by: Viewer) -> Activity:
    """The activity of one time of a series, which the caller holds: the one that there is, else made for it."""
    require(by, "edit", series)
    time = repeating.to_say(series) if at is None else repeating.time_at(series, at)
    if time is not None:
        return _made_of(series, time, by)
    if at is None:
        raise Refused(_("Of each time it was said how it went; what was said is corrected there."), "at")
    known = Activity.objects.filter(of_series=series, by_rule=repeating.held_near(series, at))
    made: Activity | None = known.select_for_update(of=("self",)).select_related("party").first()
    if made is None:
        raise Refused(_("It is not then, by its rule."), "at")
    return made


def _made_of(series: Activity, time: Activity, by: Viewer) -> Activity:
    """An activity for one time of a series, which remembers that this time is not to come any more. It is a copy: what
    is closed to `by`, and whether he may arrange any, does not matter."""
    values = {name: getattr(time, name) for name in OF_TIME}
    made_now = {"uid": f"{uuid.uuid4()}@guanxi", "author_id": by.pk, "created_at": clock.now()}
    with acting(SYSTEM, "activities.hold"):
        made = create(Activity, of_series=series, **values, **made_now)
        for one in Participant.objects.filter(activity=series).order_by("id"):
            create(Participant, activity=made, **{name: getattr(one, name) for name in OF_PARTICIPANT})
        change(series, held_times=[*(series.held_times or []), time.by_rule.isoformat()])  # type: ignore[union-attr]
    return made


def _open_again(activity: Activity) -> None:
    """One time of a series is to come again, or to be said how it went, once what was said of it is gone."""
    series = Activity.objects.select_for_update(of=("self",)).filter(pk=activity.of_series_id or 0).first()
    if series is not None:
        left = [one for one in repeating.held_times(series) if one != activity.by_rule]
        with acting(SYSTEM, "activities.remove"):
            change(series, held_times=[one.isoformat() for one in left])


def _tell_held(activity: Activity, by: Viewer) -> None:
    """Tell the ledger that it took place; its words stay here, where they can be corrected."""
    record_event(
        activity.kind,
        by=by,
        party=activity.party,
        channel=activity.channel,
        direction=activity.direction if activity.kind == Activity.Kind.CALL else Direction.OUT,
        occurred_at=activity.starts_at,
        about=activity,
        payload={"outcome": activity.outcome, "minutes": activity.minutes, "subject": activity.subject},
    )


@action
def edit(number: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Activity:
    """Change an activity; whoever takes it over is told."""
    activity = held(number, by)
    _check(changes, activity)
    differing = {name for name, value in changes.items() if getattr(activity, name, value) != value}
    announced = bool(differing & {*ANNOUNCED, *TIMES})
    if announced and activity.organizer:
        words = _("%(who)s invited to it: only they can change it. Decline it, or write to them.")
        raise Refused(words % {"who": activity.organizer}, min(differing))
    if activity.series and differing & set(TIMES) and not repeating.is_ours(activity):
        raise Refused(_("It repeats: move it in the calendar that it comes from."), min(differing))
    more: dict[str, Any] = {"changed_at": clock.now()}
    if announced:
        more["sequence"] = activity.sequence + 1
    stored = change(activity, expected, **changes, **more)
    search.touch(stored)
    if "owner" in differing:
        _hand_to(stored, by)
    if differing & set(TIMES):
        ask_anew(stored)
    tell(stored, ANNOUNCED_ANEW if announced else CHANGED, by)
    return stored


def ask_anew(activity: Activity) -> None:
    """Whoever answered did so for another time: what he says now is open."""
    waiting = Participant.Answer.WAITING
    for row in Participant.objects.filter(activity=activity).exclude(answer=waiting):
        change(row, answer=waiting, comment="")


def tell(activity: Activity, what: str, by: Viewer, participants: Collection[Participant] = ()) -> None:
    """Tell whoever listens what became of an activity, in the same transaction."""
    for listener in hooks.get("activity_changed"):
        listener(activity, what, participants, by=by)


@action
def cancel(number: int, *, by: Viewer) -> Activity:
    """Call it off."""
    activity = held(number, by)
    if activity.state == Activity.State.HELD:
        raise Refused(_("It was held already."), "state")
    sequence = activity.sequence if activity.organizer else activity.sequence + 1
    stored = change(activity, state=Activity.State.CANCELLED, sequence=sequence, changed_at=clock.now())
    tell(stored, CANCELLED, by)
    return stored


@action
def remove(number: int, *, by: Viewer) -> None:
    """Delete an activity; that it was held stays in the ledger, without its words."""
    activity = held(number, by)
    require(by, "delete", activity)
    tell(activity, REMOVED, by)
    if activity.of_series_id is not None:
        _open_again(activity)
    search.remove(Activity, [activity.pk])
    delete(activity)


@action
def take_part(number: int, participants: Iterable[User | Party | str], *, by: Viewer) -> list[Participant]:
    """Let more people take part: colleagues, parties or mail addresses; those who do already stay as they are."""
    activity = Activity.objects.visible_to(by).get(pk=number)
    require(by, "edit", activity)
    there = list(Participant.objects.filter(activity=activity))
    known = {
        (row.user_id, row.party_id, row.mail.lower() if not (row.user_id or row.party_id) else "") for row in there
    }
    made = []
    for one in participants:
        values = _who(one, by)
        key = (values.get("user_id"), values.get("party_id"), values.get("mail", "").lower())
        if key not in known:
            known.add(key)
            made.append(create(Participant, activity=activity, **values))
    return made


@action
def leave(number: int, participants: Collection[int], *, by: Viewer) -> None:
    """Let participants, by their numbers, not take part after all."""
    activity = Activity.objects.visible_to(by).get(pk=number)
    require(by, "edit", activity)
    rows = list(Participant.objects.filter(activity=activity, pk__in=participants))
    tell(activity, LEFT, by, rows)
    for row in rows:
        delete(row)


@action
def answer(
    participant: int, said: str, at: datetime | None = None, *, by: Viewer, comment: str = "", sequence: int = 0
) -> Participant:
    """Note what a participant answered to the invitation, and to which version of it."""
    row = Participant.objects.visible_to(by).get(pk=participant)
    values: dict[str, Any] = {"comment": comment[:500], "answered_sequence": sequence}
    return change(row, answer=said, answered_at=at or clock.now(), **values)


def held(number: int, by: Viewer) -> Activity:
    """The activity, kept from other writers until the transaction ends. Raises DoesNotExist where `by` sees none."""
    seen = Activity.objects.visible_to(by).get(pk=number)
    row: Activity = Activity.objects.select_for_update(of=("self",)).select_related("party").get(pk=seen.pk)
    return row


# Checks -------------------------------------------------------------------------------------------------------------


def _placed(values: dict[str, Any], record: models.Model | None, by: Viewer) -> dict[str, Any]:
    """The values with the party and the record that they are about."""
    if record is None:
        party = values.get("party")
        if isinstance(party, Party):
            require(by, "view", party)
        return values
    require(by, "view", record)
    if isinstance(record, Party):
        return {**values, "party": record}
    party = values.get("party") or getattr(record, "party", None)
    return {**values, "party": party, **belonging.reference(record)}


def _check(values: dict[str, Any], activity: Activity | None = None) -> None:
    for name in ("state", "outcome", "uid", "sequence", "organizer", "said_at", "series", *OF_SERIES):
        if name in values:
            raise Refused(
                _("“%(field)s” is not set by itself: say how it went, or call it off.") % {"field": name}, name
            )
    starts = values.get("starts_at")
    if starts is not None and not 1900 <= starts.year <= 2199:
        raise Refused(_("The year lies between 1900 and 2199."), "starts_at")
    owner, party = values.get("owner"), values.get("party", activity.party if activity else None)
    if owner is not None and not is_staff(owner):
        raise Refused(_("%(who)s does not work here any more.") % {"who": owner}, "owner")
    if owner is not None and party is not None and not may(owner, "view", party):
        raise Refused(_("%(who)s may not see this record.") % {"who": owner}, "owner")


def _who(one: User | Party | str, by: Viewer) -> dict[str, Any]:
    if isinstance(one, User):
        return {"user_id": one.pk}
    if isinstance(one, Party):
        require(by, "view", one)
        return {"party_id": one.pk}
    return {"mail": one.strip()}


def _hand_to(activity: Activity, by: Viewer) -> None:
    user = activity.owner
    if user is None or user.pk == by.pk or activity.state != Activity.State.PLANNED:
        return
    with translation.override(user.language or None):
        title = _("%(who)s gave you an appointment: %(what)s") % {"who": by, "what": activity.subject}
        notifications.notify(user, title, when(activity), f"/activities/{activity.pk}/", kind=ASSIGNED)


def when(activity: Activity) -> str:
    """The day and the time in words, in the business's time zone."""
    local = activity.starts_at.astimezone(clock.zone())
    return f"{formats.date_format(local, 'DATE_FORMAT')} {formats.time_format(local, 'H:i')}"
