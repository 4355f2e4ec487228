"""Calls, meetings and visits for programs, beyond what `/records/activities` does for every type."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from guanxi.channels.activities import actions
from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.models import Party
from guanxi.foundation import belonging
from guanxi.foundation.api.types import Moment, Money, Number, ObjectType
from guanxi.foundation.models import User

router = Router(tags=["Calls and meetings"])

Kind = Literal["call", "meeting", "visit"]
Outcome = Literal["reached", "no_answer", "message_left", "call_back", "wrong_number", "held", "nobody_came"]
Words = Annotated[str, Field(max_length=20_000)]


class ActivityIn(Schema):
    """An activity that is arranged or, with `outcome`, that was held."""

    kind: Kind
    outcome: Outcome | None = None
    subject: Annotated[str, Field(max_length=200)] | None = None
    object_type: ObjectType | None = Field(None, description="What it is about: `customers.party`, or another type.")
    object_id: Number | None = None
    starts_at: Moment | None = Field(None, description="Of what was held: now, if left out.")
    minutes: Annotated[int, Field(ge=0, le=60 * 24 * 31)] | None = None
    direction: Literal["in", "out"] | None = None
    place: Annotated[str, Field(max_length=250)] | None = None
    kilometres: Annotated[int, Field(ge=0, le=100_000)] | None = Field(None, description="There and back.")
    expenses: Money | None = Field(None, description="Of the way and on it, in the business's currency.")
    text: Words | None = None
    private: bool | None = Field(None, description="Whether nobody but its owner and who takes part sees it.")
    owner: Number | None = Field(None, description="The number of a user; without it, yourself.")


class ParticipantOut(Schema):
    id: int
    user: int | None = Field(alias="user_id")
    party: int | None = Field(alias="party_id")
    mail: str
    answer: str
    comment: str


class ActivityOut(Schema):
    id: int
    kind: str
    subject: str
    party: int | None = Field(alias="party_id")
    object_type: str
    object_id: int | None
    owner: int | None = Field(alias="owner_id")
    starts_at: Moment
    minutes: int
    direction: str
    place: str
    kilometres: int | None
    expenses: Money | None
    state: str
    outcome: str
    text: str
    whole_day: bool
    private: bool
    organizer: str = Field(description="Who invited to it; empty where it is our own.")
    of_series: int | None = Field(alias="of_series_id", description="Which series it is one time of, that was held.")
    by_rule: Moment | None = Field(description="When the rule of its series has it.")
    participants: list[ParticipantOut]

    @staticmethod
    def resolve_participants(activity: Activity) -> list[Participant]:
        return list(activity.participants.order_by("id"))


class HeldIn(Schema):
    """How it went."""

    outcome: Outcome
    text: Words | None = None
    at: Moment | None = Field(
        None,
        description="Of what repeats: which time, by when its rule has it. Without, the last that began and of which "
        "nobody said how it went, else the next one.",
    )


class ParticipantIn(Schema):
    """Who takes part: one of the three."""

    user: Number | None = None
    party: Number | None = None
    mail: Annotated[str, Field(max_length=254)] | None = None


class ParticipantsIn(Schema):
    """Who is to take part besides."""

    participants: Annotated[list[ParticipantIn], Field(max_length=200)]


@router.post("", response={201: ActivityOut}, summary="Arrange or note a call, a meeting or a visit")
def add(request: HttpRequest, body: ActivityIn) -> Status[Activity]:
    """Without `outcome` it is arranged, with it noted as held."""
    values: dict[str, Any] = body.model_dump(exclude={"object_type", "object_id"}, exclude_none=True)
    record = belonging.record_named(body.object_type, body.object_id, request.user)
    if body.owner is not None:
        values["owner"] = User.objects.get(pk=body.owner)
    outcome = values.pop("outcome", None)
    if outcome:
        return Status(201, actions.log(outcome, by=request.user, record=record, **values))
    return Status(201, actions.plan(by=request.user, record=record, **values))


@router.post("/{number}/held", response=ActivityOut, summary="Say how it went")
def hold(request: HttpRequest, number: int, body: HeldIn) -> Activity:
    """Told to the ledger once; said again it is a correction. Of what repeats it is said of one time, which becomes
    an activity of its own and is what you get; the others stay planned. To correct it, say the same time, or its number
    instead of that of the series."""
    return actions.hold(number, body.outcome, body.text, body.at, by=request.user)


@router.post("/{number}/cancel", response=ActivityOut, summary="Call it off")
def cancel(request: HttpRequest, number: int) -> Activity:
    """What was held already cannot be called off."""
    return actions.cancel(number, by=request.user)


@router.post("/{number}/participants", response={201: list[ParticipantOut]}, summary="Let more people take part")
def take_part(request: HttpRequest, number: int, body: ParticipantsIn) -> Status[list[Participant]]:
    """All who take part then; those who did already stay as they are."""
    with transaction.atomic():
        named = [one for given in body.participants for one in _named(request, given)]
        actions.take_part(number, named, by=request.user)
        rows = Participant.objects.visible_to(request.user).filter(activity=number).order_by("id")
        return Status(201, list(rows))


@router.delete("/{number}/participants/{participant}", response={204: None}, summary="Does not take part after all")
def leave(request: HttpRequest, number: int, participant: int) -> Status[None]:
    """Whoever was invited does not take part after all."""
    actions.leave(number, [participant], by=request.user)
    return Status(204, None)


def _named(request: HttpRequest, given: ParticipantIn) -> list[User | Party | str]:
    if given.user is not None:
        return [User.objects.get(pk=given.user, is_active=True)]
    if given.party is not None:
        return [Party.objects.visible_to(request.user).get(pk=given.party)]
    return [given.mail] if given.mail else []
