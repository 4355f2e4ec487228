"""Mail for programs, beyond what `/records/messages` and `/records/mailboxes` do for every type."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.channels.mail import actions, files, queries, tasks
from guanxi.channels.mail.models import LeftOut, Mailbox, Message
from guanxi.foundation import belonging
from guanxi.foundation import tasks as background
from guanxi.foundation.api.types import Moment, Number, ObjectType
from guanxi.foundation.attachments import at_hand

router = Router(tags=["Mail"])

Address = Annotated[str, Field(max_length=254)]
Keys = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=files.MOST)]


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
    forwards: Number | None = Field(None, description="The number of a message that it passes on.")
    quote: bool = Field(False, description="Whether what is answered goes along below.")
    files: Keys = Field([], description="Keys of files at hand: those of `GET /mail/files`.")
    purpose: Annotated[str, Field(max_length=40)] = actions.LETTER


class OfferOut(Schema):
    """A file that may go with a mail."""

    key: str
    name: str
    size: int | None = Field(description="In bytes; none where it is made when it is taken.")


class OffersAsked(Schema):
    """Of which record, or for the answer to which message."""

    object_type: ObjectType | None = None
    object_id: Number | None = None
    message: Number | None = None


class FolderOut(Schema):
    """A folder of a mailbox."""

    id: int
    name: str
    kind: str = Field(description="inbox, sent, drafts, junk, trash, all, or other.")
    read: bool
    there: bool = Field(description="Whether it is still at the server.")
    backlog: int


class FoldersIn(Schema):
    """The folders that are read from now on; no others are."""

    folders: Annotated[list[Number], Field(min_length=1, max_length=1_000)]


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
    folders: list[FolderOut]
    left_out: list[LeftOutOut]


@router.post("/messages", response={201: MessageOut}, summary="Write a mail")
def write(request: HttpRequest, body: MessageIn) -> Status[Message]:
    """A worker sends it; `state` tells how it went."""
    draft = actions.Draft(
        body.to, body.subject, body.text, cc=body.cc, quote=body.quote, at_hand=body.files,
        record=belonging.record_named(body.object_type, body.object_id, request.user),
        answers=_message(request, body.answers), forwards=_message(request, body.forwards),
    )  # fmt: skip
    made = actions.write(body.mailbox, draft, by=request.user, purpose=body.purpose)
    background.enqueue(tasks.send, by=request.user, key="mail:send")
    return Status(201, made)


def _message(request: HttpRequest, number: int | None) -> Message | None:
    return queries.messages(request.user).get(pk=number) if number else None


@router.get("/files", response=list[OfferOut], summary="List files that may go with a mail")
def offers(request: HttpRequest, asked: Query[OffersAsked]) -> list[at_hand.Offer]:
    """Those of a record, of its products, its quotes and invoices as PDF; for an answer those of the message. Further
    ones are attached to the record first."""
    record = belonging.record_named(asked.object_type, asked.object_id, request.user)
    return at_hand.at_hand(files.sources(record, _message(request, asked.message), request.user), request.user)


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
        "folders": facts["folders"],
        "left_out": facts["left_out"],
    }


@router.put("/mailboxes/{number}/folders", response=list[FolderOut], summary="Choose which folders are read")
def choose(request: HttpRequest, number: int, body: FoldersIn) -> list[Any]:
    """What was read of a folder stays where it is read no more."""
    actions.choose_folders(number, body.folders, by=request.user)
    box: Mailbox = Mailbox.objects.visible_to(request.user).get(pk=number)
    tasks.enqueue(box, by=request.user)
    return list(queries.facts(box)["folders"])
