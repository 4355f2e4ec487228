"""Invitations, locks, sessions and second factors of colleagues, for programs of administrators."""

from __future__ import annotations

from typing import Annotated, Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation.access import actions
from guanxi.foundation.access.models import Invitation, Lock
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, Page
from guanxi.foundation.models import User
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


def _invitation(request: HttpRequest, number: int) -> Invitation:
    return Invitation.objects.visible_to(request.user).get(pk=number)


def _colleague(request: HttpRequest, number: int) -> User:
    require(request.user, "edit", User)
    return User.objects.get(pk=number)
