"""Whose deals are asked about: all that somebody sees, a team or a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer
from guanxi.sales.forecast.outlook import ALL, PERSON, TEAM, require_view, seen_by
from guanxi.sales.forecast.teams import Tree, tree


class NotSeen(Exception):
    """There is no such person or team among those that somebody sees."""


@dataclass(frozen=True)
class Whose:
    """A person, a team, or all that somebody sees; `people` is None where nobody is left out."""

    kind: str
    number: int | None
    name: str
    people: frozenset[int] | None


def whose(viewer: Viewer, team: int | None = None, user: int | None = None) -> Whose:
    """Whose deals are meant. Raises NotAllowed, and NotSeen where `viewer` does not see the person or team."""
    require_view(viewer)
    known = tree()
    units = seen_by(viewer, known)
    if team is not None:
        if team not in known.names or not units.has(team=team):
            raise NotSeen
        return Whose(TEAM, team, known.names[team], frozenset(known.people(team)))
    if user is not None:
        found = User.objects.filter(pk=user).first()
        if found is None or not units.has(person=user):
            raise NotSeen
        return Whose(PERSON, user, str(found), frozenset([user]))
    return Whose(ALL, None, _("All together"), units.people)


def choices(viewer: Viewer) -> list[tuple[int, str]]:
    """The teams that somebody may ask about, as a tree."""
    known = tree()
    units = seen_by(viewer, known)
    return [
        (one, f"{'  ' * (len(known.path(one)) - 1)}{known.names[one]}") for one in _down(known) if units.has(team=one)
    ]


def _down(known: Tree, above: int | None = None) -> list[int]:
    """The teams, each before those below it."""
    return [team for one in known.children.get(above, []) for team in (one, *_down(known, one))]
