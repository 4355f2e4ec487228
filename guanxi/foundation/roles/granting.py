"""What a person may, from his roles, teams and what was shared with him: the answer at the door “rights_of”."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from guanxi.foundation.governing import Reach, Rights, rule_of
from guanxi.foundation.models import User
from guanxi.foundation.roles.models import HIDDEN, Holding, Membership, Role, Share, Team

TEAM = "team:"  # before the number of a team, as a group that something is shared with
COMPANY = """
WITH RECURSIVE own (id) AS (SELECT team_id FROM roles_membership WHERE user_id = %s),
below (id) AS (
    SELECT id FROM own UNION SELECT t.id FROM roles_team AS t JOIN below AS b ON t.parent_id = b.id
)
SELECT m.user_id, NULL, NULL, NULL FROM roles_membership AS m JOIN below AS b ON m.team_id = b.id
UNION ALL SELECT * FROM (
    SELECT 0, object_type, object_id, may_edit FROM roles_share
    WHERE user_id = %s OR team_id IN (SELECT id FROM own) LIMIT %s
) AS shared"""
SHARED_AT_ONCE = 500  # records that come with the colleagues; of more, those of a type when it is asked for
MOST_SHARED = 5_000  # records shared with one person that are looked at


def rights_for(user: User) -> Rights:
    """One query for the roles; teams and shared records are looked up where a reach asks for them."""
    roles = list(Role.objects.filter(holdings__user=user.pk))
    company = _Company(user.pk)
    return _rights(user, roles, company.peers, company.shared)


def _rights(
    user: User,
    roles: list[Role],
    find_peers: Callable[[], frozenset[int]],
    find_shared: Callable[[str, bool], frozenset[int]],
) -> Rights:
    if any(role.is_administrator for role in roles):
        return Rights(user.pk, works_here=True, everything=True)
    hidden, closed = _fields(roles)
    return Rights(
        user.pk,
        works_here=True,
        grants=merged(role.grants for role in roles),
        hidden=hidden,
        read_only=closed,
        find_peers=find_peers,
        find_shared=find_shared,
    )


class RightsToOne:
    """What each of many people may with one record: few queries, however many they are."""

    def __init__(self, record: models.Model, users: Iterable[User]) -> None:
        self.record = record
        self.roles: dict[int, list[Role]] = defaultdict(list)
        for holding in Holding.objects.filter(user__in=[user.pk for user in users]).select_related("role"):
            self.roles[holding.user_id].append(holding.role)

    def of(self, user: User) -> Rights:
        """The rights of one of them; of what was shared with him, this record is all that they know of its type."""
        return _rights(user, self.roles[user.pk], partial(self._peers, user.pk), partial(self._shared, user.pk))

    @cached_property
    def _members(self) -> dict[int, set[int]]:
        """Who is in each team."""
        found: dict[int, set[int]] = defaultdict(set)
        for team, user in Membership.objects.values_list("team_id", "user_id"):
            found[team].add(user)
        return found

    @cached_property
    def _tree(self) -> list[tuple[int, int | None]]:
        return list(Team.objects.values_list("pk", "parent_id"))

    @cached_property
    def _shares(self) -> list[Share]:
        return list(Share.objects.filter(object_type=self.record._meta.label_lower, object_id=self.record.pk))

    def _peers(self, user_id: int) -> frozenset[int]:
        own = {team for team, members in self._members.items() if user_id in members}
        return frozenset().union(*(self._members.get(team, set()) for team in with_below(own, self._tree)))

    def _shared(self, user_id: int, label: str, edit: bool) -> frozenset[int]:
        if label != self.record._meta.label_lower:
            return shared_with(user_id, label, edit)
        for share in self._shares:
            mine = share.user_id == user_id or (share.team_id and user_id in self._members.get(share.team_id, set()))
            if mine and (share.may_edit or not edit):
                return frozenset([self.record.pk])
        return frozenset()


def merged(grants: Iterable[dict[str, dict[str, str]]]) -> dict[str, dict[str, Reach]]:
    """The grants of several roles as those of one: of each right the greatest reach."""
    found: dict[str, dict[str, Reach]] = defaultdict(dict)
    for table in grants:
        for subject, verbs in table.items():
            for verb, name in verbs.items():
                reach = Reach[name.upper()]
                found[subject][verb] = max(reach, found[subject].get(verb, Reach.NONE))
    return dict(found)


def _fields(roles: list[Role]) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """What is hidden and what can only be read: what every role says that shows such records at all."""
    hidden: dict[str, frozenset[str]] = {}
    closed: dict[str, frozenset[str]] = {}
    for label in {label for role in roles for label in role.fields}:
        showing = [role.fields.get(label, {}) for role in roles if _shows(role, label)]
        if showing:
            names = set.intersection(*(set(rules) for rules in showing))
            veiled = {name for name in names if all(rules[name] == HIDDEN for rules in showing)}
            hidden[label], closed[label] = frozenset(veiled), frozenset(names)
    return hidden, closed


def _shows(role: Role, label: str) -> bool:
    try:
        model: Any = apps.get_model(label)
    except (LookupError, ValueError):
        return False
    subjects = rule_of(model).subjects(model)
    return all(role.grants.get(subject, {}).get("view", "none") != "none" for subject in subjects)


def group_keys(viewer: Any) -> QuerySet[Membership, Any]:
    """The teams that somebody is in, as `foundation.desk.sharing` names groups."""
    own = Membership.objects.none() if viewer.pk is None else Membership.objects.filter(user=viewer.pk)
    key = Concat(Value(TEAM), Cast("team_id", CharField()), output_field=CharField())
    return own.order_by().values_list(key, flat=True)


def groups_offered(viewer: Any) -> list[tuple[str, Any]]:
    """All teams, by name."""
    return [(f"{TEAM}{team.pk}", team.name) for team in Team.objects.visible_to(viewer).order_by("name")]


def with_below(teams: set[int], tree: list[tuple[int, int | None]] | None = None) -> set[int]:
    """Teams, with all below them; `tree` has all teams with the ones above them, where they are known."""
    parents = list(Team.objects.values_list("pk", "parent_id")) if tree is None else tree
    found: set[int] = set()
    added = set(teams)
    while added:
        found |= added
        added = {pk for pk, parent in parents if parent in added} - found
    return found


class _Company:
    """With whom a person works, and what was shared with him: in one question, for every page asks for both."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id

    def peers(self) -> frozenset[int]:
        """Who is in the teams of the person, or in teams below them."""
        return frozenset(user for user, *_shared in self._found if user)

    def shared(self, label: str, edit: bool) -> frozenset[int]:
        """The records of a type that were shared with him, or with one of his teams (not with those above)."""
        shares = [shared for user, *shared in self._found if not user]
        if len(shares) > SHARED_AT_ONCE:
            return shared_with(self.user_id, label, edit)
        return frozenset(pk for kind, pk, may_edit in shares if kind == label and (may_edit or not edit))

    @cached_property
    def _found(self) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(COMPANY, [self.user_id, self.user_id, SHARED_AT_ONCE + 1])
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found


def shared_with(user_id: int, label: str, edit: bool) -> frozenset[int]:
    """The records of a type that were shared with a person or with one of his teams (not with those above)."""
    rows = _shares(user_id).filter(object_type=label)
    if edit:
        rows = rows.filter(may_edit=True)
    return frozenset(rows.values_list("object_id", flat=True)[:MOST_SHARED])


def _shares(user_id: int) -> QuerySet[Share]:
    teams = Membership.objects.filter(user=user_id).values("team_id")
    return Share.objects.filter(Q(user=user_id) | Q(team__in=teams))
