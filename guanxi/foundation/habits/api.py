"""One's favourites, the records seen last, and notifications, for programs that act in one's name."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Path, Query, Router, Schema, Status

from guanxi.foundation import notifications, visibility
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, Page
from guanxi.foundation.desk import declaration
from guanxi.foundation.habits import actions, queries
from guanxi.foundation.models import Notification

favourites_router = Router(tags=["One's own"])
bell_router = Router(tags=["One's own"])
Slug = Annotated[str, Path(max_length=60, pattern="^[a-z][a-z0-9-]*$", description="The list, such as `customers`.")]


class FavouriteOut(Schema):
    number: int = Field(description="Of the favourite itself, for arranging.")
    title: str
    url: str
    noun: str


class FavouriteOrder(Schema):
    numbers: Annotated[list[Number], Field(max_length=100)]


class NotificationOut(Schema):
    id: int
    at: Moment
    level: str
    kind: str
    title: str
    body: str
    url: str
    read_at: Moment | None


class NotificationFilter(Schema):
    unread: bool = False
    cursor: Cursor | None = None
    limit: Limit = 50


class ReadIn(Schema):
    read: bool = True


class MarkedOut(Schema):
    marked: int


@favourites_router.get("", response=list[FavouriteOut], summary="List favourites", operation_id="list_favourites")
def list_favourites(request: HttpRequest) -> list[queries.Line]:
    """The starred records, in their order."""
    return queries.favourites(request.user)


@favourites_router.get("/seen", response=list[FavouriteOut], summary="Records seen last", operation_id="list_seen")
def list_seen(request: HttpRequest) -> list[queries.Line]:
    """The newest first."""
    return queries.seen(request.user)


@favourites_router.put("", response=list[FavouriteOut], summary="Arrange favourites", operation_id="arrange_favourites")
def arrange_favourites(request: HttpRequest, body: FavouriteOrder) -> list[queries.Line]:
    """Those not named stay behind."""
    actions.arrange(body.numbers, by=request.user)
    return queries.favourites(request.user)


@favourites_router.put("/{slug}/{number}", response={204: None}, summary="Star a record", operation_id="star_record")
def star_record(request: HttpRequest, slug: Slug, number: Number) -> Status[None]:
    """The newest stands first."""
    actions.star(_record(request, slug, number), True, by=request.user)
    return Status(204, None)


@favourites_router.delete(
    "/{slug}/{number}", response={204: None}, summary="Take a star away", operation_id="unstar_record"
)
def unstar_record(request: HttpRequest, slug: Slug, number: Number) -> Status[None]:
    """Where there is none, nothing happens."""
    actions.star(_record(request, slug, number), False, by=request.user)
    return Status(204, None)


@bell_router.get("", response=Page[NotificationOut], summary="List notifications", operation_id="list_notifications")
def list_notifications(request: HttpRequest, asked: Query[NotificationFilter]) -> dict[str, Any]:
    """One's own, the newest first."""
    rows = notifications.of(request.user)
    rows = rows.filter(read_at=None) if asked.unread else rows
    items, following = keyset.page(rows, ["-id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@bell_router.post("/read", response=MarkedOut, summary="Mark all as read", operation_id="read_notifications")
def read_all(request: HttpRequest) -> dict[str, int]:
    """How many were not yet."""
    return {"marked": notifications.mark_read(request.user, by=request.user)}  # type: ignore[arg-type]


@bell_router.patch(
    "/{number}", response=NotificationOut, summary="Mark a notification", operation_id="mark_notification"
)
def mark(request: HttpRequest, number: Number, body: ReadIn) -> Notification:
    """As read, or as not read yet."""
    user: Any = request.user
    notifications.of(user).get(pk=number)
    if body.read:
        notifications.mark_read(user, only=number, by=user)
    else:
        notifications.mark_unread(user, number, by=user)
    return notifications.of(user).get(pk=number)


def _record(request: HttpRequest, slug: str, number: int) -> Any:
    desk = declaration.find(slug)
    if desk is None:
        raise Http404(slug)
    visibility.require(request.user, "view", desk.model)
    row = desk.rows(request.user).filter(pk=number).first()
    if row is None:
        raise Http404(str(number))
    return row
