"""The made-up representatives: they own deals, and nobody can log in as one of them."""

from __future__ import annotations

from collections.abc import Sequence

from guanxi.foundation import people
from guanxi.foundation.actions import action
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.roles.models import Team
from guanxi.foundation.roles.ready_made import SALES
from guanxi.foundation.visibility import Viewer, implied, require
from guanxi.intake.models import ImportRun

PREFIX = "made-up-"
MARK = "(made up)"
NAMES = (
    ("Anna", "Lindqvist"), ("雅婷", "林"), ("Tom", "Becker"), ("志明", "陳"), ("Ruth", "Okafor"), ("建宏", "王"),
    ("Emil", "Novak"), ("Clara", "Dubois"),
)  # fmt: skip
TEAM = "Made-up sales team"


@action
def employ(*, by: Viewer) -> Sequence[User]:
    """The representatives, made where they are missing: in a team of their own, with the role “sales”."""
    require(by, "create", ImportRun)
    with implied():  # whoever may bring sample data in brings these along
        team = Team.objects.filter(name=TEAM).first() or roles.create_team(TEAM, by=by)
        return [_representative(number, first, last, team, by) for number, (first, last) in enumerate(NAMES, 1)]


def _representative(number: int, first: str, last: str, team: Team, by: Viewer) -> User:
    name = f"{PREFIX}{number}"
    user = User.objects.filter(username=name).first()
    if user is None:
        mail = f"{name}@example.com"
        # The mark comes last, also where the family name comes first.
        given, family = (first, f"{last} {MARK}") if last.isascii() else (f"{first} {MARK}", last)
        user = people.create_outside(name, by=by, email=mail, first_name=given, last_name=family)
        roles.give_role(user, SALES, by=by)
        roles.add_member(team, user, by=by)
    return user
