"""The chart of an organisation: who works there under whom, by department; and the companies that belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations.trees import Forest, forest
from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer, sees

MOST = 2000  # people drawn in one chart
MOST_COMPANIES = 200
HIGHEST = 20  # parents of parents that are followed
COLOURS = 8  # of departments, largest first; further ones begin anew
OPEN_LEVELS = 3  # of a large chart, to begin with
LARGE = 40  # people
FEW = 4  # at the top beside each other; beyond, whoever leads nobody stands apart

LEFT, CIRCLE = "left", "circle"
BESIDE, BENEATH = "beside", "beneath"
STANCES = {  # words, icon, tone
    2: (_("strongly for us"), "chevrons-up", "good"),
    1: (_("for us"), "chevron-up", "good"),
    0: (_("neutral"), "minus", "neutral"),
    -1: (_("against us"), "chevron-down", "bad"),
    -2: (_("strongly against us"), "chevrons-down", "bad"),
}


@dataclass
class Seat:
    """One person's place in an organisation."""

    relationship: Relationship
    depth: int = 0
    leads: list[int] = field(default_factory=list)  # numbers of the parties directly beneath
    below: int = 0  # how many in all
    fault: str = ""  # why he stands at the top though he reports to somebody: LEFT, CIRCLE
    colour: int | None = None  # of his department, from 0
    dim: bool = False  # not of the department asked for
    last_contact: datetime | None = None
    shape: str = ""  # how those beneath are drawn: BESIDE, BENEATH each other
    folded: bool = False  # whether those beneath are hidden to begin with
    closes: int = 0  # lists that end after him

    @property
    def party(self) -> Party:
        return self.relationship.party

    @property
    def superior(self) -> Party | None:
        """Whom he reports to, himself left out."""
        row = self.relationship
        return row.reports_to if row.reports_to_id != row.party_id else None

    @property
    def ends(self) -> range:
        """For templates, which cannot count."""
        return range(self.closes)

    @property
    def stance(self) -> tuple[Any, str, str] | None:
        """Words, icon and tone of how he stands to us, where that is known."""
        return STANCES.get(99 if self.relationship.stance is None else self.relationship.stance)

    @property
    def marks(self) -> list[bool]:
        """Influence as five marks, so many of them full."""
        return [place < (self.relationship.influence or 0) for place in range(5)]


@dataclass(frozen=True)
class Department:
    """A department with the number of people in it."""

    name: str
    count: int
    colour: int


@dataclass
class Chart:
    """Everybody who works at an organisation now, superiors before those whom they lead."""

    organisation: Party
    seats: dict[int, Seat]  # by number of the party, in the order in which they are drawn
    tops: list[int]
    departments: list[Department]
    left_out: int = 0  # people beyond MOST

    @property
    def trees(self) -> list[Seat]:
        """The seats that are drawn as trees."""
        apart = set(self._apart())
        return [seat for number, seat in self.seats.items() if number not in apart]

    @property
    def loose(self) -> list[Seat]:
        """Those who neither lead nor report to anybody, where there are many."""
        return [self.seats[number] for number in self._apart()]

    @property
    def is_large(self) -> bool:
        return len(self.seats) > LARGE

    def _apart(self) -> list[int]:
        alone = [number for number in self.tops if not self.seats[number].leads]
        return alone if len(self.tops) > FEW else []


@dataclass(frozen=True)
class Company:
    """An organisation in the tree of those that belong together."""

    party: Party
    depth: int
    people: int
    parent: int | None
    shape: str  # how those beneath are drawn
    ends: range  # lists that end after it, for templates, which cannot count


def chart(organisation: Party, viewer: Viewer, *, department: str = "") -> Chart:
    """The chart; with `department` everybody else is dimmed. Asks the database three times, however many they are."""
    rows = workers(organisation, viewer)[: 2 * MOST]
    own: dict[int, Relationship] = {}
    for row in rows:
        own.setdefault(row.party_id, row)
    kept = dict(list(own.items())[:MOST])
    superiors = {number: row.reports_to_id if row.reports_to_id != number else None for number, row in kept.items()}
    order = sorted(kept, key=lambda number: (kept[number].department, -(kept[number].influence or 0)))
    trees = forest({number: superiors[number] for number in order})
    departments = _departments(kept.values())
    seats = {number: Seat(kept[number], depth, trees.beneath.get(number, [])) for number, depth in trees.in_order()}
    drawn = Chart(organisation, seats, trees.tops, departments, len(own) - len(kept))
    _tell_contacts(drawn, viewer)
    _tell_faults(drawn, trees)
    _colour(drawn, department)
    _shape(drawn)
    return drawn


