"""What a person may, from his roles, teams and what was shared with him: the answer at the door “rights_of”."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from guanxi.foundation.governing import Reach, Rights, rule_of
from guanxi.foundation.models import User
from guanxi.foundation.roles.models import HIDDEN, Holding, Membership, Role, Share, Team

TEAM = "team:"  # before the number of a team, as a group that something is shared with
MOST_SHARED = 5_000  # records shared with one person that are looked at


def rights_for(user: User) -> Rights:
    """One query for the roles; teams and shared records are looked up where a reach asks for them."""
    roles = list(Role.objects.filter(holdings__user=user.pk))
    return _rights(user, roles, partial(peers_of, user.pk), _Shares(user.pk).of)


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


def group_keys(viewer: Any) -> list[str]:
    """The teams that somebody is in, as `foundation.desk.sharing` names groups."""
    if viewer.pk is None:
        return []
    return [f"{TEAM}{pk}" for pk in Membership.objects.filter(user=viewer.pk).values_list("team_id", flat=True)]


def groups_offered(viewer: Any) -> list[tuple[str, Any]]:
    """All teams, by name."""
    return [(f"{TEAM}{team.pk}", team.name) for team in Team.objects.visible_to(viewer).order_by("name")]


def peers_of(user_id: int) -> frozenset[int]:
    """Who is in the teams of a person, or in teams below them."""
    teams = teams_of(user_id)
    return (
        frozenset(Membership.objects.filter(team__in=teams).values_list("user_id", flat=True)) if teams else frozenset()
    )


def teams_of(user_id: int) -> set[int]:
    """The teams that a person is in, with all below them."""
    own = set(Membership.objects.filter(user=user_id).values_list("team_id", flat=True))
    return with_below(own) if own else own


def with_below(teams: set[int], tree: list[tuple[int, int | None]] | None = None) -> set[int]:
    """Teams, with all below them; `tree` has all teams with the ones above them, where they are known."""
    parents = list(Team.objects.values_list("pk", "parent_id")) if tree is None else tree
    found: set[int] = set()
    added = set(teams)
    while added:
        found |= added
        added = {pk for pk, parent in parents if parent in added} - found
    return found


class _Shares:
    """What was shared with a person; of types of which nothing was, which are most, no more is asked."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id

    @cached_property
    def _types(self) -> set[str]:
        return set(_shares(self.user_id).order_by().values_list("object_type", flat=True).distinct())

    def of(self, label: str, edit: bool) -> frozenset[int]:
        """The records of a type."""
        return shared_with(self.user_id, label, edit) if label in self._types else frozenset()


def shared_with(user_id: int, label: str, edit: bool) -> frozenset[int]:
    """The records of a type that were shared with a person or with one of his teams (not with those above)."""
    rows = _shares(user_id).filter(object_type=label)
    if edit:
        rows = rows.filter(may_edit=True)
    return frozenset(rows.values_list("object_id", flat=True)[:MOST_SHARED])


def _shares(user_id: int) -> QuerySet[Share]:
    teams = Membership.objects.filter(user=user_id).values("team_id")
    return Share.objects.filter(Q(user=user_id) | Q(team__in=teams))
