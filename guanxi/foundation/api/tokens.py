"""One's own API tokens, through the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from guanxi.foundation import people
from guanxi.foundation.api import scopes
from guanxi.foundation.api.types import Moment, Number
from guanxi.foundation.models import ApiToken
from guanxi.foundation.visibility import Viewer

router = Router(tags=["Tokens"])


class TokenIn(Schema):
    """A new token."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=30)]
    expires_at: Moment | None = None
    addresses: Annotated[str, Field(max_length=400)] = ""


class TokenOut(Schema):
    """A token, without its text."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    expires_at: datetime | None
    addresses: str
    created_at: datetime
    last_used_at: datetime | None

    @staticmethod
    def resolve_scopes(row: Any) -> list[str]:
        return str(row.scopes).split()


class MadeOut(TokenOut):
    """A token with its text, which is told only this once."""

    token: str


@router.get("", response=list[TokenOut], summary="One's own tokens", operation_id="list_tokens")
def tokens(request: HttpRequest) -> Any:
    """All tokens that act in the caller's name, the newest first."""
    caller: Viewer = request.user
    return ApiToken.objects.filter(user_id=caller.pk).order_by("-id")


@router.post("", response={201: MadeOut}, summary="Make a token", operation_id="create_token")
def make(request: HttpRequest, body: TokenIn) -> Any:
    """A token that acts in the caller's name. Its text is in this answer, and nowhere afterwards."""
    row, plain = people.create_token(
        request.user,  # type: ignore[arg-type]
        body.name,
        by=request.user,
        scopes=scopes.checked(body.scopes),
        expires_at=body.expires_at,
        addresses=body.addresses,
    )
    row.token = plain  # type: ignore[attr-defined]
    return Status(201, row)


@router.delete("/{number}", response={204: None}, summary="Revoke a token", operation_id="revoke_token")
def revoke(request: HttpRequest, number: Number) -> Any:
    """Make one of one's own tokens worthless."""
    caller: Viewer = request.user
    people.revoke_token(ApiToken.objects.get(pk=number, user_id=caller.pk), by=caller)
    return Status(204, None)
