"""Rules, invitations, locks, sessions, second factors and tokens of colleagues, and a colleague's leaving and coming
back, for programs of administrators.
"""

from __future__ import annotations

from typing import Annotated, Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation import people
from guanxi.foundation.access import actions, leaving
from guanxi.foundation.access.leaving import Held
from guanxi.foundation.access.models import Invitation, Lock, Rules
from guanxi.foundation.api import keyset
from guanxi.foundation.api.tokens import TokenOut
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, Page
from guanxi.foundation.bulk_changes.api import BulkChangeOut
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import require

invitations_router = Router(tags=["Access"])
access_router = Router(tags=["Access"])


class InvitationIn(Schema):
    email: Annotated[str, Field(max_length=254)]
    role: Annotated[str, Field(max_length=60, description="The key or number of a role.")] = ""
    language: Annotated[str, Field(max_length=10, pattern="^(|en|zh-hant|zh-hans)$")] = ""


class InvitationOut(Schema):
    id: int
    email: str
    role: str
    language: str
    invited_by: int | None = Field(alias="invited_by_id")
    invited_at: Moment
    expires_at: Moment
    accepted_at: Moment | None


class InvitationPaging(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


class LockOut(Schema):
    id: int
    kind: str
    label: str
    failures: int
    since: Moment
    until: Moment | None


class SessionOut(Schema):
    id: int
    address: str = Field(alias="ip")
    program: str = Field(alias="user_agent")
    begun_at: Moment = Field(alias="created_at")
    seen_at: Moment = Field(alias="last_seen_at")


class EndedOut(Schema):
    ended: int


class AccessRules(Schema):
    """What holds for everybody who logs in."""

    second_factor: bool = Field(description="Everybody needs one; who has none makes it at his next page.")


Numbers = list[int]  # by another name: HeldOut calls a field `list`


class HeldOut(Schema):
    """What is a colleague's in one list."""

    list: str = Field(alias="slug")
    label: str
    field: str = Field(description="Where the records say whose they are.")
    count: int = Field(description="How many you may hand over.")
    others: int = Field(description="How many somebody else has to hand over.")
    successors: Numbers = Field(description="The numbers of those who may take over.")

    @staticmethod
    def resolve_successors(held: Held) -> Numbers:
        return [user.pk for user in held.successors]


Successors = Annotated[list[Number], Field(max_length=leaving.MOST_SUCCESSORS)]


class LeavingIn(Schema):
    """Who takes over what, and whether the account is closed."""

    successors: dict[str, Successors] = Field(
        {}, description="By list, such as `customers`: the numbers of colleagues; several get equal parts."
    )
    close: bool = Field(False, description="Log him out everywhere and end his tokens.")


@invitations_router.get("", response=Page[InvitationOut], summary="List invitations", operation_id="list_invitations")
def list_invitations(request: HttpRequest, asked: Query[InvitationPaging]) -> dict[str, Any]:
    """Newest first; the link itself stands in the mail only."""
    require(request.user, "view", Invitation)
    items, following = keyset.page(Invitation.objects.visible_to(request.user), ["-id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@invitations_router.post("", response={201: InvitationOut}, summary="Invite a colleague", operation_id="invite")
def invite(request: HttpRequest, body: InvitationIn) -> Status[Invitation]:
    """By mail, with the role that he is to have."""
    return Status(201, actions.invite(body.email, role=body.role, language=body.language, by=request.user))


@invitations_router.post(
    "/{number}/again", response={201: InvitationOut}, summary="Send it again", operation_id="invite_again"
)
def invite_again(request: HttpRequest, number: Number) -> Status[Invitation]:
    """With a new link; the old one ends."""
    return Status(201, actions.invite_again(_invitation(request, number), by=request.user))


@invitations_router.delete(
    "/{number}", response={204: None}, summary="Withdraw an invitation", operation_id="withdraw_invitation"
)
def withdraw(request: HttpRequest, number: Number) -> Status[None]:
    """Its link is worthless from then on."""
    actions.withdraw(_invitation(request, number), by=request.user)
    return Status(204, None)


@access_router.get("/locks", response=list[LockOut], summary="List locks", operation_id="list_locks")
def list_locks(request: HttpRequest) -> list[Lock]:
    """Accounts and addresses with failed attempts, the newest first, at most 200."""
    require(request.user, "view", Lock)
    return list(Lock.objects.visible_to(request.user).order_by("-since", "-id")[:200])


@access_router.delete("/locks/{number}", response={204: None}, summary="Unlock", operation_id="unlock")
def unlock(request: HttpRequest, number: Number) -> Status[None]:
    """Let it try again at once."""
    actions.unlock(Lock.objects.visible_to(request.user).get(pk=number), by=request.user)
    return Status(204, None)


@access_router.get(
    "/{user}/sessions", response=list[SessionOut], summary="A colleague's sessions", operation_id="list_sessions"
)
def list_sessions(request: HttpRequest, user: Number) -> list[UserSession]:
    """Where he is logged in."""
    colleague = _colleague(request, user)
    require(request.user, "edit", colleague)
    return list(UserSession.objects.filter(user=colleague).order_by("-last_seen_at", "-id")[:200])


@access_router.delete(
    "/{user}/sessions", response=EndedOut, summary="End all his sessions", operation_id="end_sessions"
)
def end_sessions(request: HttpRequest, user: Number) -> dict[str, int]:
    """He has to log in again everywhere."""
    return {"ended": actions.end_sessions(_colleague(request, user), by=request.user)}


@access_router.delete(
    "/{user}/factors", response=EndedOut, summary="Reset second factors", operation_id="reset_factors"
)
def reset_factors(request: HttpRequest, user: Number) -> dict[str, int]:
    """Of a colleague who lost them; his sessions end."""
    return {"ended": actions.reset_factors(_colleague(request, user), by=request.user)}


@access_router.get("/rules", response=AccessRules, summary="The rules of access", operation_id="get_access_rules")
def get_rules(request: HttpRequest) -> Rules:
    """What holds for everybody who logs in."""
    require(request.user, "edit", User)
    return actions.rules()


@access_router.put("/rules", response=AccessRules, summary="Set the rules of access", operation_id="set_access_rules")
def set_rules(request: HttpRequest, body: AccessRules) -> Rules:
    """422 where a second factor is asked of everybody by one who has none himself."""
    return actions.set_rules(second_factor=body.second_factor, by=request.user)


@access_router.get(
    "/{user}/held", response=list[HeldOut], summary="What is a colleague's", operation_id="list_held_by_colleague"
)
def list_held(request: HttpRequest, user: Number) -> list[Held]:
    """List by list: what there is to hand over when he leaves, and who may take it over."""
    colleague = _working_here(user)
    require(request.user, "edit", colleague)
    return leaving.held(colleague, request.user)


@access_router.post(
    "/{user}/leave", response={202: list[BulkChangeOut]}, summary="A colleague leaves", operation_id="colleague_leaves"
)
def leave(request: HttpRequest, user: Number, body: LeavingIn) -> Status[list[BulkChange]]:
    """Hand over what is his and close his account, all or nothing. Large lists go over in the background:
    `/bulk-changes/{number}` tells how far they are, and undoes it for two weeks.
    """
    colleague = _working_here(user)
    begun = leaving.leave(colleague, leaving.named(body.successors), close=body.close, by=request.user)
    for change in begun:
        change.refresh_from_db()
    return Status(202, begun)


@access_router.post(
    "/{user}/back", response={204: None}, summary="A colleague comes back", operation_id="colleague_comes_back"
)
def come_back(request: HttpRequest, user: Number) -> Status[None]:
    """His account is open again; tokens he has to make anew."""
    actions.activate(_working_here(user), by=request.user)
    return Status(204, None)


@access_router.get(
    "/{user}/tokens", response=list[TokenOut], summary="A colleague's tokens", operation_id="list_colleague_tokens"
)
def list_tokens(request: HttpRequest, user: Number) -> list[ApiToken]:
    """Which programs act in his name, the newest first."""
    colleague = _colleague(request, user)
    require(request.user, "edit", colleague)
    return list(ApiToken.objects.filter(user=colleague).order_by("-id"))


@access_router.delete(
    "/tokens/{number}",
    response={204: None},
    summary="Revoke a colleague's token",
    operation_id="revoke_colleague_token",
)
def revoke_token(request: HttpRequest, number: Number) -> Status[None]:
    """It is worthless from then on."""
    require(request.user, "edit", User)
    people.revoke_token(ApiToken.objects.select_related("user").get(pk=number), by=request.user)
    return Status(204, None)


def _invitation(request: HttpRequest, number: int) -> Invitation:
    return Invitation.objects.visible_to(request.user).get(pk=number)


def _working_here(number: int) -> User:
    """A colleague, also one who left."""
    return User.objects.get(pk=number, is_staff=True)


def _colleague(request: HttpRequest, number: int) -> User:
    require(request.user, "edit", User)
    return User.objects.get(pk=number)
