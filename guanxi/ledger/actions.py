"""What can be done with the ledger: one thing, to record."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.models import Party, Source
from guanxi.foundation import clock, one_at_a_time, visibility
from guanxi.foundation.actions import Refused, action, occasion, one_write
from guanxi.foundation.audit import plain
from guanxi.foundation.inserting import insert
from guanxi.ledger.models import Channel, Direction, Event, EventKey

LARGEST_PAYLOAD = 20_000  # characters of JSON; a payload says what happened, it does not carry documents


@one_write
def record(
    kind: str,
    *,
    by: visibility.Viewer,
    party: Party | None = None,
    channel: str = Channel.OTHER,
    direction: str = Direction.INSIDE,
    occurred_at: datetime | None = None,
    about: models.Model | None = None,
    payload: dict[str, Any] | None = None,
) -> Event:
    """Add one event to the ledger; `about` is the record that it concerns.

    Raises Refused where channel or direction are unknown, the payload is too large or the time lies in the future.
    """
    event = _made(kind, by, party, channel, direction, occurred_at, about, payload)
    # Told by another action, it follows from what that one was allowed to do.
    if occasion().name in ("ledger.record", "ledger.put_event"):
        visibility.require(by, "create", event)
    _check(event)
    insert([event])
    return event


@action
def record_all(events: Collection[dict[str, Any]], *, by: visibility.Viewer) -> None:
    """Add many events that follow from another action, each told as to `record`."""
    rows = [_made(by=by, **told) for told in events]
    for row in rows:
        _check(row)
    Event.objects.bulk_create(rows, batch_size=1_000)


@action
def record_many(kind: str, parties: Collection[int], *, by: visibility.Viewer, payload: dict[str, Any]) -> None:
    """Add the same event for each of many parties, inside the house."""
    now, told = clock.now(), _plain(payload)
    rows = (
        Event(party_id=party, kind=kind, occurred_at=now, actor_id=by.pk, payload=told, object_type="")
        for party in parties
    )
    Event.objects.bulk_create(rows, batch_size=1_000)


@action
def record_about(kind: str, row: models.Model, *, by: visibility.Viewer, payload: dict[str, Any]) -> None:
    """Tell of what happened to a record of any type; on the timeline of its customer, where it names one."""
    party = getattr(row, "party", None)
    record(kind[:40], by=by, party=party if isinstance(party, Party) else None, about=row, payload=payload)


@action
def put_event(source: str, external_id: str, kind: str, *, by: visibility.Viewer, **values: Any) -> tuple[Event, bool]:
    """The event that `source` knows by `external_id`, and whether it is new: it is recorded once, and never changed.

    Raises Refused where it was recorded and is not there any more (erased, or taken back with its import).
    """
    visibility.require(by, "create", Event)
    one_at_a_time.hold(f"event:{source}:{external_id}")
    origin = Source.objects.get_or_create(code=source, defaults={"name": source})[0]
    known = EventKey.objects.filter(source=origin, external_id=external_id).first()
    if known is not None:
        event = Event.objects.visible_to(by).filter(pk=known.event_id).first()
        if event is None:
            raise Refused(_("This event was recorded once and is not there any more."), "external_id")
        return event, False
    event = record(kind, by=by, **values)
    EventKey.objects.create(source=origin, external_id=external_id, event=event)
    return event, True


def _made(
    kind: str,
    by: visibility.Viewer,
    party: Party | None = None,
    channel: str = Channel.OTHER,
    direction: str = Direction.INSIDE,
    occurred_at: datetime | None = None,
    about: models.Model | None = None,
    payload: dict[str, Any] | None = None,
) -> Event:
    return Event(
        party=party,
        kind=kind,
        channel=channel,
        direction=direction,
        occurred_at=occurred_at or clock.now(),
        actor_id=by.pk,
        object_type=about._meta.label_lower if about is not None else "",
        object_id=about.pk if about is not None else None,
        payload=_plain(payload or {}),
    )


def _check(event: Event) -> None:
    try:
        event.clean_fields(exclude=["party", "actor", "object_id", "transaction", "payload"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(messages[0], field) from error
    if event.occurred_at > max(clock.now(), timezone.now()) + timedelta(days=1):
        raise Refused(_("An event has happened; this time lies in the future."), "occurred_at")
    if len(json.dumps(event.payload)) > LARGEST_PAYLOAD:
        raise Refused(
            _("The details are too long: at most %(limit)s characters of JSON.") % {"limit": LARGEST_PAYLOAD}, "payload"
        )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    value = plain(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
