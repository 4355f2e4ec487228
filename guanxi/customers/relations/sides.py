"""A party's relationships by kind, in words that are right from its side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.customers import queries
from guanxi.customers.models import Party, Relationship
from guanxi.customers.queries import Tie
from guanxi.customers.relations import charts
from guanxi.foundation.visibility import Viewer

Kind = Relationship.Kind
OUT, IN = True, False
SHOWN = 6  # people of an organisation; all of them are in its chart
INWARD = ":in"  # behind a kind in a form: the other one is *kind* of this one
LEADS = "leads"

HEADINGS = {
    (Kind.WORKS_AT, OUT): _("Works at"),
    (LEADS, OUT): _("Leads"),
    (Kind.HOUSEHOLD, OUT): _("Household"),
    (Kind.PARENT, OUT): _("Belongs to"),
    (Kind.PARENT, IN): _("Subsidiaries"),
    (Kind.WORKS_AT, IN): _("People"),
    (Kind.REFERRED_BY, OUT): _("Was referred by"),
    (Kind.REFERRED_BY, IN): _("Referred"),
    (Kind.SELLS_FOR, OUT): _("Sells for"),
    (Kind.SELLS_FOR, IN): _("Represented by"),
}
# What stands between this party's name and the other's when one is added.
_BETWEEN = {
    (Kind.WORKS_AT, OUT): _("works at"),
    (Kind.HOUSEHOLD, OUT): _("lives in a household with"),
    (Kind.WORKS_AT, IN): _("employs"),
    (Kind.PARENT, OUT): _("belongs to"),
    (Kind.PARENT, IN): _("is the parent company of"),
    (Kind.REFERRED_BY, OUT): _("was referred by"),
    (Kind.REFERRED_BY, IN): _("referred"),
    (Kind.SELLS_FOR, OUT): _("sells for"),
    (Kind.SELLS_FOR, IN): _("is represented by"),
}
_OF_PEOPLE = {(Kind.WORKS_AT, OUT), (Kind.HOUSEHOLD, OUT)}
_OF_ORGANISATIONS = {(Kind.WORKS_AT, IN), (Kind.PARENT, OUT), (Kind.PARENT, IN)}


@dataclass
class Line:
    """One relationship as it stands in its group; without `relationship` it follows from others."""

    other: Party
    relationship: Relationship | None = None
    place: Party | None = None  # where it holds, if that is neither of the two

    @property
    def note(self) -> str:
        """Title, department and buying role, as far as they are known."""
        row = self.relationship
        return " · ".join(filter(None, (row.title, row.department, row.get_buying_role_display()))) if row else ""


@dataclass
class Group:
    """The relationships of one kind, seen from one side; those that have ended last."""

    heading: Any
    kind: str
    lines: list[Line] = field(default_factory=list)
    more: int = 0  # that are not listed


def all_of(party: Party) -> QuerySet[Relationship]:
    """The relationships that `groups` tells of, seen by somebody or not: most people have none."""
    return Relationship.objects.filter(Q(party=party) | Q(other=party) | Q(reports_to=party))


def groups(party: Party, viewer: Viewer) -> list[Group]:
    """All relationships of `party`, and whom he leads."""
    found = {key: Group(heading, key[0]) for key, heading in HEADINGS.items()}
    ties = queries.ties(party, viewer)
    for tie in sorted(ties, key=lambda tie: tie.relationship.is_former):
        found[_side(tie)].lines.append(Line(tie.other, tie.relationship))
    if party.kind == Party.Kind.PERSON:
        found[LEADS, OUT].lines = [Line(row.party, None, row.other) for row in charts.led_by(party, viewer)]
        found[Kind.HOUSEHOLD, OUT].lines += _through_others(party, viewer, ties)
    people = found[Kind.WORKS_AT, IN]
    people.lines.sort(key=_weight)
    people.more = max(0, len(people.lines) - SHOWN)
    people.lines = people.lines[:SHOWN]
    return [group for group in found.values() if group.lines]


def choices(party: Party) -> list[tuple[str, Any]]:
    """What can be said of `party` beside another: value of a form, words."""
    mine, others = (_OF_PEOPLE, _OF_ORGANISATIONS)
    if party.kind == Party.Kind.ORGANISATION:
        mine, others = others, mine
    sides = [side for side in _BETWEEN if side in mine] + [s for s in _BETWEEN if s not in mine | others]
    return [(kind.value + ("" if outward else INWARD), _BETWEEN[kind, outward]) for kind, outward in sides]


def _weight(line: Line) -> tuple[bool, int]:
    """Those who are there and have influence first."""
    row = line.relationship
    return (row.is_former, -(row.influence or 0)) if row else (True, 0)


def _side(tie: Tie) -> tuple[str, bool]:
    kind = tie.relationship.kind
    return kind, tie.outward or kind == Kind.HOUSEHOLD


def _through_others(party: Party, viewer: Viewer, ties: list[Tie]) -> list[Line]:
    """Who lives in the household because somebody else of it does."""
    house = {tie.other.pk for tie in ties if tie.relationship.kind == Kind.HOUSEHOLD}
    return [Line(other) for other in queries.household(party, viewer) if other.pk not in house] if house else []
