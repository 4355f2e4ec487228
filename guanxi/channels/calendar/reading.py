"""What a calendar says (iCalendar, RFC 5545 and 5546) understood: leniently, and refusing in words what is broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext as _
from icalendar import Calendar

from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Participant

LONGEST = 60 * 24 * 31  # minutes of one meeting
MOST_GUESTS = 100
Answer = Participant.Answer
ANSWERS = {one.value.upper(): one for one in Answer}


class Broken(Exception):
    """It cannot be read; the message says what is wrong, in words."""


@dataclass(frozen=True)
class Guest:
    """Who is invited, and what he answered; `known` is off where he said what we have no word for (delegated)."""

    mail: str
    name: str = ""
    answer: str = Answer.WAITING
    known: bool = True


@dataclass
class Said:
    """One meeting of a calendar, as it is said."""

    uid: str
    starts_at: datetime
    minutes: int
    whole_day: bool
    subject: str
    place: str
    text: str
    sequence: int = 0
    said_at: datetime | None = None
    organizer: str = ""
    guests: list[Guest] = field(default_factory=list)
    comment: str = ""
    cancelled: bool = False
    private: bool = False
    once: str = ""  # which single time of a series it is about (RECURRENCE-ID)
    repeats: bool = False
    flaws: list[str] = field(default_factory=list)


@dataclass
class Told:
    """A calendar object: what is to be done with it, and the meetings in it, those that are whole before single times
    of a series."""

    method: str
    meetings: list[Said]
    calendar: Calendar


def read(text: str) -> Told:
    """`text` understood. Raises Broken; whatever a library stumbles over becomes words."""
    try:
        calendar = Calendar.from_ical(text)
        meetings = [said_in(event) for event in calendar.walk("VEVENT")]
    except Broken:
        raise
    except Exception as fault:
        raise Broken(_("It is no calendar that can be read: %(fault)s") % {"fault": str(fault)[:200]}) from fault
    if not meetings:
        raise Broken(_("There is no meeting in it."))
    if len({one.uid for one in meetings}) > 1:
        raise Broken(_("It holds several meetings; add them in your calendar program."))
    meetings.sort(key=lambda one: bool(one.once))
    return Told(str(calendar.get("METHOD", "")).upper()[:20], meetings, calendar)


def said_in(event: Any) -> Said:
    """One VEVENT. Raises Broken, or whatever the library raises."""
    uid = str(event.get("UID", "")).strip()
    if not uid or len(uid) > 255:
        raise Broken(_("It has no number (UID) by which it could be known again."))
    if event.get("DTSTART") is None:
        raise Broken(_("It does not say when it is."))
    start, end = event.start, event.end
    minutes = repeating.length(start, end)
    if minutes < 0:
        raise Broken(_("It ends before it begins."))
    if minutes > LONGEST:
        raise Broken(_("It lasts longer than a month."))
    starts_at = repeating.moment(start)
    if not 1900 <= starts_at.year <= 2199:
        raise Broken(_("The year lies between 1900 and 2199."))
    rules = _many(event.get("RRULE"))
    if any(repeating.is_too_often(rule) for rule in rules):
        raise Broken(_("It repeats more often than once a day."))
    once = event.get("RECURRENCE-ID")
    return Said(
        uid=uid,
        starts_at=starts_at,
        minutes=minutes,
        whole_day=not isinstance(start, datetime),
        subject=_line(event, "SUMMARY", 200) or str(_("(no subject)")),
        place=_line(event, "LOCATION", 250),
        text=str(event.get("DESCRIPTION", "")).replace("\x00", "").strip()[:20_000],
        sequence=_number(event.get("SEQUENCE", 0)),
        said_at=_stamp(event),
        organizer=_mail(event.get("ORGANIZER", "")),
        guests=_guests(event),
        comment=_comment(event),
        cancelled=_line(event, "STATUS", 20).upper() == "CANCELLED",
        private=_line(event, "CLASS", 20).upper() in ("PRIVATE", "CONFIDENTIAL"),
        once=once.to_ical().decode() if once is not None else "",
        repeats=bool(rules) or event.get("RDATE") is not None,
        flaws=_flaws(event),
    )


def _flaws(event: Any) -> list[str]:
    found = [f"{name}: {fault}"[:200] for name, fault in event.errors[:5]]
    zone = event["DTSTART"].params.get("TZID")
    if zone and isinstance(event.start, datetime) and event.start.tzinfo is None:
        words = _("Nobody knows the time zone “%(zone)s”; its times were read as ours.")
        found.append(words % {"zone": str(zone)[:60]})
    return found


def _guests(event: Any) -> list[Guest]:
    found: dict[str, Guest] = {}
    for one in _many(event.get("ATTENDEE"))[:MOST_GUESTS]:
        mail = _mail(one)
        if mail:
            said = str(one.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
            name = _plain(str(one.params.get("CN", "")))[:150]
            found.setdefault(mail, Guest(mail, name, ANSWERS.get(said, Answer.WAITING), said in ANSWERS))
    return list(found.values())


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _mail(value: Any) -> str:
    text = str(value).strip()
    mail = text[7:] if text.lower().startswith("mailto:") else text
    return mail.strip().lower() if "@" in mail and len(mail) <= 254 else ""


def _comment(event: Any) -> str:
    return _plain(" ".join(str(one) for one in _many(event.get("COMMENT"))))[:500]


def _line(event: Any, name: str, longest: int) -> str:
    return _plain(str(event.get(name, "")))[:longest]


def _plain(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())


def _number(value: Any) -> int:
    try:
        return min(max(int(value), 0), 2**31 - 1)
    except (TypeError, ValueError):
        return 0


def _stamp(event: Any) -> datetime | None:
    stamp = event.get("DTSTAMP")
    value: date | datetime | None = getattr(stamp, "dt", None)
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
