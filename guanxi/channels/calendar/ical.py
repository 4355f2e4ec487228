"""Activities as iCalendar has them (RFC 5545), and invitations to them (RFC 5546)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from guanxi.channels.activities.models import Activity, Participant
from guanxi.foundation.models import User

PRODUCT = "-//Guanxi//Guanxi//EN"
STATUS = {
    Activity.State.PLANNED: "CONFIRMED",
    Activity.State.HELD: "CONFIRMED",
    Activity.State.CANCELLED: "CANCELLED",
}
REFRESH = timedelta(minutes=15)


def calendar(name: str, activities: Iterable[Activity], method: str = "") -> bytes:
    """A calendar object with one event for each activity; times are in UTC, so that no time zone need be sent along."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    if method:
        made.add("method", method)
    else:
        made.add("x-wr-calname", name)
        made.add("name", name)
        made.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for activity in activities:
        made.add_component(event_of(activity, invited=bool(method)))
    return bytes(made.to_ical())


def event_of(activity: Activity, *, invited: bool = False) -> Event:
    """One activity; `invited` with those who take part and whose it is, as an invitation needs it."""
    event = Event()
    event.add("uid", activity.uid)
    event.add("sequence", activity.sequence)
    event.add("dtstamp", activity.changed_at)
    event.add("dtstart", activity.starts_at)
    event.add("dtend", activity.ends_at)
    event.add("summary", summary(activity))
    event.add("status", STATUS[Activity.State(activity.state)])
    if activity.place:
        event.add("location", activity.place)
    if invited:
        if activity.owner is not None and activity.owner.email:
            event.add("organizer", _address(activity.owner.email, str(activity.owner)))
        for one in activity.participants.all():
            if mail := mail_of(one):
                event.add("attendee", _attendee(one, mail), encode=False)
    else:
        event.add("url", f"{settings.GUANXI_URL.rstrip('/')}/activities/{activity.pk}/")
        if activity.text:
            event.add("description", activity.text)
    return event


def summary(activity: Activity) -> str:
    """What stands in the calendar: about what, and with whom."""
    if activity.party is None:
        return activity.subject
    return _("%(subject)s (%(customer)s)") % {"subject": activity.subject, "customer": activity.party.name}


def mail_of(participant: Participant) -> str:
    """The address to invite a participant at; empty where none is known."""
    if participant.mail:
        return participant.mail
    return participant.user.email if participant.user is not None else ""


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
