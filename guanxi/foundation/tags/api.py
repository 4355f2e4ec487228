"""Tags for programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation import belonging
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Number, ObjectType, Page
from guanxi.foundation.tags import actions, queries
from guanxi.foundation.tags.models import LONGEST, Tag

router = Router(tags=["Tags"])
Colour = Literal["grey", "teal", "blue", "amber", "red"]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class TagIn(Schema):
    """A tag that nothing bears yet."""

    name: Name
    colour: Colour = "grey"


class TagChange(Schema):
    name: Name | None = None
    colour: Colour | None = None


class TagOut(Schema):
    id: int
    name: str
    colour: str


class Tagged(Schema):
    """Which record is to bear which tags; those that are not there yet are made."""

    object_type: ObjectType
    object_id: Number
    names: Annotated[list[Name], Field(min_length=1, max_length=actions.MOST)]


class Paging(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


@router.get("", response=Page[TagOut], summary="List tags", operation_id="list_tags")
def list_tags(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """All tags, by number."""
    items, following = keyset.page(Tag.objects.visible_to(request.user), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={201: TagOut}, summary="Make a tag", operation_id="make_tag")
def make_tag(request: HttpRequest, body: TagIn) -> Status[Tag]:
    """Refused where there is one of this name."""
    return Status(201, actions.make(name=body.name, colour=body.colour, by=request.user))


@router.get("/of/{object_type}/{object_id}", response=list[TagOut], summary="Tags of a record", operation_id="tags_of")
def tags_of(request: HttpRequest, object_type: ObjectType, object_id: Number) -> list[Tag]:
    """What the record bears."""
    return queries.of(belonging.find_record(object_type, object_id, request.user))


@router.post("/of", response=list[TagOut], summary="Tag a record", operation_id="tag_record")
def tag_record(request: HttpRequest, body: Tagged) -> list[Tag]:
    """Answers with all tags that it then bears."""
    record = belonging.find_record(body.object_type, body.object_id, request.user)
    return actions.tag(record, body.names, by=request.user)


@router.delete(
    "/of/{object_type}/{object_id}/{tag}", response={204: None}, summary="Untag a record", operation_id="untag_record"
)
def untag_record(request: HttpRequest, object_type: ObjectType, object_id: Number, tag: Number) -> Status[None]:
    """Take one tag from it."""
    actions.untag(belonging.find_record(object_type, object_id, request.user), tag, by=request.user)
    return Status(204, None)


@router.patch("/{number}", response=TagOut, summary="Change a tag", operation_id="change_tag")
def change_tag(request: HttpRequest, number: Number, body: TagChange) -> Tag:
    """Rename or recolour it everywhere."""
    return actions.edit(number, body.model_dump(exclude_none=True), by=request.user)


@router.delete("/{number}", response={204: None}, summary="Remove a tag", operation_id="remove_tag")
def remove_tag(request: HttpRequest, number: Number) -> Status[None]:
    """Take it from all records, and away."""
    actions.remove(number, by=request.user)
    return Status(204, None)
