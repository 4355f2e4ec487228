"""Calendars elsewhere (CalDAV): connecting them, keeping what stands there and here the same, clashes.

What counts where both sides changed at once: what stands at the server, because that is what the telephone in the hand
shows; what stood here is kept beside it, and one click makes it count. What was changed on one side and deleted on the
other stays.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from icalendar import Calendar

from guanxi.channels.actions import change_connection, keep_failure, keep_success, pause_connection
from guanxi.channels.activities import actions as activities
from guanxi.channels.activities import queries, repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.calendar import dav, ical, reading
from guanxi.channels.calendar.actions.arriving import series_of
from guanxi.channels.calendar.actions.inviting import tell_answer
from guanxi.channels.calendar.models import Account, Clash, Entry
from guanxi.channels.calendar.reading import Said, Told
from guanxi.channels.mail.models import Mailbox
from guanxi.foundation import clock, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed, Viewer, require

BEFORE, AFTER = timedelta(days=90), timedelta(days=400)  # what of the past and of the future goes there
HERE = ("subject", "starts_at", "minutes", "whole_day", "place", "text", "private", "series", "state")


# Accounts -----------------------------------------------------------------------------------------------------------


@action
def connect_calendar(*, by: Viewer, **values: Any) -> Account:
    """Keep one's own calendar and one elsewhere the same. `values` are fields of Account, `path` among them."""
    owner = User.objects.filter(pk=by.pk).first()
    if owner is None:
        raise Refused(_("A calendar is somebody's own."), "owner")
    _refuse_unfit(values)
    return create(Account, owner=owner, **values)


