"""Notes for programs."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation import belonging
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, ObjectType, Page
from guanxi.foundation.notes import actions
from guanxi.foundation.notes.models import LONGEST, Note

router = Router(tags=["Notes"])


class NoteIn(Schema):
    """A new note; `@username` mentions a colleague."""

    object_type: ObjectType
    object_id: Number
    text: Annotated[str, Field(max_length=LONGEST)]
    pinned: bool = False


class NoteChange(Schema):
    text: Annotated[str, Field(max_length=LONGEST)] | None = None
    pinned: bool | None = None
    expected: Annotated[str, Field(description="The text that you saw; 409 where it changed.")] | None = None


class NoteOut(Schema):
    id: int
    object_type: str
    object_id: int
    text: str
    pinned: bool
    author: int | None = Field(alias="author_id")
    created_at: Moment
    edited_at: Moment | None


class NoteFilter(Schema):
    """Of which record."""

    object_type: ObjectType
    object_id: Number
    cursor: Cursor | None = None
    limit: Limit = 50


@router.get("", response=Page[NoteOut], summary="List notes", operation_id="list_notes")
def list_notes(request: HttpRequest, asked: Query[NoteFilter]) -> dict[str, Any]:
    """The notes on one record, in the order in which they were written."""
    record = belonging.find_record(asked.object_type, asked.object_id, request.user)
    items, following = keyset.page(Note.objects.of(record), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={201: NoteOut}, summary="Write a note", operation_id="write_note")
def write_note(request: HttpRequest, body: NoteIn) -> Status[Note]:
    """On any record that you may change. Colleagues who are mentioned get a notification."""
    record = belonging.find_record(body.object_type, body.object_id, request.user)
    return Status(201, actions.write(record, body.text, pinned=body.pinned, by=request.user).note)


@router.get("/{number}", response=NoteOut, summary="Get a note", operation_id="get_note")
def get_note(request: HttpRequest, number: Number) -> Note:
    """One note."""
    return Note.objects.visible_to(request.user).get(pk=number)


@router.patch("/{number}", response=NoteOut, summary="Change a note", operation_id="change_note")
def change_note(request: HttpRequest, number: Number, body: NoteChange) -> Note:
    """Its text, or whether it is pinned."""
    if body.text is not None:
        actions.edit(number, body.text, body.expected, by=request.user)
    if body.pinned is not None:
        actions.pin(number, body.pinned, by=request.user)
    return get_note(request, number)


@router.delete("/{number}", response={204: None}, summary="Delete a note", operation_id="delete_note")
def delete_note(request: HttpRequest, number: Number) -> Status[None]:
    """The audit log keeps what it said."""
    actions.remove(number, by=request.user)
    return Status(204, None)
