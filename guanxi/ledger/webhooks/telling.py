"""What a message says: the event as the API shows it, in the name of the webhook's owner."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone

from guanxi.foundation import visibility
from guanxi.foundation.visibility import Viewer
from guanxi.ledger.api import EventOut
from guanxi.ledger.models import Event
from guanxi.ledger.webhooks.models import Delivery, Webhook

TEST = "webhook.test"


def events_of(deliveries: Iterable[Delivery], viewer: Viewer) -> dict[int, Event]:
    """The events that are to be told, those that `viewer` may see, by number."""
    wanted = [delivery.event_id for delivery in deliveries if delivery.event_id is not None]
    return {event.pk: event for event in Event.objects.visible_to(viewer).filter(pk__in=wanted)} if wanted else {}


def body_of(delivery: Delivery, webhook: Webhook, events: dict[int, Event]) -> bytes | None:
    """The body of a message; None where there is nothing to tell any more (taken back, erased, not to be seen)."""
    if delivery.event_id is None:
        data: dict[str, Any] = {"webhook": webhook.pk, "name": webhook.name}
        return _written(TEST, delivery.created_at.isoformat(), data)
    event = events.get(delivery.event_id)
    if event is None:
        return None
    data = EventOut.model_validate(event, context={"request": None}).model_dump(mode="json")
    return _written(event.kind, event.occurred_at.astimezone(timezone.get_fixed_timezone(0)).isoformat(), data)


def bodies_of(deliveries: Sequence[Delivery], webhook: Webhook) -> dict[int, bytes | None]:
    """The bodies of messages by number, without what is hidden from the webhook's owner."""
    with visibility.seeing(webhook.owner):
        events = events_of(deliveries, webhook.owner)
        return {row.pk: body_of(row, webhook, events) for row in deliveries}


def _written(kind: str, moment: str, data: dict[str, Any]) -> bytes:
    return json.dumps(
        {"type": kind, "timestamp": moment, "data": data}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def pretty(body: bytes | None) -> str:
    """A body as people read it."""
    return json.dumps(json.loads(body), ensure_ascii=False, indent=2) if body is not None else ""
