"""What other calendars say by mail (RFC 5546): invitations become meetings, answers are noted with who gave them,
proposals and whatever is doubtful are shown to a person. Nothing is answered from here."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from icalendar import Calendar

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.calendar import reading
from guanxi.channels.calendar.actions.inviting import tell_answer
from guanxi.channels.calendar.models import Notice
from guanxi.channels.calendar.reading import Guest, Said, Told
from guanxi.channels.mail.filing import parties_at
from guanxi.channels.mail.models import Mailbox, Message
from guanxi.customers.models import ContactPoint
from guanxi.foundation import clock, notifications, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM, Viewer, may, require

log = logging.getLogger(__name__)
State = Notice.State
NEVER = datetime(1900, 1, 1, tzinfo=UTC)
Found = tuple[State, str, Activity | None]  # what became of it, why, and of which meeting


@action
def take(message: Message, *, by: Viewer) -> Notice | None:
    """Read what a mail that came tells calendars, and do what can be done without asking anybody."""
    if not message.calendar or message.direction == Message.Direction.OUT:
        return None
    with translation.override(message.mailbox.owner.language or None):
        return _taken(message)


def _taken(message: Message) -> Notice:
    try:
        told = reading.read(message.calendar)
    except reading.Broken as broken:
        return _noted(message=message, state=State.BROKEN, words=str(broken)[:500])
    said = told.meetings[0]
    try:
        with transaction.atomic():
            state, words, activity = _done(told, said, message)
    except Refused as refusal:  # it cannot stand in our calendar as it is
        state, words, activity = State.SHOWN, refusal.message, None
    except Exception as fault:  # a mail is kept whatever its calendar does to us
        log.exception("What mail %s tells calendars cannot be followed", message.pk)
        state, words, activity = State.BROKEN, f"{type(fault).__name__}: {fault}", None
    words = " ".join([words, *said.flaws]).strip()
    return _noted(
        message=message, activity=activity, method=told.method, state=state, words=words[:500],
        **_values(told, said, message),
    )  # fmt: skip


def _noted(**values: Any) -> Notice:
    """What became of it. Not audited, as mails are not: the words of others stand in it."""
    made: Notice = Notice.objects.create(**values)
    return made


def _values(told: Told, said: Said, message: Message) -> dict[str, Any]:
    answers = told.method in ("REPLY", "COUNTER")
    guest = said.guests[0] if answers and said.guests else None
    values = {
        "uid": said.uid,
        "sequence": said.sequence,
        "said_at": _stamp(said, message),
        "mail": (guest.mail if guest else said.organizer or message.sender)[:254],
        "answer": guest.answer if guest and told.method == "REPLY" else "",
        "comment": said.comment,
    }
    if told.method != "REPLY":
        values |= {"starts_at": said.starts_at, "minutes": said.minutes, "place": said.place}
    return values


def _done(told: Told, said: Said, message: Message) -> Found:
    activity = Activity.objects.select_for_update(of=("self",)).filter(uid=said.uid).first()
    if told.method == "REQUEST":
        return _invited(told, said, message, activity)
    if told.method == "CANCEL":
        return _cancelled(told, said, message, activity)
    if told.method in ("REPLY", "COUNTER"):
        return _answered(told.method, said, message, activity)
    return State.SHOWN, str(_("It asks for nothing; look at it in the mail.")), activity


def _stamp(said: Said, message: Message) -> datetime:
    """When it was said; a clock that runs fast must not outrun all that comes later."""
    return min(said.said_at or message.sent_at, timezone.now())


# Invitations of others ----------------------------------------------------------------------------------------------


def _invited(told: Told, said: Said, message: Message, activity: Activity | None) -> Found:
    if activity is None:
        if said.cancelled:
            return State.SHOWN, str(_("It is called off, and nobody here knew of it.")), None
        return State.APPLIED, "", _make(told, said, message)
    if not activity.organizer:
        return State.APPLIED, str(_("It is our own meeting.")), activity
    if stranger := _not_from_organizer(activity, said, message):
        return State.SHOWN, stranger, activity
    if said.once and not activity.series:
        return State.SHOWN, str(_("It is about one time of a series that is not known here.")), activity
    _take_part(activity, message.mailbox)
    if _is_old(told, said, message, activity):
        return State.OLD, str(_("What stands here is as new.")), activity
    if activity.state == Activity.State.HELD:
        return State.SHOWN, str(_("It was held already.")), activity
    _move(told, said, message, activity)
    return State.APPLIED, "", activity


def _is_old(told: Told, said: Said, message: Message, activity: Activity) -> bool:
    if said.once:
        return not _newer_times(activity.series, told)
    return (said.sequence, _stamp(said, message)) <= (activity.sequence, activity.said_at or NEVER)


def _not_from_organizer(activity: Activity, said: Said, message: Message) -> str:
    """Why it is not to be believed; empty where it comes from who invited, or from where the invitation came."""
    if said.organizer != activity.organizer:
        return str(_("It names another who invites than %(who)s.") % {"who": activity.organizer})
    before = Notice.objects.filter(activity=activity, state=State.APPLIED).values_list("message__sender", flat=True)
    if message.sender == activity.organizer or message.sender in set(before):
        return ""
    return str(_("It was sent by %(who)s, from whom the invitation did not come.") % {"who": message.sender})


def _make(told: Told, said: Said, message: Message) -> Activity:
    """A meeting of our calendar out of an invitation; as private as the mail that brought it."""
    owner, party = message.mailbox.owner, message.party
    if party is not None and not may(owner, "view", party):
        party = None
    made = create(
        Activity,
        kind=Activity.Kind.MEETING,
        owner=owner,
        author=owner,
        party=party,
        private=said.private or message.private or party is None,
        organizer=said.organizer or message.sender,
        uid=said.uid,
        created_at=clock.now(),
        **_of_meeting(told, said, message),
    )
    _take_part(made, message.mailbox)
    _name_guests(made, said)
    search.touch(made)
    activities.tell(made, activities.PLANNED, SYSTEM)
    notifications.notify(
        owner,
        str(_("Invitation: %(what)s, %(when)s") % {"what": made.subject, "when": activities.when(made)}),
        made.organizer,
        f"/activities/{made.pk}/",
    )
    return made


def _of_meeting(told: Told, said: Said, message: Message) -> dict[str, Any]:
    return {
        "subject": said.subject,
        "starts_at": said.starts_at,
        "minutes": said.minutes,
        "whole_day": said.whole_day,
        "place": said.place,
        "text": said.text,
        "sequence": said.sequence,
        "said_at": _stamp(said, message),
        "series": series_of(told) if said.repeats else "",
        "changed_at": clock.now(),
    }


def series_of(told: Told) -> str:
    """A series as it is kept: without what was to be done with it."""
    calendar = Calendar.from_ical(told.calendar.to_ical())
    calendar.pop("METHOD", None)
    return bytes(calendar.to_ical()).decode()


def _move(told: Told, said: Said, message: Message, activity: Activity) -> None:
    if said.once:  # one time of a series: it stands beside the series, in place of an earlier word on it
        change(activity, series=_with_single_times(activity.series, told), changed_at=clock.now())
    else:
        moved = (activity.starts_at, activity.minutes) != (said.starts_at, said.minutes)
        values = _of_meeting(told, said, message)
        if activity.text and not said.text:
            values.pop("text")
        change(activity, state=Activity.State.PLANNED, **values)
        _name_guests(activity, said)
        if moved:
            activities.ask_anew(activity)
            _tell_moved(activity)
    search.touch(activity)
    activities.tell(activity, activities.CHANGED, SYSTEM)


def _tell_moved(activity: Activity) -> None:
    title = _("Moved: %(what)s, %(when)s") % {"what": activity.subject, "when": activities.when(activity)}
    for row in activity.participants.exclude(user=None).select_related("user"):
        if row.user is not None:
            notifications.notify(row.user, title, activity.organizer, f"/activities/{activity.pk}/")


def _newer_times(series: str, told: Told) -> list[Any]:
    """What is said of single times of a series, without what is no newer than what stands there."""
    kept = {_time_of(one): reading.said_in(one) for one in Calendar.from_ical(series).walk("VEVENT")}
    found = []
    for one in told.calendar.walk("VEVENT"):
        fresh, before = reading.said_in(one), kept.get(_time_of(one))
        if before is None or _version(fresh) > _version(before):
            found.append(one)
    return found


def _time_of(event: Any) -> bytes:
    return bytes(event["RECURRENCE-ID"].to_ical()) if "RECURRENCE-ID" in event else b""


def _version(said: Said) -> tuple[int, datetime]:
    return said.sequence, said.said_at or NEVER


def _with_single_times(series: str, told: Told) -> str:
    kept = Calendar.from_ical(series)
    fresh = _newer_times(series, told)
    known = {_time_of(one) for one in fresh}
    kept.subcomponents = [
        one for one in kept.subcomponents if one.name != "VEVENT" or not _time_of(one) or _time_of(one) not in known
    ] + fresh
    if told.method == "CANCEL":
        for one in fresh:
            one.pop("STATUS", None)
            one.add("STATUS", "CANCELLED")
    return bytes(kept.to_ical()).decode()


def _take_part(activity: Activity, mailbox: Mailbox) -> None:
    """Whose mailbox it came to is invited, also where he is not named (a list, a mail handed on)."""
    if not Participant.objects.filter(activity=activity, user=mailbox.owner).exists():
        create(Participant, activity=activity, user=mailbox.owner, mail=mailbox.address.lower())


def _name_guests(activity: Activity, said: Said) -> None:
    """Who else is invited, with what he answered as far as the organiser knows; who is no more named goes."""
    known = {mail: row for row in _participants(activity) for mail in _mails_of(row)}
    users = {user.email.lower(): user for user in User.objects.filter(is_active=True, is_staff=True).exclude(email="")}
    parties = parties_at({guest.mail for guest in said.guests})
    kept: set[int] = set()
    for guest in said.guests:
        row = known.get(guest.mail)
        if row is None:
            values = _who(guest, users, parties)
            same = Participant.objects.filter(activity=activity, **values).first()
            row = same or create(Participant, activity=activity, answer=guest.answer, **values)
            known[guest.mail] = row
        elif row.user_id is None and guest.known and row.answer != guest.answer:
            change(row, answer=guest.answer)
        kept.add(row.pk)
    for row in _participants(activity):
        if row.pk not in kept and row.user_id is None:
            delete(row)


def _who(guest: Guest, users: dict[str, User], parties: dict[str, int]) -> dict[str, Any]:
    if guest.mail in users:
        return {"user": users[guest.mail]}
    if guest.mail in parties:
        return {"party_id": parties[guest.mail]}
    return {"mail": guest.mail}


def _participants(activity: Activity) -> list[Participant]:
    return list(Participant.objects.filter(activity=activity).select_related("user", "party").order_by("id"))


def _mails_of(row: Participant) -> set[str]:
    """Every address by which a participant is known."""
    found = {row.mail.lower(), row.user.email.lower() if row.user is not None else ""}
    if row.party_id is not None:
        points = ContactPoint.objects.filter(party=row.party_id, kind=ContactPoint.Kind.MAIL)
        found |= set(points.values_list("key", flat=True))
    if row.user_id is not None:
        boxes = Mailbox.objects.filter(owner=row.user_id).values_list("address", flat=True)
        found |= {address.lower() for address in boxes}
    return found - {""}


def _cancelled(told: Told, said: Said, message: Message, activity: Activity | None) -> Found:
    if activity is None:
        return State.SHOWN, str(_("It is called off, and nobody here knew of it.")), None
    if not activity.organizer:
        return State.SHOWN, str(_("It is our own meeting: only we call it off.")), activity
    if stranger := _not_from_organizer(activity, said, message):
        return State.SHOWN, stranger, activity
    if activity.state == Activity.State.HELD:
        return State.SHOWN, str(_("It was held already.")), activity
    if said.once:
        if not activity.series:
            return State.SHOWN, str(_("It is about one time of a series that is not known here.")), activity
        if not _newer_times(activity.series, told):
            return State.OLD, str(_("What stands here is as new.")), activity
        change(activity, series=_with_single_times(activity.series, told), changed_at=clock.now())
    elif said.sequence < activity.sequence or activity.state == Activity.State.CANCELLED:
        return State.OLD, str(_("What stands here is as new.")), activity
    else:
        values: dict[str, Any] = {
            "sequence": said.sequence,
            "said_at": _stamp(said, message),
            "changed_at": clock.now(),
        }
        change(activity, state=Activity.State.CANCELLED, **values)
    activities.tell(activity, activities.CHANGED if said.once else activities.CANCELLED, SYSTEM)
    if activity.owner is not None:
        title = _("Called off: %(what)s, %(when)s") % {"what": activity.subject, "when": activities.when(activity)}
        notifications.notify(activity.owner, title, activity.organizer, f"/activities/{activity.pk}/")
    return State.APPLIED, "", activity


# Answers to ours ----------------------------------------------------------------------------------------------------


def _answered(method: str, said: Said, message: Message, activity: Activity | None) -> Found:
    if activity is None or activity.organizer:
        return State.SHOWN, str(_("It answers to nothing that was sent from here.")), None
    guest = said.guests[0] if said.guests else Guest(message.sender)
    part = next((one for one in _participants(activity) if guest.mail in _mails_of(one)), None)
    if part is None:
        return State.SHOWN, str(_("%(who)s was not invited.") % {"who": guest.mail}), activity
    if message.sender not in _mails_of(part) | {guest.mail}:
        words = _("It was sent by %(sender)s in the name of %(who)s.")
        return State.SHOWN, str(words % {"sender": message.sender, "who": guest.mail}), activity
    if said.once:
        return State.SHOWN, str(_("It answers for a single time of a series.")), activity
    stamp = _stamp(said, message)
    if _is_overtaken(said, stamp, part, activity):
        return State.OLD, str(_("He answered again since, or it was moved.")), activity
    if activity.state != Activity.State.PLANNED:
        return State.SHOWN, str(_("It was called off, or is over.")), activity
    if method == "COUNTER":
        return State.PROPOSED, "", activity
    if not guest.known:
        return State.SHOWN, str(_("He handed the invitation on to somebody else.")), activity
    _note(part, guest.answer, said.comment, said.sequence, stamp)
    return State.APPLIED, "", activity


def _is_overtaken(said: Said, stamp: datetime, part: Participant, activity: Activity) -> bool:
    if said.sequence < activity.sequence:
        return True
    return part.answered_at is not None and (said.sequence, stamp) <= (part.answered_sequence, part.answered_at)


def _note(part: Participant, answer: str, comment: str, sequence: int, stamp: datetime) -> None:
    noted = activities.answer(part.pk, answer, stamp, by=SYSTEM, comment=comment, sequence=sequence)
    row = Participant.objects.select_related("user", "party", "activity__owner").get(pk=noted.pk)
    tell_answer(row.activity, row)


# What a person decides ----------------------------------------------------------------------------------------------


@action
def take_over(number: int, *, by: Viewer) -> Notice:
    """Do what a notice says after all: take the time that is proposed, or note the answer of who was not invited."""
    notice = _open(number, by)
    activity = activities.held(notice.activity_id or 0, by)
    require(by, "edit", activity)
    if notice.state == State.PROPOSED:
        values = {"starts_at": notice.starts_at, "minutes": notice.minutes, "place": notice.place}
        known = {name: value for name, value in values.items() if value not in (None, "")}
        activities.edit(activity.pk, known, by=by)
    elif notice.method == "REPLY" and notice.answer and not activity.organizer:
        part = next((one for one in _participants(activity) if notice.mail in _mails_of(one)), None)
        if part is None:
            part = activities.take_part(activity.pk, [notice.mail], by=by)[0]
        activities.answer(
            part.pk, notice.answer, notice.said_at, by=by, comment=notice.comment, sequence=notice.sequence
        )
    else:
        raise Refused(_("This cannot be taken over; look at the mail."), "state")
    return _settled(notice, State.APPLIED)


@action
def dismiss(number: int, *, by: Viewer) -> Notice:
    """Set a notice aside."""
    return _settled(_open(number, by), State.DISMISSED)


def _open(number: int, by: Viewer) -> Notice:
    seen = Notice.objects.visible_to(by).get(pk=number)
    notice: Notice = Notice.objects.select_for_update(of=("self",)).select_related("message__mailbox").get(pk=seen.pk)
    require(by, "edit", notice.message)  # whose mailbox it is, and nobody else, also where he may do everything
    if notice.state not in (State.PROPOSED, State.SHOWN):
        raise Refused(_("It was settled already."), "state")
    return notice


def _settled(notice: Notice, state: State) -> Notice:
    return change(notice, state=state)
