"""Colleagues side by side: what stands in their calendars, as far as one may see it, and when all of them are free.

Of what somebody may not see he learns only that the time is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.foundation import clock
from guanxi.foundation.desk import record_url
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, rights_of

DAY, WEEK, MONTH = SPANS = ("day", "week", "month")
MOST_PEOPLE = 20
MOST = 3_000  # appointments of one page
OPENS, CLOSES = time(9), time(18)  # between which a free time is looked for
FIRST_HOUR, LAST_HOUR = 7, 20  # of a day; what lies outside stands with the first and the last
STEP = timedelta(minutes=30)
MOST_FREE, MOST_A_DAY = 9, 3
NOBODY = AnonymousUser()  # who sees nothing but that a time is taken


@dataclass(frozen=True)
class Block:
    """A time that is taken in somebody's calendar; without a title where the viewer may not see what it is."""

    starts_at: datetime
    ends_at: datetime
    title: str = ""
    url: str = ""
    whole_day: bool = False
    tentative: bool = False

    @property
    def is_busy_only(self) -> bool:
        """Whether nothing is known but that the time is taken."""
        return not self.url


@dataclass(frozen=True)
class Slot:
    """A line of the calendar: an hour or a day."""

    starts_at: datetime
    ends_at: datetime
    label: datetime


@dataclass(frozen=True)
class Free:
    """A time at which everybody is free."""

    starts_at: datetime
    ends_at: datetime


def people(viewer: Viewer, asked: Collection[int] = ()) -> list[User]:
    """Whose calendars are shown: who was asked for, else the viewer and his team."""
    wanted = list(asked) or sorted(rights_of(viewer).peers)
    rows = User.objects.filter(is_active=True, is_staff=True, pk__in=wanted).order_by("username")
    return sorted(rows[:MOST_PEOPLE], key=lambda user: (user.pk != viewer.pk, str(user)))


def colleagues() -> list[User]:
    """All whose calendars can be looked at."""
    return list(User.objects.filter(is_active=True, is_staff=True).order_by("username")[:500])


def days_of(span: str, day: date) -> tuple[date, date]:
    """The first day that is shown, and the one after the last."""
    if span == DAY:
        return day, day + timedelta(days=1)
    if span == WEEK:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=7)
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def slots_of(span: str, day: date) -> list[Slot]:
    """The lines: hours of a day, else days."""
    first, end = days_of(span, day)
    if span != DAY:
        days = [first + timedelta(days=number) for number in range((end - first).days)]
        return [_slot(clock.start_of(one), clock.start_of(one + timedelta(days=1))) for one in days]
    hours = [datetime.combine(day, time(hour), clock.zone()) for hour in range(FIRST_HOUR, LAST_HOUR + 1)]
    edges = [clock.start_of(day), *hours[1:], clock.start_of(end)]
    return [Slot(edges[n], edges[n + 1], hours[n]) for n in range(len(hours))]


def _slot(starts_at: datetime, ends_at: datetime) -> Slot:
    return Slot(starts_at, ends_at, starts_at.astimezone(clock.zone()))


def blocks(users: Sequence[User], since: datetime, until: datetime, viewer: Viewer) -> dict[int, list[Block]]:
    """What stands in each calendar within a span of time, in its order; three queries however many people."""
    ids = [user.pk for user in users]
    rows = list(_within(ids, since, until)[:MOST])
    parts = Participant.objects.filter(user__in=ids, activity__in=[row.pk for row in rows])
    answers = {(row.activity_id, row.user_id): row.answer for row in parts}
    seen = set(Activity.objects.visible_to(viewer).filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    found: dict[int, list[Block]] = defaultdict(list)
    for row in rows:
        whose = {user for activity, user in answers if activity == row.pk} | {row.owner_id}
        for one in repeating.within(row, since, until):
            for user in (user for user in ids if user in whose):
                answer = answers.get((row.pk, user), "")
                if answer != Participant.Answer.DECLINED:
                    found[user].append(_block(one, row.pk in seen, answer))
    return {user: sorted(found[user], key=lambda block: (block.starts_at, block.title)) for user in ids}


def _within(ids: list[int], since: datetime, until: datetime) -> Any:
    """Activities of some people that lie within a span or repeat: those that began a month before may still last."""
    takes_part = Participant.objects.filter(user__in=ids).values("activity")
    longest = timedelta(days=31)
    rows = Activity.objects.filter(Q(owner__in=ids) | Q(pk__in=takes_part))
    rows = rows.filter(Q(starts_at__gte=since - longest) | ~Q(series=""), starts_at__lt=until)
    return rows.exclude(state=Activity.State.CANCELLED).select_related("party").order_by("starts_at", "id")


def _block(row: Activity, seen: bool, answer: str) -> Block:
    tentative = bool(row.organizer) and answer in (Participant.Answer.WAITING, Participant.Answer.TENTATIVE)
    if not seen:
        return Block(row.starts_at, row.ends_at, whole_day=row.whole_day, tentative=tentative)
    url = record_url("activities", row.pk)
    title = f"{row.subject} ({row.party.name})" if row.party is not None else row.subject
    return Block(row.starts_at, row.ends_at, title, url, row.whole_day, tentative)


def within(slot: Slot, found: Iterable[Block]) -> tuple[list[Block], bool]:
    """What begins in a line, or lasts into the first one; and whether any of its time is taken."""
    inside = [one for one in found if _touches(one, slot)]
    return inside, any(one.ends_at > one.starts_at for one in inside)


def _touches(block: Block, slot: Slot) -> bool:
    if block.ends_at <= block.starts_at:
        return slot.starts_at <= block.starts_at < slot.ends_at
    return block.starts_at < slot.ends_at and block.ends_at > slot.starts_at


def free(users: Sequence[User], since: datetime, until: datetime, minutes: int) -> list[Free]:
    """The first times, on working days and within working hours, at which nobody has anything."""
    if not users or not 0 < minutes <= 9 * 60:
        return []
    taken = _merged(
        block
        for one in blocks(users, since, until, NOBODY).values()
        for block in one
        if block.ends_at > block.starts_at
    )
    found: list[Free] = []
    day = max(clock.day_of(since), clock.today())
    while clock.start_of(day) < until and len(found) < MOST_FREE:
        if day.weekday() < 5:
            found += _free_on(day, taken, timedelta(minutes=minutes))[:MOST_A_DAY]
        day += timedelta(days=1)
    return found[:MOST_FREE]


def _free_on(day: date, taken: list[tuple[datetime, datetime]], length: timedelta) -> list[Free]:
    begins = datetime.combine(day, OPENS, clock.zone())
    closes = datetime.combine(day, CLOSES, clock.zone())
    found, now = [], clock.now()
    while begins + length <= closes:
        clash = next((end for start, end in taken if start < begins + length and end > begins), None)
        if clash is None and begins >= now:
            found.append(Free(begins, begins + length))
            begins += length
        else:
            begins += STEP
    return found


def _merged(blocks: Iterable[Block]) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for start, end in sorted((one.starts_at, one.ends_at) for one in blocks):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def title_of(span: str, day: date) -> str:
    """What the page calls the days that it shows."""
    first, end = days_of(span, day)
    if span == DAY:
        return date_format(day, "DATE_FORMAT")
    if span == WEEK:
        last = end - timedelta(days=1)
        return _("%(first)s to %(last)s") % {
            "first": date_format(first, "DATE_FORMAT"),
            "last": date_format(last, "DATE_FORMAT"),
        }
    return date_format(day, "YEAR_MONTH_FORMAT")
