"""Who counts where: the tree of teams, read at once, and whom somebody sees and stands above."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from guanxi.foundation.governing import Reach, Rights
from guanxi.foundation.roles.models import Membership, Team


@dataclass
class Tree:
    """The teams and who is in them. A person counts in one team alone, that which he joined first, so that nothing is
    added up twice."""

    names: dict[int, str]
    parents: dict[int, int | None]
    memberships: list[tuple[int, int]]  # team, person; the oldest first
    children: dict[int | None, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for team, parent in self.parents.items():
            self.children[parent].append(team)

    @cached_property
    def home(self) -> dict[int, int]:
        """The team in which each person counts."""
        found: dict[int, int] = {}
        for team, person in self.memberships:
            found.setdefault(person, team)
        return found

    @cached_property
    def at_home(self) -> dict[int, list[int]]:
        """Who counts in each team itself."""
        found: dict[int, list[int]] = defaultdict(list)
        for person, team in self.home.items():
            found[team].append(person)
        return found

    def with_below(self, teams: set[int]) -> set[int]:
        """Teams, with all below them."""
        found: set[int] = set()
        waiting = list(teams)
        while waiting:
            team = waiting.pop()
            if team not in found:
                found.add(team)
                waiting += self.children.get(team, [])
        return found

    def people(self, team: int) -> set[int]:
        """Who counts in a team or below it."""
        return {person for one in self.with_below({team}) for person in self.at_home.get(one, [])}

    def path(self, team: int | None) -> list[int]:
        """The team and those above it, from the top."""
        found: list[int] = []
        while team is not None and team not in found:
            found.insert(0, team)
            team = self.parents.get(team)
        return found

    def teams_of(self, person: int | None) -> set[int]:
        """The teams that somebody is in."""
        return {team for team, member in self.memberships if member == person}


def tree() -> Tree:
    """The teams as they are now: two queries."""
    rows = list(Team.objects.order_by("name", "pk").values_list("pk", "name", "parent_id"))
    memberships = Membership.objects.order_by("pk").values_list("team_id", "user_id")
    return Tree(
        names={pk: name for pk, name, _parent in rows},
        parents={pk: parent for pk, _name, parent in rows},
        memberships=list(memberships),
    )


@dataclass(frozen=True)
class Units:
    """People and teams; None: all that there are."""

    people: frozenset[int] | None = frozenset()
    teams: frozenset[int] | None = frozenset()

    def has(self, person: int | None = None, team: int | None = None) -> bool:
        """Whether it has this person, or this team; what belongs to nobody stands among all only."""
        if team is not None:
            return self.teams is None or team in self.teams
        return self.people is None or person in self.people


EVERYBODY = Units(None, None)


def reached(rights: Rights, reach: Reach, verb: str, known: Tree | None = None) -> Units:
    """The people and teams that a right reaches: seeing goes to one's teams and all below them, everything else to
    oneself and what stands below."""
    if reach is Reach.ALL:
        return EVERYBODY
    if reach is Reach.NONE:
        return Units()
    own = frozenset([rights.viewer_id] if rights.viewer_id is not None else [])
    if reach is Reach.OWN:
        return Units(own)
    found = known or tree()
    mine = found.teams_of(rights.viewer_id)
    teams = found.with_below(mine)
    if verb not in ("view", "export"):
        teams = teams - mine
        # Who is above somebody in one team and beside him in another does not stand above him.
        beside = {person for team, person in found.memberships if team in mine}
    else:
        beside = set()
    members = {person for team, person in found.memberships if team in teams}
    return Units(frozenset(members - beside) | own, frozenset(teams))
