"""What can be asked of the ledger: the timeline of a party."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db import models
from django.utils.safestring import SafeString

from guanxi.customers.models import Party
from guanxi.foundation import clock, hooks
from guanxi.foundation.api import keyset
from guanxi.foundation.visibility import Viewer
from guanxi.ledger import kinds
from guanxi.ledger.kinds import EventKind
from guanxi.ledger.models import Event

NEWEST_FIRST = ("-occurred_at", "-id")


@dataclass
class Happening:
    """An event with its kind and the record that it is about, as the timeline shows it."""

    event: Event
    kind: EventKind
    object: Any = None

    @property
    def summary(self) -> str:
        return self.kind.sentence(self.event.payload)

    @property
    def detail(self) -> str:
        return self.kind.explanation(self.event.payload)


@dataclass(frozen=True)
class Told:
    """What a record says of itself on a card of the timeline (ledger/cards/held.html)."""

    title: str
    outcome: str
    url: str
    html: SafeString


@dataclass
class Card:
    """One card of the timeline: one happening, or several of one kind that follow each other."""

    kind: EventKind
    happenings: list[Happening]

    @property
    def first(self) -> Happening:
        return self.happenings[0]

    @property
    def summary(self) -> str:
        several = len(self.happenings) > 1
        return self.kind.together(len(self.happenings)) if several else self.first.summary

    @property
    def since(self) -> date:
        return clock.day_of(self.happenings[-1].event.occurred_at)

    @property
    def until(self) -> date:
        return clock.day_of(self.first.event.occurred_at)


@dataclass
class Month:
    """The cards of one month; `continued` where the page before ended in the same month."""

    first_day: date
    cards: list[Card]
    continued: bool = False


@dataclass
class Timeline:
    """One page of a timeline: its months, newest first, and the cursor of the next page."""

    months: list[Month] = field(default_factory=list)
    next: str | None = None

    @property
    def cards(self) -> list[Card]:
        return [card for month in self.months for card in month.cards]


def events(viewer: Viewer, *, party: Party | int | None = None) -> models.QuerySet[Event]:
    """All events that `viewer` may see, of one party if given."""
    rows = Event.objects.visible_to(viewer)
    return rows if party is None else rows.filter(party=party)


def timeline(
    party: Party | int,
    viewer: Viewer,
    *,
    channel: str | None = None,
    kind: str | None = None,
    family: str | None = None,
    before: str | None = None,
    limit: int = 30,
) -> Timeline:
    """What happened with `party`, newest first, `limit` events a page; `before` is the `next` of the page above.

    Costs one query for the events and one for each type of record that they are about. Raises keyset.BadCursor.
    """
    rows = events(viewer, party=party).select_related("actor")
    if channel:
        rows = rows.filter(channel=channel)
    if kind:
        rows = rows.filter(kind=kind)
    if family:
        rows = rows.filter(kind__in=kinds.codes_of(family))
    elif not kind:
        rows = rows.exclude(kind__in=kinds.asides())
    found, following = keyset.page(rows, NEWEST_FIRST, before, limit)
    months = _months(with_objects(found, viewer))
    if before and months:
        above = Event(occurred_at=Event._meta.get_field("occurred_at").to_python(keyset.decode(before, 2)[0]))
        months[0].continued = _month_of(above) == months[0].first_day
    return Timeline(months, following)


def last_contacts(parties: Iterable[int], viewer: Viewer) -> dict[int, datetime]:
    """When each of `parties` last spoke, met or wrote with somebody of the house; mass mailings do not count."""
    return dict(_contacts(parties, viewer).values_list("party").annotate(last=models.Max("occurred_at")))


def contacts_since(parties: Iterable[int], since: datetime, viewer: Viewer) -> dict[int, int]:
    """How often each of `parties` spoke, met or wrote with somebody of the house since then."""
    rows = _contacts(parties, viewer).filter(occurred_at__gte=since)
    return dict(rows.values_list("party").annotate(count=models.Count("pk")))


def _contacts(parties: Iterable[int], viewer: Viewer) -> models.QuerySet[Event]:
    personal = (kinds.Family.CALLS, kinds.Family.VISITS, kinds.Family.MESSAGES)
    codes = [kind.code for kind in kinds.registered() if kind.family in personal and not kind.many]
    return events(viewer).filter(party__in=list(parties), kind__in=codes).order_by()


def with_objects(found: Iterable[Event], viewer: Viewer) -> list[Happening]:
    """The events with the records they are about, each type fetched at once through the door "event_object"."""
    found = list(found)
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in found:
        if event.object_id is not None:
            wanted[event.object_type].add(event.object_id)
    fetchers = dict(hooks.get("event_object"))
    objects = {label: fetchers[label](ids, viewer) for label, ids in wanted.items() if label in fetchers}
    return [
        Happening(event, kinds.of(event.kind), objects.get(event.object_type, {}).get(event.object_id))
        for event in found
    ]


def _months(happenings: list[Happening]) -> list[Month]:
    return [
        Month(first_day, _cards(list(group)))
        for first_day, group in groupby(happenings, key=lambda happening: _month_of(happening.event))
    ]


def _cards(happenings: list[Happening]) -> list[Card]:
    cards: list[Card] = []
    for happening in happenings:
        if cards and happening.kind.many and cards[-1].kind.code == happening.kind.code:
            cards[-1].happenings.append(happening)
        else:
            cards.append(Card(happening.kind, [happening]))
    return cards


def _month_of(event: Event) -> date:
    return clock.day_of(event.occurred_at).replace(day=1)
