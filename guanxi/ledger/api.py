"""What happened, for programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.customers.merged import root_of
from guanxi.customers.models import Party
from guanxi.customers.queries import parties, party_numbered
from guanxi.foundation import sensitive
from guanxi.foundation.actions import Refused
from guanxi.foundation.api import keyset, preferring
from guanxi.foundation.api.types import Cursor, ExternalId, Limit, Moment, Number, Page, SourceCode
from guanxi.foundation.records.asking import narrowed
from guanxi.ledger import actions, queries
from guanxi.ledger.models import Event

router = Router(tags=["Events"])
of_party = Router(tags=["Events"])

Channel = Literal["till", "web", "mail", "phone", "post", "fax", "in_person", "edi", "chat", "sms", "app", "other"]
Direction = Literal["in", "out", "inside"]
Kind = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")]


class EventIn(Schema):
    """Something that happened. Kinds are free (`call`, `web.visit`); declared ones have a label and a card."""

    kind: Kind
    party: Number | None = None
    channel: Channel = "other"
    direction: Direction = "in"
    occurred_at: Moment | None = None
    payload: dict[str, Any] = {}


class EventOut(Schema):
    id: int
    kind: str
    party: int | None = Field(alias="party_id")
    channel: str
    direction: str
    occurred_at: Moment
    recorded_at: Moment
    actor: int | None = Field(alias="actor_id")
    object_type: str
    object_id: int | None
    payload: dict[str, Any] = Field(description="Values of sensitive fields are masked.")

    @staticmethod
    def resolve_payload(event: Event) -> dict[str, Any]:
        changes = event.payload.get("changes")
        if not isinstance(changes, dict):
            return dict(event.payload)
        veiled = {
            name: [sensitive.masked(Party, name, value) for value in change] if isinstance(change, list) else change
            for name, change in changes.items()
        }
        return {**event.payload, "changes": veiled}


class EventFilter(Schema):
    """How a list of events is narrowed."""

    party: Number | None = None
    kind: Annotated[str, Field(max_length=40)] | None = None
    channel: Channel | None = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="Before this time.")
    cursor: Cursor | None = None
    limit: Limit = 50


def _page(request: HttpRequest, asked: EventFilter, party: int | None) -> dict[str, Any]:
    rows = narrowed(request, "events", queries.events(request.user, party=party))
    given = {
        "kind": asked.kind,
        "channel": asked.channel,
        "occurred_at__gte": asked.since,
        "occurred_at__lt": asked.until,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value is not None})
    items, following = keyset.page(rows, queries.NEWEST_FIRST, asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.get("", response=Page[EventOut], summary="List events", operation_id="list_events")
def list_events(request: HttpRequest, asked: Query[EventFilter]) -> dict[str, Any]:
    """Newest first."""
    return _page(request, asked, asked.party)


@router.post("", response={201: EventOut}, summary="Record an event", operation_id="record_event")
def record_event(request: HttpRequest, body: EventIn) -> Status[Event]:
    """Events are never changed; a correction is another event. Orders, consents and so on record their own."""
    values = body.model_dump(exclude={"kind", "party"})
    event = actions.record(body.kind, by=request.user, party=_party(request, body), **values)
    return Status(201, event)


@router.put(
    "/by/{source}/{external_id}",
    response={200: EventOut, 201: EventOut, 204: None},
    summary="Record an event, by the number of another system",
    operation_id="put_event",
)
def put_event(request: HttpRequest, source: SourceCode, external_id: ExternalId, body: EventIn) -> Any:
    """Recorded where it is new (201); sent again, it is there already (200), whatever else is said of it."""
    values = body.model_dump(exclude={"kind", "party"})
    party = _party(request, body)
    event, new = actions.put_event(source, external_id, body.kind, by=request.user, party=party, **values)
    return preferring.told(request, event.pk, new, lambda: event)


def _party(request: HttpRequest, body: EventIn) -> Party | None:
    if body.party is None:
        return None
    party = parties(request.user).filter(pk=root_of(body.party)).first()
    if party is None:
        raise Refused(_("There is no customer %(number)s.") % {"number": body.party}, "party")
    return party


@router.get("/{number}", response=EventOut, summary="Get an event", operation_id="get_event")
def get_event(request: HttpRequest, number: Number) -> Event:
    """One event."""
    return queries.events(request.user).get(pk=number)


@of_party.get(
    "/{number}/events", response=Page[EventOut], summary="The timeline of a party", operation_id="list_party_events"
)
def list_party_events(request: HttpRequest, number: Number, asked: Query[EventFilter]) -> dict[str, Any]:
    """Newest first."""
    return _page(request, asked, party_numbered(number, request.user).pk)