def workers(organisation: Party, viewer: Viewer) -> Any:
    """Who works there now, with whom they report to; of merged parties' rows the own one first."""
    rows = Relationship.objects.visible_to(viewer).filter(kind=Relationship.Kind.WORKS_AT, other=organisation)
    rows = rows.between_two().current().filter(sees(viewer, Party, "party"))
    return rows.own_first().select_related("party", "reports_to")


def led_by(party: Party, viewer: Viewer, limit: int = 50) -> list[Relationship]:
    """The places of work at which somebody reports to `party`."""
    rows = Relationship.objects.visible_to(viewer).filter(reports_to=party).exclude(party=party).current()
    found: dict[tuple[int, int], Relationship] = {}
    for row in rows.own_first().select_related("party", "other")[:limit]:
        found.setdefault((row.party_id, row.other_id), row)
    return list(found.values())


def _departments(rows: Iterable[Relationship]) -> list[Department]:
    counts = Counter(row.department for row in rows if row.department)
    largest = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Department(name, count, place % COLOURS) for place, (name, count) in enumerate(largest)]


def _tell_contacts(drawn: Chart, viewer: Viewer) -> None:
    for door in hooks.get("last_contact"):
        for number, moment in door(list(drawn.seats), viewer).items():
            seat = drawn.seats[number]
            seat.last_contact = max(filter(None, (seat.last_contact, moment)))


def _tell_faults(drawn: Chart, trees: Forest) -> None:
    for number in trees.tops:
        seat = drawn.seats[number]
        if number in trees.cut:
            seat.fault = CIRCLE
        elif seat.superior is not None:
            seat.fault = LEFT


def _colour(drawn: Chart, department: str) -> None:
    colours = {one.name: one.colour for one in drawn.departments}
    for seat in drawn.seats.values():
        seat.colour = colours.get(seat.relationship.department)
        seat.dim = bool(department) and seat.relationship.department != department


def _shape(drawn: Chart) -> None:
    """How the lists beneath are drawn, and how many of them end after each seat: templates need no recursion then."""
    for seat in reversed(drawn.seats.values()):
        seat.below = sum(1 + drawn.seats[number].below for number in seat.leads)
    first = set(drawn.tops)  # those above whom nobody leads two
    for number, seat in drawn.seats.items():
        if seat.leads:
            only_leaves = all(not drawn.seats[lower].leads for lower in seat.leads)
            beside = number in first and (not only_leaves or len(seat.leads) <= FEW)
            seat.shape = BESIDE if beside else BENEATH
            seat.folded = drawn.is_large and seat.depth >= OPEN_LEVELS - 1
            if number in first and len(seat.leads) == 1:
                first |= set(seat.leads)
    trees = drawn.trees
    for seat, following in zip_longest(trees, trees[1:]):
        if not seat.leads:
            seat.closes = seat.depth - (following.depth if following else 0)


def companies(organisation: Party, viewer: Viewer) -> list[Company]:
    """All that belong together with `organisation`, parents before subsidiaries; empty where it stands alone."""
    links = Relationship.objects.visible_to(viewer).filter(kind=Relationship.Kind.PARENT).between_two().current()
    root = _root(organisation, links)
    above: dict[int, int | None] = {root: None}
    fresh = [root]
    while fresh and len(above) < MOST_COMPANIES:
        pairs = links.filter(other__in=fresh).own_first().values_list("party", "other")[:MOST_COMPANIES]
        found = {lower: upper for lower, upper in reversed(list(pairs)) if lower not in above}
        above |= found
        fresh = list(found)
    if len(above) == 1:
        return []
    parties = Party.objects.visible_to(viewer).in_bulk(list(above))
    works = Relationship.objects.visible_to(viewer).filter(kind=Relationship.Kind.WORKS_AT, other__in=above).current()
    people = dict(works.values_list("other").annotate(count=Count("party", distinct=True)))
    order = sorted((number for number in above if number in parties), key=lambda number: parties[number].name)
    trees = forest({number: above[number] for number in order})
    listed = []
    for (number, depth), following in zip(placed := trees.in_order(), [*placed[1:], (0, 0)], strict=True):
        shape = "" if number not in trees.beneath else BESIDE if depth == 0 else BENEATH
        ends = range(0 if shape else depth - following[1])
        listed.append(Company(parties[number], depth, people.get(number, 0), above[number], shape, ends))
    return listed


def _root(organisation: Party, links: Any) -> int:
    """The uppermost parent; where merges closed a circle, the last one before it would begin anew."""
    path = [organisation.pk]
    while len(path) < HIGHEST:
        upper = links.filter(party=path[-1]).own_first().values_list("other", flat=True).first()
        if upper is None or upper in path:
            break
        path.append(upper)
    return path[-1]
