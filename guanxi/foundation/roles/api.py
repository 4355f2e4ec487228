"""Roles, teams and shared records, for programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from guanxi.foundation import belonging
from guanxi.foundation.api.types import Number
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions, tables
from guanxi.foundation.roles.models import Role, Share, Team
from guanxi.foundation.visibility import require

router = Router(tags=["Roles"])
teams = Router(tags=["Roles"])
sharing = Router(tags=["Roles"])

Name = Annotated[str, Field(min_length=1, max_length=80)]
ReachName = Literal["none", "own", "team", "all"]
Grants = dict[str, dict[str, ReachName]]
Fields = dict[str, dict[str, Literal["hidden", "read_only"]]]


class RoleIn(Schema):
    name: Name
    description: Annotated[str, Field(max_length=200)] = ""
    grants: Grants = {}
    fields: Fields = Field({}, description="By model, such as `customers.party`, and field, such as `profile.income`.")


class RoleChange(Schema):
    """What is to change; leave out the rest. A table that is given replaces the whole table."""

    name: Name | None = None
    description: Annotated[str, Field(max_length=200)] | None = None
    grants: Grants | None = None
    fields: Fields | None = None
    expected: dict[str, Any] | None = None


class RoleOut(Schema):
    id: int
    key: str = Field(description="Of a ready-made one.")
    name: str
    description: str
    is_administrator: bool
    grants: dict[str, dict[str, str]]
    fields: dict[str, dict[str, str]]


class HoldersIn(Schema):
    roles: Annotated[list[Number], Field(max_length=100, description="The numbers of all roles that he shall hold.")]


class TeamIn(Schema):
    name: Name
    parent: Number | None = None


class TeamOut(Schema):
    id: int
    name: str
    parent: int | None = Field(alias="parent_id")
    members: list[int]

    @staticmethod
    def resolve_members(team: Team) -> list[int]:
        return sorted(one.user_id for one in team.memberships.all())


class MembersIn(Schema):
    members: Annotated[list[Number], Field(max_length=1000, description="The numbers of all users in the team.")]


class ShareIn(Schema):
    """With a user or with a team."""

    object_type: Annotated[str, Field(max_length=60, description="Such as `customers.party`.")]
    object_id: Number
    user: Number | None = None
    team: Number | None = None
    may_edit: bool = False


class ShareOut(Schema):
    id: int
    user: int | None = Field(alias="user_id")
    team: int | None = Field(alias="team_id")
    may_edit: bool


@router.get("", response=list[RoleOut], summary="List roles", operation_id="list_roles")
def list_roles(request: HttpRequest) -> list[Role]:
    """All roles with their tables of rights."""
    require(request.user, "view", Role)
    return list(Role.objects.visible_to(request.user).order_by("pk"))


@router.post("", response={201: RoleOut}, summary="Make a role", operation_id="create_role")
def create_role(request: HttpRequest, body: RoleIn) -> Status[Role]:
    """A role with its tables."""
    role = actions.create_role(body.name, description=body.description, by=request.user)
    return Status(201, actions.edit_role(role.pk, {"grants": body.grants, "fields": body.fields}, by=request.user))


@router.get("/{number}", response=RoleOut, summary="Get a role", operation_id="get_role")
def get_role(request: HttpRequest, number: Number) -> Role:
    """One role."""
    return Role.objects.visible_to(request.user).get(pk=number)


@router.patch("/{number}", response=RoleOut, summary="Change a role", operation_id="change_role")
def change_role(request: HttpRequest, number: Number, body: RoleChange) -> Role:
    """Name, description, rights, rules of fields."""
    Role.objects.visible_to(request.user).get(pk=number)
    said = body.model_dump(exclude_unset=True, exclude={"expected"})
    changes = {name: value for name, value in said.items() if value is not None}
    return actions.edit_role(number, changes, body.expected, by=request.user)


@router.delete("/{number}", response={204: None}, summary="Delete a role", operation_id="delete_role")
def delete_role(request: HttpRequest, number: Number) -> Status[None]:
    """Whoever held it keeps his other roles."""
    Role.objects.visible_to(request.user).get(pk=number)
    actions.delete_role(number, by=request.user)
    return Status(204, None)


@router.put("/of/{user}", response=list[RoleOut], summary="Give roles", operation_id="give_roles")
def give_roles(request: HttpRequest, user: Number, body: HoldersIn) -> list[Role]:
    """Make these the roles of a user. Refused where nobody would be left who may administrate."""
    require(request.user, "edit", Role)
    chosen = list(Role.objects.filter(pk__in=body.roles))
    actions.give_roles(User.objects.get(pk=user, is_staff=True), chosen, by=request.user)
    return chosen


@teams.get("", response=list[TeamOut], summary="List teams", operation_id="list_teams")
def list_teams(request: HttpRequest) -> list[Team]:
    """All teams with their members."""
    return list(Team.objects.visible_to(request.user).prefetch_related("memberships").order_by("pk"))


@teams.post("", response={201: TeamOut}, summary="Make a team", operation_id="create_team")
def create_team(request: HttpRequest, body: TeamIn) -> Status[Team]:
    """As part of another one, or on its own."""
    parent = Team.objects.get(pk=body.parent) if body.parent else None
    return Status(201, actions.create_team(body.name, parent=parent, by=request.user))


@teams.put("/{number}/members", response=TeamOut, summary="Set the members", operation_id="set_members")
def set_members(request: HttpRequest, number: Number, body: MembersIn) -> Team:
    """Make these users those of the team."""
    team = Team.objects.visible_to(request.user).get(pk=number)
    actions.set_members(team, list(User.objects.filter(pk__in=body.members, is_staff=True)), by=request.user)
    return team


@teams.delete("/{number}", response={204: None}, summary="Delete a team", operation_id="delete_team")
def delete_team(request: HttpRequest, number: Number) -> Status[None]:
    """Those below it become part of what it was part of."""
    Team.objects.visible_to(request.user).get(pk=number)
    actions.delete_team(number, by=request.user)
    return Status(204, None)


@sharing.get("", response=list[ShareOut], summary="With whom a record is shared", operation_id="list_shares")
def list_shares(request: HttpRequest, object_type: str, object_id: Number) -> list[Share]:
    """Beyond what roles reach to."""
    return list(tables.shares_of(belonging.find_record(object_type, object_id, request.user)))


@sharing.post("", response={201: ShareOut}, summary="Share a record", operation_id="share_record")
def share_record(request: HttpRequest, body: ShareIn) -> Status[Share]:
    """Who may edit a record may share it."""
    record = belonging.find_record(body.object_type, body.object_id, request.user)
    user = User.objects.get(pk=body.user, is_staff=True) if body.user else None
    team = Team.objects.get(pk=body.team) if body.team else None
    return Status(201, actions.share(record, user=user, team=team, may_edit=body.may_edit, by=request.user))


@sharing.delete("/{number}", response={204: None}, summary="Take a share back", operation_id="unshare_record")
def unshare_record(request: HttpRequest, number: Number) -> Status[None]:
    """The record itself stays as it is."""
    actions.unshare(number, by=request.user)
    return Status(204, None)
