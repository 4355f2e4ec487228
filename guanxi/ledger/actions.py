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

from guanxi.customers.models import Party
from guanxi.foundation import clock, visibility
from guanxi.foundation.actions import Refused, action, occasion
from guanxi.foundation.audit import plain
from guanxi.ledger.models import Channel, Direction, Event

LARGEST_PAYLOAD = 20_000  # characters of JSON; a payload says what happened, it does not carry documents


@action
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
    event = Event(
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
    if occasion().name == "ledger.record":  # told by another action, it follows from what that one was allowed to do
        visibility.require(by, "create", event)
    _check(event)
    event.save(force_insert=True)
    return event


@action
def record_many(kind: str, parties: Collection[int], *, by: visibility.Viewer, payload: dict[str, Any]) -> None:
    """Add the same event for each of many parties, inside the house."""
    now, told = clock.now(), _plain(payload)
    rows = (
        Event(party_id=party, kind=kind, occurred_at=now, actor_id=by.pk, payload=told, object_type="")
        for party in parties
    )
    Event.objects.bulk_create(rows, batch_size=1_000)


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
