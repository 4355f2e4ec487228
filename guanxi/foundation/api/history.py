"""The history of records for programs: what was changed, and putting it back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from guanxi.foundation import visibility
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Number, Page
from guanxi.foundation.desk import history as past
from guanxi.foundation.desk import undoing
from guanxi.foundation.desk.declaration import Desk, find
from guanxi.foundation.models import AuditEntry

router = Router(tags=["History"])
Slug = Annotated[str, Path(max_length=60, pattern="^[a-z][a-z0-9-]*$", description="The list, such as `customers`.")]


class ChangeOut(Schema):
    """One entry: who changed what, from what, to what. What is sensitive is masked."""

    id: int
    at: datetime
    who: str
    action: str
    changes: dict[str, Any]
    can_put_back: bool


class PutBackIn(Schema):
    """The values that the caller saw, where a field was changed since and he wants to go on all the same."""

    seen: dict[str, Any] = Field(default_factory=dict)


@router.get("/{slug}/{number}", response=Page[ChangeOut], summary="What was changed", operation_id="list_history")
def changes(
    request: HttpRequest, slug: Slug, number: Number, limit: Limit = 50, cursor: Cursor | None = None
) -> dict[str, Any]:
    """The changes of a record, the newest first."""
    desk, row = _record(request, slug, number)
    rows, following = keyset.page(past.entries_of(row), ["-id"], cursor, limit)
    return {"items": [_out(desk, row, entry, request.user) for entry in rows], "next": following}


@router.post(
    "/{slug}/{number}/{entry}/put-back", response=ChangeOut, summary="Put a change back", operation_id="put_back"
)
def put_back(request: HttpRequest, slug: Slug, number: Number, entry: Number, body: PutBackIn) -> dict[str, Any]:
    """Write the values from before an entry; the answer is the new entry.

    409 where a field was changed since: send what you saw of it as `seen` to go on all the same.
    """
    desk, row = _record(request, slug, number)
    found = undoing.find(row, entry)
    if found is None:
        raise Http404(str(entry))
    undoing.put_back(desk, row, found, by=request.user, seen=body.seen)
    newest = past.entries_of(row).order_by("-id").first()
    assert newest is not None
    return _out(desk, row, newest, request.user)


def _record(request: HttpRequest, slug: str, number: int) -> tuple[Desk, Any]:
    desk = find(slug)
    if desk is None or not desk.history:
        raise Http404(slug)
    visibility.require(request.user, "view", desk.model)
    row = desk.rows(request.user).filter(pk=number).first()
    if row is None:
        raise Http404(str(number))
    return desk, row


def _out(desk: Desk, row: Any, entry: AuditEntry, viewer: Any) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": entry.at,
        "who": entry.actor_name,
        "action": entry.action,
        "changes": past.veiled(desk.model, entry.changes, viewer),
        "can_put_back": undoing.can_put_back(desk, row, entry, viewer),
    }