@action
def edit_calendar(
    number: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Account:
    """Change where a calendar is and how one gets in; an empty password leaves it as it is."""
    account = Account.objects.visible_to(by).get(pk=number)
    _refuse_unfit(changes)
    elsewhere = any(changes.get(name, getattr(account, name)) != getattr(account, name) for name in ("address", "path"))
    stored = change_connection(account, expected, changes, error="")
    if elsewhere:  # what was agreed on with another server is worth nothing
        Entry.objects.filter(account=account).delete()
        Account.objects.filter(pk=number).update(token="")
    return stored


def _refuse_unfit(values: dict[str, Any]) -> None:
    if "address" in values:
        try:
            dav.refuse_unfit(values["address"])
        except dav.CannotConnect as fault:
            raise Refused(str(fault), "address") from fault


@action
def pause_calendar(number: int, paused: bool, *, by: Viewer) -> Account:
    """Leave a calendar alone, or go on with it."""
    return pause_connection(Account.objects.visible_to(by).get(pk=number), paused)


@action
def disconnect_calendar(number: int, *, by: Viewer) -> None:
    """Forget a calendar elsewhere; what stands there and what stands here stays."""
    delete(Account.objects.visible_to(by).get(pk=number))


@action
def note_calendar_failure(number: int, fault: str, *, by: Viewer) -> None:
    """That a calendar could not be read, and why."""
    keep_failure(Account, number, fault)


@action
def note_calendar_success(number: int, token: str, *, by: Viewer) -> None:
    """That both sides are the same, up to the server's token."""
    keep_success(Account, number, token=token)


@action
def try_left_out_again(number: int, *, by: Viewer) -> None:
    """Let what was left out be read anew at the next look."""
    account = Account.objects.visible_to(by).get(pk=number)
    require(by, "edit", account)
    account.entries.filter(state=Entry.State.LEFT_OUT, activity=None).delete()
    account.entries.filter(state=Entry.State.LEFT_OUT).update(etag="", agreed="")
    Account.objects.filter(pk=number).update(token="", failures=0)


# From there ---------------------------------------------------------------------------------------------------------


@action
def take_object(number: int, path: str, etag: str, text: str, *, by: Viewer) -> Entry:
    """What stands under a path at the server, as it is now: makes, moves or links a meeting here."""
    account = Account.objects.select_related("owner").get(pk=number)
    entry = Entry.objects.filter(account=account, path=path).select_related("activity").first()
    try:
        told = reading.read(text)
    except reading.Broken as broken:
        return _left_out(account, entry, path, etag, str(broken))
    said = told.meetings[0]
    past = Entry.State.PAST
    if entry is None and said.cancelled:  # it stays there as it is, and is nobody's business here
        return _kept(account, entry, path, etag, text, said, state=past)
    if not said.repeats and said.starts_at + timedelta(minutes=said.minutes) < clock.now() - BEFORE:
        return _kept(account, entry, path, etag, text, said, state=past)
    if entry is not None and entry.state == Entry.State.REMOVED and entry.text == text:
        return _kept(account, entry, path, etag, text, said, state=Entry.State.REMOVED)
    try:
        activity, linked = _meeting(account, entry, told)
        if not linked:
            _follow(account, entry, activity, told, text)
            activity.refresh_from_db()
    except (Refused, NotAllowed) as refusal:
        return _left_out(account, entry, path, etag, str(refusal), said.subject)
    digest = "" if linked else digest_of(activity)
    state = past if said.cancelled else Entry.State.KEPT
    return _kept(account, entry, path, etag, text, said, activity=activity, agreed=digest, state=state)


def _meeting(account: Account, entry: Entry | None, told: Told) -> tuple[Activity, bool]:
    """The meeting here; whether it was here already and only becomes known as the same, so that ours counts."""
    if entry is not None and entry.activity is not None:
        return entry.activity, False
    said = told.meetings[0]
    known = Activity.objects.filter(uid=said.uid).first()
    if known is None:
        return _made(account, told), False
    takes_part = known.participants.filter(user=account.owner).exists()
    if known.owner_id != account.owner_id and not takes_part:
        raise Refused(_("It stands in the calendar of a colleague already."))
    return known, True


def _made(account: Account, told: Told) -> Activity:
    said, owner = told.meetings[0], account.owner
    mine = {owner.email.lower(), account.username.lower(), *_boxes(owner)} - {""}
    organizer = "" if said.organizer in mine else said.organizer
    activity = create(
        Activity,
        kind=Activity.Kind.MEETING,
        owner=owner,
        author=owner,
        private=said.private or not account.shared,
        organizer=organizer,
        uid=said.uid,
        sequence=said.sequence,
        said_at=said.said_at,
        series=series_of(told) if said.repeats else "",
        created_at=clock.now(),
        changed_at=clock.now(),
        **_fields(said),
    )
    if organizer:
        answer = next((guest.answer for guest in said.guests if guest.mail in mine), Participant.Answer.WAITING)
        create(Participant, activity=activity, user=owner, answer=answer)
    search.touch(activity)
    return activity


def _boxes(owner: User) -> set[str]:
    return {address.lower() for address in Mailbox.objects.filter(owner=owner).values_list("address", flat=True)}


def _fields(said: Said) -> dict[str, Any]:
    return {
        "subject": said.subject,
        "starts_at": said.starts_at,
        "minutes": said.minutes,
        "whole_day": said.whole_day,
        "place": said.place,
        "text": said.text,
    }


def _follow(account: Account, entry: Entry | None, activity: Activity, told: Told, text: str) -> None:
    """Make the meeting here what it is there; what stood here and was never there is kept as a clash."""
    said = told.meetings[0]
    values = _fields(said)
    if said.subject == ical.summary(activity):
        values["subject"] = activity.subject
    if said.private:
        values["private"] = True
    series = series_of(told) if said.repeats else ""
    if entry is None or activity.state != Activity.State.PLANNED:
        return
    changed_here = bool(entry.agreed) and entry.agreed != digest_of(activity)
    differing = {name: value for name, value in values.items() if getattr(activity, name) != value}
    if changed_here and (differing or series != activity.series):
        Clash.objects.create(account=account, activity=activity, ours=text_of(activity, entry.text), theirs=text)
    if said.cancelled:
        activities.cancel(activity.pk, by=account.owner)
    elif activity.organizer or series or activity.series:
        change(activity, **differing, series=series, changed_at=clock.now())
        activities.tell(activity, activities.CHANGED, account.owner)
        search.touch(activity)
    elif differing:
        activities.edit(activity.pk, differing, by=account.owner)


def _kept(account: Account, entry: Entry | None, path: str, etag: str, text: str, said: Said, **values: Any) -> Entry:
    values = {"state": Entry.State.KEPT, **values}
    values |= {"etag": etag[:250], "text": text, "subject": said.subject[:250], "why": ""}
    return _stored(account.pk, entry, path, from_there=True, **values)


def _stored(number: int, entry: Entry | None, path: str, from_there: bool = False, **values: Any) -> Entry:
    """What is known of an object. It is the state of the work and not audited: the words of others stand in it."""
    if entry is None:
        made: Entry = Entry.objects.create(account_id=number, path=path, from_there=from_there, **values)
        return made
    for name, value in values.items():
        setattr(entry, name, value)
    entry.save(update_fields=list(values))
    return entry


def _left_out(account: Account, entry: Entry | None, path: str, etag: str, why: str, subject: str = "") -> Entry:
    values: dict[str, Any] = {"etag": etag[:250], "state": Entry.State.LEFT_OUT, "why": why[:300]}
    if subject:
        values["subject"] = subject[:250]
    return _stored(account.pk, entry, path, from_there=True, **values)


@action
def forget_object(entry_number: int, *, by: Viewer) -> None:
    """That an object is gone from the server: the meeting here goes too, unless it was changed here meanwhile."""
    entry = Entry.objects.select_related("activity", "account__owner").get(pk=entry_number)
    activity, owner = entry.activity, entry.account.owner
    unchanged = activity is not None and entry.agreed == digest_of(activity)
    Entry.objects.filter(pk=entry.pk).delete()
    if activity is None or not unchanged or activity.state != Activity.State.PLANNED:
        return
    with suppress(NotAllowed, Refused):  # what its owner may not take away stays
        _take_away(activity, entry, owner)


def _take_away(activity: Activity, entry: Entry, owner: User) -> None:
    alone = activity.party_id is None and not activity.participants.exclude(user=owner).exists()
    if entry.from_there and alone and activity.owner_id == owner.pk and not activity.organizer:
        activities.remove(activity.pk, by=owner)
    elif activity.owner_id == owner.pk:
        activities.cancel(activity.pk, by=owner)
    else:  # a colleague's: it is his to call off
        for part in Participant.objects.filter(activity=activity, user=owner):
            tell_answer(activity, change(part, answer=Participant.Answer.DECLINED, answered_at=clock.now()))


# To there -----------------------------------------------------------------------------------------------------------


def going(account: Account) -> list[Activity]:
    """What is to stand at the server: the owner's appointments of a while, and those that he takes part in."""
    now = clock.now()
    rows = queries.activities(account.owner).filter(queries.of_user(account.owner_id))
    wanted = Q(starts_at__gte=now - BEFORE, starts_at__lt=now + AFTER) | ~Q(series="")
    rows = rows.filter(of_series=None)  # what was held of a series stands there as a time of it
    return list(rows.exclude(state=Activity.State.CANCELLED).filter(wanted).order_by("id")[:5_000])


def digest_of(activity: Activity) -> str:
    """What stands here, in short: another one after every change that a calendar shows."""
    said = repr([getattr(activity, name) for name in HERE] + [activity.party.name if activity.party else ""])
    return hashlib.sha256(said.encode()).hexdigest()


def text_of(activity: Activity, before: str = "") -> str:
    """A meeting as it goes to the server. What stood there (`before`) keeps all that we know nothing of: alarms, who
    is invited, its time zone."""
    calendar = _parsed(before)
    if calendar is None or repeating.is_ours(activity):
        return _alone(activity)
    event = next(one for one in calendar.walk("VEVENT") if "RECURRENCE-ID" not in one)
    _put(event, "SUMMARY", ical.summary(activity))
    _put(event, "LOCATION", activity.place)
    _put(event, "DESCRIPTION", activity.text)
    _put(event, "CLASS", "PRIVATE" if activity.private else "")
    _put(event, "SEQUENCE", max(activity.sequence, reading.said_in(event).sequence))
    for name in ("DTSTAMP", "LAST-MODIFIED"):
        _put(event, name, clock.now())
    if not activity.series and _times(event) != (activity.starts_at, activity.minutes, activity.whole_day):
        for name in ("DTSTART", "DTEND", "DURATION"):
            event.pop(name, None)
        ical.add_times(event, activity)
    return bytes(calendar.to_ical()).decode()


def _times(event: Any) -> tuple[datetime, int, bool]:
    said = reading.said_in(event)
    return said.starts_at, said.minutes, said.whole_day


def _parsed(text: str) -> Any:
    try:
        return reading.read(text).calendar if text else None
    except reading.Broken:
        return None


def _alone(activity: Activity) -> str:
    calendar: Calendar = ical.empty()
    for component in ical.components_of(activity):
        calendar.add_component(component)
    return bytes(calendar.to_ical()).decode()


def _put(event: Any, name: str, value: Any) -> None:
    event.pop(name, None)
    if value not in ("", None):
        event.add(name, value)


@action
def note_put(number: int, activity_number: int, path: str, etag: str, text: str, digest: str, *, by: Viewer) -> None:
    """That a meeting stands at the server as it does here."""
    values: dict[str, Any] = {"etag": etag[:250], "text": text, "agreed": digest, "why": ""}
    values |= {"activity_id": activity_number, "state": Entry.State.KEPT}
    values["subject"] = Activity.objects.get(pk=activity_number).subject[:250]
    _stored(number, Entry.objects.filter(account=number, path=path).first(), path, **values)


@action
def note_not_put(number: int, activity_number: int, path: str, why: str, digest: str, *, by: Viewer) -> None:
    """That the server does not take a meeting, and why; it is tried again when it is changed."""
    values: dict[str, Any] = {"activity_id": activity_number, "why": why[:300], "agreed": digest}
    values["state"] = Entry.State.LEFT_OUT
    values["subject"] = Activity.objects.get(pk=activity_number).subject[:250]
    _stored(number, Entry.objects.filter(account=number, path=path).first(), path, **values)


@action
def forget_entry(entry_number: int, *, by: Viewer) -> None:
    """That an object is on neither side any more."""
    Entry.objects.filter(pk=entry_number).delete()


def follow_here(activity: Activity, what: str, participants: Any, *, by: Viewer) -> None:
    """Hears of every change here: what is removed is to be removed there, and calendars are looked at soon."""
    if what == activities.REMOVED:
        Entry.objects.filter(activity=activity).update(state=Entry.State.REMOVED)


# Clashes ------------------------------------------------------------------------------------------------------------


@action
def settle_clash(number: int, ours: bool, *, by: Viewer) -> Clash:
    """Let what stood here count after all (`ours`), or leave it at what stands there."""
    seen = Clash.objects.visible_to(by).get(pk=number)
    clash: Clash = Clash.objects.select_for_update(of=("self",)).select_related("activity__party").get(pk=seen.pk)
    require(by, "edit", clash)
    if clash.settled:
        raise Refused(_("It was settled already."), "settled")
    if ours:
        said = reading.read(clash.ours).meetings[0]
        values = _fields(said)
        if said.subject == ical.summary(clash.activity):
            values["subject"] = clash.activity.subject
        differing = {name: value for name, value in values.items() if getattr(clash.activity, name) != value}
        activities.edit(clash.activity_id, differing, by=by)
    return change(clash, settled=True)
