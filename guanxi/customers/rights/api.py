"""The customer's rights for programs: may we, requests, erasures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.customers import actions as customers
from guanxi.customers import contacting, queries
from guanxi.customers.models import OptIn
from guanxi.customers.rights import actions, erasing, tasks
from guanxi.customers.rights.models import Erasure, Request
from guanxi.foundation import tasks as queue
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Day, Limit, Moment, Number, Page

of_party = Router(tags=["Rights"])
requests = Router(tags=["Rights"])
erasures = Router(tags=["Rights"])

Kind = Literal["access", "portability", "correct", "restrict", "object", "erase"]
Channel = Literal["mail", "phone", "sms", "post", "chat", "app", "any"]
Code = Annotated[str, Field(max_length=20, pattern=r"^[-a-zA-Z0-9_]+$")]
Short = Annotated[str, Field(max_length=200)]


class ContactAsked(Schema):
    """For what, and how."""

    purpose: Code
    channel: Channel
    at: Moment | None = Field(None, description="Default: now.")


class ContactableOut(Schema):
    """Whether we may, and why (not)."""

    allowed: bool
    why: str = Field(description="consent, contract, legitimate_interest, legal_duty; withdrawn, lapsed, never …")
    words: str
    consent: int | None = Field(description="The number of the consent that counted.")


class QuestionIn(Schema):
    """A question for consent, sent by mail."""

    purpose: Code
    channel: Channel = "mail"
    language: Annotated[str, Field(max_length=10)] = ""
    source: Annotated[str, Field(max_length=100)] = ""


class QuestionOut(Schema):
    id: int
    purpose: str
    channel: str
    asked_at: Moment
    expires_at: Moment
    confirmed_at: Moment | None


class RequestIn(Schema):
    """What a customer asks for."""

    kind: Kind
    party: Number
    asked_by: Short = ""
    verified: Short = ""
    purpose: Annotated[str, Field(max_length=20)] = ""
    words: Annotated[str, Field(max_length=4000)] = ""


class RequestOut(Schema):
    id: int
    kind: str
    party: int | None = Field(alias="party_id")
    state: str
    asked_by: str
    verified: str
    purpose: str
    words: str
    received_at: Moment
    due_on: Day
    extension: str
    answer: str
    done_at: Moment | None


class ErasureIn(Schema):
    """Who is to be erased."""

    party: Number


class ErasureOut(Schema):
    """That somebody was erased: not who."""

    id: int
    state: str
    begun_at: Moment
    done_at: Moment | None
    counts: dict[str, int]
    replays: int


class PageOf(Schema):
    """Where in a list."""

    cursor: Cursor | None = None
    limit: Limit = 50


@of_party.get("/{number}/contactable", response=ContactableOut, summary="May we?", operation_id="may_contact")
def may_contact(request: HttpRequest, number: Number, asked: Query[ContactAsked]) -> dict[str, Any]:
    """Whether the party may be contacted for this purpose on this channel now, and why (not)."""
    party = queries.parties(request.user).get(pk=number)
    answer = contacting.may_contact(party, asked.purpose, asked.channel, request.user, at=asked.at)
    consent = answer.consent.pk if answer.consent else None
    return {"allowed": answer.allowed, "why": answer.why, "words": answer.words, "consent": consent}


@of_party.post(
    "/{number}/consent-questions",
    response={201: QuestionOut},
    summary="Ask for consent",
    operation_id="request_consent",
)
def request_consent(request: HttpRequest, number: Number, body: QuestionIn) -> Status[OptIn]:
    """By mail, to be confirmed by the customer (double opt-in)."""
    party = queries.parties(request.user).get(pk=number)
    return Status(201, customers.request_consent(party, by=request.user, **body.model_dump()))


@requests.get("", response=Page[RequestOut], summary="List requests", operation_id="list_requests")
def list_requests(request: HttpRequest, asked: Query[PageOf]) -> dict[str, Any]:
    """By number."""
    items, following = keyset.page(Request.objects.visible_to(request.user), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@requests.post("", response={201: RequestOut}, summary="Note a request", operation_id="open_request")
def open_request(request: HttpRequest, body: RequestIn) -> Status[Request]:
    """It is due within a month."""
    party = queries.parties(request.user).get(pk=body.party)
    return Status(201, actions.open_request(by=request.user, party=party, **body.model_dump(exclude={"party"})))


@requests.get("/{number}", response=RequestOut, summary="Get a request", operation_id="get_request")
def get_request(request: HttpRequest, number: Number) -> Request:
    """One request."""
    return Request.objects.visible_to(request.user).get(pk=number)


@erasures.get("", response=Page[ErasureOut], summary="List erasures", operation_id="list_erasures")
def list_erasures(request: HttpRequest, asked: Query[PageOf]) -> dict[str, Any]:
    """By number."""
    items, following = keyset.page(Erasure.objects.visible_to(request.user), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@erasures.post("", response={201: ErasureOut}, summary="Erase a party", operation_id="erase_party")
def erase_party(request: HttpRequest, body: ErasureIn) -> Status[Erasure]:
    """Begun at once, done in the background; it cannot be undone. 422 where the data are held by law."""
    party = queries.parties(request.user).get(pk=body.party)
    begun = erasing.begin(party, by=request.user, reason="api")
    queue.enqueue(tasks.erase, begun.pk, by=request.user, key=f"rights:erase:{begun.pk}")
    return Status(201, begun)
