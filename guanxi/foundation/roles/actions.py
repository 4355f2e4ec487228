"""What can be done with roles, teams and shared records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import belonging
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.governing import Reach
from guanxi.foundation.models import User
from guanxi.foundation.roles.granting import with_below
from guanxi.foundation.roles.models import Holding, Membership, Role, Share, Team
from guanxi.foundation.visibility import Viewer, may, require, rights_of, subjects

M = TypeVar("M", bound=models.Model)
Grants = Mapping[str, Mapping[str, str]]


# Roles ---------------------------------------------------------------------------------------------------------------


@action
def create_role(name: str, *, by: Viewer, description: str = "", copy_of: Role | None = None) -> Role:
    """Make a role: without any right, or with those of another one."""
    if copy_of is not None and copy_of.is_administrator:
        raise Refused(_("A role that may do everything has no table of rights to copy; give it itself."), "copy_of")
    values: dict[str, Any] = {"grants": copy_of.grants, "fields": copy_of.fields} if copy_of else {}
    return create(Role, name=name.strip(), description=description, **values)


@action
def edit_role(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Role:
    """Change name, description, `grants` {subject: {verb: reach}} or `fields` {model: {field: hidden or read_only}}.

    What a table leaves out is none. Raises Refused where the role is the administrators' own or a right is unknown.
    """
    role = Role.objects.select_for_update().get(pk=row_id)
    unknown = set(changes) - {"name", "description", "grants", "fields"}
    if unknown:
        raise Refused(_("There is no “%(name)s” to change.") % {"name": min(unknown)}, min(unknown))
    if role.is_administrator and {"grants", "fields"} & set(changes):
        raise Refused(_("Administrators may do everything; this role has no table of rights."), "grants")
    if "grants" in changes:
        changes = {**changes, "grants": _tidy(changes["grants"])}
    return change(role, expected, **changes)


@action
def delete_role(row_id: int, *, by: Viewer) -> None:
    """Delete a role; whoever held it has his other ones left. Raises Refused for the last one that may administrate."""
    role = Role.objects.select_for_update().get(pk=row_id)
    if role.is_administrator:
        raise Refused(_("The role of the administrators stays: somebody has to be able to say who may what."))
    for holding in role.holdings.select_related("user"):
        delete(holding)
    delete(role)


@action
def give_roles(user: User, roles: Iterable[Role], *, by: Viewer) -> None:
    """Make `roles` what the user holds. Raises Refused where nobody would be left who may administrate."""
    require(by, "edit", Holding)
    held = Holding.objects.select_for_update().filter(user=user).select_related("role")
    _settle(held, "role_id", roles, lambda role: create(Holding, user=user, role=role))


def _settle(held: Iterable[Any], key: str, wanted: Iterable[M], make: Callable[[M], Any]) -> None:
    """Make rows for what is wanted and not held, then delete those for what is held and not wanted; `key` leads from a
    row to what it is for."""
    rows = {getattr(row, key): row for row in held}
    things = {one.pk: one for one in wanted}
    for number in things.keys() - rows.keys():
        make(things[number])
    for number in rows.keys() - things.keys():
        delete(rows[number])


@action
def give_role(user: User, key: str, *, by: Viewer) -> None:
    """Let the user hold a ready-made role besides what he holds. Raises Refused where none has that key or name."""
    role = role_called(key)
    if not Holding.objects.filter(user=user, role=role).exists():
        create(Holding, user=user, role=role)


def role_called(name: str) -> Role:
    """The role with this key or name. Raises Refused with those that there are."""
    roles = list(Role.objects.order_by("pk"))
    for role in roles:
        if name.casefold() in (role.key, role.name.casefold()):
            return role
    known = ", ".join(role.key or role.name for role in roles)
    raise Refused(_("There is no role “%(name)s”; there are %(known)s.") % {"name": name, "known": known}, "role")


def _tidy(grants: Any) -> Any:
    """A table of rights without what is none, and none beyond what its subject knows."""
    known = {one.key: one for one in subjects()}
    tidy: dict[str, dict[str, str]] = {}
    if not isinstance(grants, Mapping):
        return grants  # the model says what is wrong with it
    for subject, verbs in grants.items():
        if subject not in known:
            raise Refused(_("There is no subject “%(name)s”.") % {"name": subject}, "grants")
        if not isinstance(verbs, Mapping):
            return grants
        for verb, reach in verbs.items():
            if verb not in known[subject].verbs:
                words = _("“%(subject)s” has no right “%(verb)s”.")
                raise Refused(words % {"subject": known[subject].label, "verb": verb}, "grants")
            if not known[subject].owned and reach in (Reach.OWN.name.lower(), Reach.TEAM.name.lower()):
                words = _("“%(subject)s” belongs to nobody: all or none.")
                raise Refused(words % {"subject": known[subject].label}, "grants")
            if reach != Reach.NONE.name.lower():
                tidy.setdefault(subject, {})[verb] = reach
    return tidy


# Teams ---------------------------------------------------------------------------------------------------------------


@action
def create_team(name: str, *, by: Viewer, parent: Team | None = None) -> Team:
    """Make a team, as part of another one or on its own."""
    return create(Team, name=name.strip(), parent=parent)


@action
def edit_team(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Team:
    """Change name or parent. Raises Refused where a team would become part of itself."""
    team = Team.objects.select_for_update().get(pk=row_id)
    parent = changes.get("parent")
    if parent is not None and parent.pk in with_below({team.pk}):
        raise Refused(_("A team cannot be part of itself or of a team below it."), "parent")
    return change(team, expected, **changes)


@action
def delete_team(row_id: int, *, by: Viewer) -> None:
    """Delete a team; those below it become part of what it was part of."""
    team = Team.objects.select_for_update().get(pk=row_id)
    for below in team.children.all():
        change(below, parent=team.parent)
    for row in [*team.memberships.all(), *Share.objects.filter(team=team)]:
        delete(row)
    delete(team)


@action
def set_teams(user: User, teams: Iterable[Team], *, by: Viewer) -> None:
    """Make `teams` those that the user is in."""
    require(by, "edit", Team)
    held = Membership.objects.filter(user=user)
    _settle(held, "team_id", teams, lambda team: create(Membership, user=user, team=team))


@action
def add_member(team: Team, user: User, *, by: Viewer) -> None:
    """Let the user be in the team."""
    if not Membership.objects.filter(team=team, user=user).exists():
        create(Membership, team=team, user=user)


@action
def set_members(team: Team, users: Iterable[User], *, by: Viewer) -> None:
    """Make `users` those who are in the team."""
    require(by, "edit", Team)
    _settle(team.memberships.all(), "user_id", users, lambda user: create(Membership, team=team, user=user))


@action
def remove_member(team: Team, user: User, *, by: Viewer) -> None:
    """Let the user be in the team no more."""
    for one in Membership.objects.filter(team=team, user=user):
        delete(one)


# Shared records ------------------------------------------------------------------------------------------------------


@action
def share(
    record: models.Model, *, by: Viewer, user: User | None = None, team: Team | None = None, may_edit: bool = False
) -> Share:
    """Let a colleague or a team see the record (and edit it). Only who may edit it may share it.

    Raises Refused where the colleague sees nothing of this kind at all, for then sharing would help nothing.
    """
    require(by, "edit", record)
    if user is not None and not may(user, "view", type(record)):
        words = _("%(name)s may not see anything of this kind: give a role first that reaches to one's own at least.")
        raise Refused(words % {"name": user}, "user")
    here = belonging.reference(record)
    known = Share.objects.filter(**here, user=user, team=team).first()
    if known is not None:
        return change(known, may_edit=may_edit)
    return create(Share, **here, user=user, team=team, may_edit=may_edit, by_id=by.pk)


@action
def unshare(share_id: int, *, by: Viewer) -> None:
    """Take a shared record back."""
    delete(Share.objects.visible_to(by).get(pk=share_id))


# Colleagues ----------------------------------------------------------------------------------------------------------


def may_administrate(viewer: Viewer) -> bool:
    """Whether `viewer` says who may what."""
    return rights_of(viewer).everything


@action
def make_role(*, by: Viewer, name: str, description: str = "", copy_of: str | None = None) -> Role:
    """Make a role as the form says it: `copy_of` is the number of another one."""
    source = Role.objects.filter(pk=int(copy_of)).first() if copy_of else None
    return create_role(name, description=description or "", copy_of=source, by=by)


def copied_from() -> list[tuple[str, str]]:
    """The roles whose rights a new one may begin with."""
    return [(str(role.pk), str(role)) for role in Role.objects.filter(is_administrator=False).order_by("name")]


@action
def hand_out(user: User, roles: Iterable[Role], teams: Iterable[Team], *, by: Viewer) -> None:
    """What a colleague holds and where he belongs, at once."""
    give_roles(user, roles, by=by)
    set_teams(user, teams, by=by)


def invited_roles() -> list[tuple[str, str]]:
    """The roles that an invitation may carry: key or name, and what people read."""
    return [(role.key or role.name, str(role)) for role in Role.objects.order_by("pk")]
