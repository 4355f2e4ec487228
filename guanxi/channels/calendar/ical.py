"""Activities as iCalendar has them (RFC 5545), and invitations to them (RFC 5546)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.sending import addresses_of
from guanxi.foundation import clock
from guanxi.foundation.models import User

STATUS = {
    Activity.State.PLANNED: "CONFIRMED",
    Activity.State.HELD: "CONFIRMED",
    Activity.State.CANCELLED: "CANCELLED",
}
REFRESH = timedelta(minutes=15)


def calendar(name: str, activities: Iterable[Activity], method: str = "") -> bytes:
    """A calendar object with one event for each activity; times are in UTC, so that no time zone need be sent along.
    What repeats is given on as its calendar wrote it, with its time zones."""
    made = empty(method)
    if not method:
        made.add("x-wr-calname", name)
        made.add("name", name)
        made.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    zones: set[str] = set()
    for activity in activities:
        for component in components_of(activity, invited=bool(method)):
            if component.name == "VTIMEZONE":
                if (zone := str(component.get("TZID"))) in zones:
                    continue
                zones.add(zone)
            made.add_component(component)
    return bytes(made.to_ical())


def empty(method: str = "") -> Calendar:
    """A calendar object with nothing in it yet."""
    made = Calendar()
    made.add("prodid", repeating.OURS)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    if method:
        made.add("method", method)
    return made


def components_of(activity: Activity, *, invited: bool = False) -> list[Any]:
    """What of a calendar object is about one activity: an event, or a whole series with its time zones."""
    if activity.series and not invited:
        try:
            return list(Calendar.from_ical(activity.series).subcomponents)
        except ValueError:
            pass
    return [event_of(activity, invited=invited)]


def event_of(
    activity: Activity, *, invited: bool = False, guests: Collection[Participant] | None = None, organizer: str = ""
) -> Event:
    """One activity; `invited` with those who take part (or `guests`) and whose it is (whom answers reach at
    `organizer`), as an invitation needs it."""
    event = Event()
    event.add("uid", activity.uid)
    event.add("sequence", activity.sequence)
    event.add("dtstamp", activity.changed_at)
    add_times(event, activity)
    event.add("summary", activity.subject if invited else summary(activity))
    event.add("status", STATUS[Activity.State(activity.state)])
    if activity.place:
        event.add("location", activity.place)
    if activity.private:
        event.add("class", "PRIVATE")
    if invited:
        if activity.owner is not None and (organizer or activity.owner.email):
            event.add("organizer", _address(organizer or activity.owner.email, str(activity.owner)))
        for one in activity.participants.all() if guests is None else guests:
            if mail := mail_of(one):
                event.add("attendee", _attendee(one, mail), encode=False)
    else:
        event.add("url", f"{settings.GUANXI_URL.rstrip('/')}/activities/{activity.pk}/")
        if activity.text:
            event.add("description", activity.text)
    return event


def add_times(event: Event, activity: Activity) -> None:
    """When it begins and ends: moments, or of whole days the first and the one after the last."""
    if activity.whole_day:
        first = activity.starts_at.astimezone(clock.zone()).date()
        event.add("dtstart", first)
        event.add("dtend", first + timedelta(days=max(round(activity.minutes / (24 * 60)), 1)))
    else:
        event.add("dtstart", activity.starts_at)
        event.add("dtend", activity.ends_at)


def invitation(
    activity: Activity,
    method: str,
    organizer: str,
    guests: Collection[Participant] | None = None,
    at: datetime | None = None,
) -> str:
    """An invitation (REQUEST) to an activity, or that it is called off (CANCEL), as it goes by mail: of a series of
    ours the whole of it, or with `at` the one time that by its rule is then."""
    made = empty(method)
    said: list[Any] = single_times(activity.series, at) if repeating.is_ours(activity) else [None]
    for kept in said:
        if kept is not None and kept.name != "VEVENT":
            made.add_component(kept)
            continue
        event = event_of(activity, invited=True, guests=guests, organizer=organizer)
        for name in OF_SERIES if kept is not None else ():
            event.pop(name, None)
            if name in kept:
                event[name] = kept[name]
        if method == "CANCEL":
            event.pop("status")
            event.add("status", "CANCELLED")
        made.add_component(event)
    return bytes(made.to_ical()).decode()


# What of a series its own object says, and not the activity.
OF_SERIES = ("DTSTART", "DTEND", "RRULE", "EXDATE", "RECURRENCE-ID", "SUMMARY", "LOCATION")


def single_times(series: str, at: datetime | None) -> list[Any]:
    """The components of a series; with `at` only the one time that by the rule is then, which may be called off."""
    kept: list[Any] = list(Calendar.from_ical(series).subcomponents)
    if at is None:
        return kept
    zones, events = [one for one in kept if one.name != "VEVENT"], [one for one in kept if one.name == "VEVENT"]
    for event in events:
        if "RECURRENCE-ID" in event and repeating.moment(event["RECURRENCE-ID"].dt) == at:
            return [*zones, event]
    return [*zones, alone(events[0], at)]


def alone(master: Any, at: datetime) -> Any:
    """One time of a series as its rule has it, to be said by itself."""
    event = master.copy()
    for name in ("RRULE", "EXDATE", "DTSTART", "DTEND"):
        event.pop(name, None)
    begins, ends = master["DTSTART"].dt, master["DTEND"].dt
    first: date = at.astimezone(begins.tzinfo) if isinstance(begins, datetime) else at.astimezone(clock.zone()).date()
    event.add("recurrence-id", first)
    event.add("dtstart", first)
    event.add("dtend", first + (ends - begins))
    return event


def reply(activity: Activity, participant: Participant, mail: str) -> str:
    """What somebody answers to an invitation from elsewhere: only he himself stands in it."""
    made = empty("REPLY")
    event = Event()
    event.add("uid", activity.uid)
    event.add("sequence", activity.sequence)
    event.add("dtstamp", clock.now())
    add_times(event, activity)
    event.add("summary", activity.subject)
    event.add("organizer", vCalAddress(f"mailto:{activity.organizer}"))
    event.add("attendee", _attendee(participant, mail), encode=False)
    event["attendee"].params.pop("rsvp")
    if participant.comment:
        event.add("comment", participant.comment)
    made.add_component(event)
    return bytes(made.to_ical()).decode()


def summary(activity: Activity) -> str:
    """What stands in the calendar: about what, and with whom."""
    if activity.party is None:
        return activity.subject
    return _("%(subject)s (%(customer)s)") % {"subject": activity.subject, "customer": activity.party.name}


def mail_of(participant: Participant) -> str:
    """The address to invite a participant at; empty where none is known."""
    if participant.mail:
        return participant.mail
    if participant.user is not None:
        return str(participant.user.email)
    return next(iter(addresses_of(participant.party)), "") if participant.party is not None else ""


def name_of(user: User) -> str:
    """What somebody's calendar is called in others."""
    return _("%(who)s in Guanxi") % {"who": user}


def _address(mail: str, name: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{mail}")
    address.params["cn"] = vText(name)
    return address


def _attendee(one: Participant, mail: str) -> vCalAddress:
    address = _address(mail, str(one))
    address.params["partstat"] = vText(one.answer.upper())
    address.params["rsvp"] = vText("TRUE")
    address.params["role"] = vText("REQ-PARTICIPANT")
    return address
