"""Mail for programs, beyond what `/records/messages` and `/records/mailboxes` do for every type."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from guanxi.channels.mail import actions, queries, tasks
from guanxi.channels.mail.models import LeftOut, Mailbox, Message
from guanxi.foundation import belonging
from guanxi.foundation import tasks as background
from guanxi.foundation.api.types import Moment, Number, ObjectType

router = Router(tags=["Mail"])

Address = Annotated[str, Field(max_length=254)]


class MessageIn(Schema):
    """A mail to be sent from one of your own mailboxes."""

    mailbox: Number
    to: Annotated[list[Address], Field(max_length=50)]
    cc: Annotated[list[Address], Field(max_length=50)] = []
    subject: Annotated[str, Field(max_length=500)] = ""
    text: Annotated[str, Field(min_length=1, max_length=actions.LONGEST_TEXT)]
    object_type: ObjectType | None = None
    object_id: Number | None = None
    answers: Number | None = Field(None, description="The number of the message that it answers.")
    purpose: Annotated[str, Field(max_length=40)] = actions.LETTER


class MessageOut(Schema):
    id: int
    thread: int = Field(alias="thread_id")
    message_id: str
    direction: str
    state: str
    sent_at: Moment
    sender: str
    recipients: list[list[str]]
    subject: str
    text: str
    automatic: bool
    private: bool
    party: int | None = Field(alias="party_id")
    object_type: str
    object_id: int | None
    error: str


class FilingIn(Schema):
    """With what a thread belongs; without a record with nobody."""

    object_type: ObjectType | None = None
    object_id: Number | None = None
    private: bool | None = None


class LeftOutOut(Schema):
    folder: str
    uid: int
    why: str
    subject: str
    sender: str
    size: int

    @staticmethod
    def resolve_folder(row: LeftOut) -> str:
        return str(row.folder)


class HealthOut(Schema):
    """How a mailbox stands."""

    state: str
    error: str
    synced_at: Moment | None
    backlog: int
    speed: float | None = Field(description="Messages a second.")
    seconds_left: float | None
    left_out: list[LeftOutOut]


@router.post("/messages", response={201: MessageOut}, summary="Write a mail")
def write(request: HttpRequest, body: MessageIn) -> Status[Message]:
    """A worker sends it; `state` tells how it went."""
    made = actions.write(
        body.mailbox, body.to, body.subject, body.text, by=request.user, answers=body.answers, cc=body.cc,
        record=belonging.record_named(body.object_type, body.object_id, request.user), purpose=body.purpose,
    )  # fmt: skip
    background.enqueue(tasks.send, by=request.user, key="mail:send")
    return Status(201, made)


@router.post("/messages/{number}/filing", response=MessageOut, summary="Say with what a thread belongs")
def put(request: HttpRequest, number: int, body: FilingIn) -> Message:
    """Customer, record and privacy of all messages of the thread in this mailbox."""
    if body.private is not None:
        actions.set_private(number, body.private, by=request.user)
    return actions.file(number, belonging.record_named(body.object_type, body.object_id, request.user), by=request.user)


@router.get("/mailboxes/{number}/health", response=HealthOut, summary="How a mailbox stands")
def health(request: HttpRequest, number: int) -> dict[str, Any]:
    """State, backlog, speed, time left, and what was left out with its reason."""
    box: Mailbox = Mailbox.objects.visible_to(request.user).get(pk=number)
    facts = queries.facts(box)
    found = facts["health"]
    return {
        "state": box.state,
        "error": box.error,
        "synced_at": box.synced_at,
        "backlog": found.backlog,
        "speed": box.speed,
        "seconds_left": found.seconds_left,
        "left_out": facts["left_out"],
    }
