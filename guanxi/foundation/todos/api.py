"""Tasks of people for programs."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from pydantic import AfterValidator

from guanxi.foundation import belonging
from guanxi.foundation.actions import Refused
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Day, Limit, Moment, Number, ObjectType, Page
from guanxi.foundation.custom_fields import api as custom_api
from guanxi.foundation.custom_fields.api import Custom, WithCustom
from guanxi.foundation.models import User
from guanxi.foundation.records.asking import narrowed
from guanxi.foundation.todos import actions
from guanxi.foundation.todos.models import Todo

router = Router(tags=["Tasks"])


def _of_the_wall(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("Write the time without an offset; it is that of the business.")
    return value


Verb = Literal["call", "write", "meet", "visit", "send", "prepare", "check", "do"]
Time = Annotated[
    time,
    AfterValidator(_of_the_wall),
    Field(json_schema_extra={"format": "time-of-day", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}),
]
Minutes = Annotated[int, Field(ge=0, le=actions.LONGEST_REMINDER)]
What = Annotated[str, Field(min_length=1, max_length=200)]
Priority = Annotated[int, Field(ge=1, le=3, description="1 high, 2 normal, 3 low.")]


class TodoChange(Schema):
    """What is to change; leave out the rest."""

    verb: Verb | None = None
    what: What | None = None
    assignee: Number | None = Field(None, description="The number of a user.")
    due_on: Day | None = None
    due_time: Time | None = None
    remind_minutes: Minutes | None = None
    priority: Priority | None = None
    done: bool | None = None
    is_next: Literal[True] | None = Field(None, description="Make it the next action of its record.")
    custom: Custom | None = None
    expected: dict[str, Any] | None = Field(None, description="The values that you saw; 409 where they changed.")


class TodoIn(Schema):
    """A new task, on a record or on none."""

    what: What
    verb: Verb = "do"
    object_type: ObjectType | None = None
    object_id: Number | None = None
    assignee: Number | None = Field(None, description="The number of a user; without it, yourself.")
    due_on: Day | None = None
    due_time: Time | None = None
    remind_minutes: Minutes | None = None
    priority: Priority = 2
    is_next: bool | None = Field(
        None, description="The next action of its record; left out, it becomes that where the record has none."
    )
    custom: Custom | None = None


class TodoOut(WithCustom):
    id: int
    verb: str
    what: str
    object_type: str
    object_id: int | None
    assignee: int | None = Field(alias="assignee_id")
    due_on: Day | None
    due_time: str | None
    remind_minutes: int | None
    remind_at: Moment | None
    reminded_at: Moment | None
    priority: int
    is_next: bool
    done_at: Moment | None
    created_at: Moment

    @staticmethod
    def resolve_due_time(todo: Todo) -> str | None:
        return todo.due_time.isoformat("minutes") if todo.due_time else None


class TodoFilter(Schema):
    """How the list is narrowed."""

    object_type: ObjectType | None = None
    object_id: Number | None = None
    assignee: Number | None = None
    done: bool | None = None
    is_next: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


def _assignee(number: int | None) -> User | None:
    if number is None:
        return None
    user = User.objects.filter(pk=number).first()
    if user is None:
        raise Refused(_("There is no user %(number)s.") % {"number": number}, "assignee")
    return user


@router.get("", response=Page[TodoOut], summary="List tasks", operation_id="list_todos")
def list_todos(request: HttpRequest, asked: Query[TodoFilter]) -> dict[str, Any]:
    """By number."""
    rows = narrowed(request, "todos", Todo.objects.visible_to(request.user))
    if asked.object_type or asked.object_id:
        rows = rows.filter(object_type=asked.object_type or "", object_id=asked.object_id)
    if asked.assignee:
        rows = rows.filter(assignee=asked.assignee)
    if asked.done is not None:
        rows = rows.filter(done_at__isnull=not asked.done)
    if asked.is_next is not None:
        rows = rows.filter(is_next=asked.is_next)
    items, following = keyset.page(rows, ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={201: TodoOut}, summary="Make a task", operation_id="make_todo")
def make_todo(request: HttpRequest, body: TodoIn) -> Status[Todo]:
    """For oneself or a colleague, who is told."""
    record = None
    if body.object_type or body.object_id:
        record = belonging.find_record(body.object_type or "", body.object_id or 0, request.user)
    values = body.model_dump(exclude={"object_type", "object_id", "assignee", "what", "custom"}, exclude_none=True)
    assignee = _assignee(body.assignee)
    more: dict[str, Any] = {"assignee": assignee} if assignee else {}
    with transaction.atomic():
        todo = actions.add(body.what, record=record, by=request.user, **values, **more)
        custom_api.keep(todo, body.custom, request)
    return Status(201, get_todo(request, todo.pk))


@router.get("/{number}", response=TodoOut, summary="Get a task", operation_id="get_todo")
def get_todo(request: HttpRequest, number: Number) -> Todo:
    """One task."""
    return Todo.objects.visible_to(request.user).get(pk=number)


@router.patch("/{number}", response=TodoOut, summary="Change a task", operation_id="change_todo")
def change_todo(request: HttpRequest, number: Number, body: TodoChange) -> Todo:
    """Only what is sent changes; `done` marks it as done or not."""
    values = body.model_dump(exclude_unset=True, exclude={"expected", "done", "is_next", "custom"})
    if "assignee" in values:
        values["assignee"] = _assignee(body.assignee)
    if values.get("what", "") is None:
        raise Refused(_("Say what is to be done."), "what")
    if values:
        actions.edit(number, values, body.expected, by=request.user)
    custom_api.keep(get_todo(request, number), body.custom, request)
    if body.is_next:
        actions.make_next(number, by=request.user)
    if body.done is not None:
        actions.set_done(number, body.done, by=request.user)
    return get_todo(request, number)


@router.delete("/{number}", response={204: None}, summary="Delete a task", operation_id="delete_todo")
def delete_todo(request: HttpRequest, number: Number) -> Status[None]:
    """The audit log keeps what it said."""
    actions.remove(number, by=request.user)
    return Status(204, None)
