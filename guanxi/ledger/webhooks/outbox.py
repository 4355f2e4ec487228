"""From the ledger to what is to be told: each webhook reads on from its own place, in bounded pieces."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import desk, settled, visibility
from guanxi.foundation.desk.state import State, from_query
from guanxi.foundation.visibility import Viewer, may
from guanxi.ledger import reading
from guanxi.ledger.models import Event, ReaderCursor
from guanxi.ledger.webhooks.models import Delivery, Webhook

SLUG = "events"
PIECE = 2_000  # events read for one webhook at once
MOST_WAITING = 10_000  # beyond this, reading on waits; the ledger keeps the rest


def state_of(query: str, viewer: Viewer) -> State:
    """What a filter stands for, in the language of the list of events."""
    found = desk.find(SLUG)
    assert found is not None
    return from_query(found, viewer, query)


def only_filters(text: str) -> str:
    """The filters of a list's address, or of a query, and nothing else of it."""
    query = text.strip().partition("?")[2] if "?" in text else text.strip()
    from urllib.parse import urlencode

    return urlencode([(key, value) for key, value in parse_qsl(query) if key.startswith("f.")])


def fitting(webhook: Webhook) -> QuerySet[Event]:
    """The events that `webhook` wants to be told of and its owner may see."""
    with visibility.seeing(webhook.owner):
        rows = state_of(webhook.query, webhook.owner).rows()
    return rows.filter(kind__in=webhook.kinds) if webhook.kinds else rows


def fault_of(webhook: Webhook) -> str:
    """Why nothing can be told, or nothing: no secret, its owner left, or its filter cannot be understood any more."""
    if not webhook.secret:
        return _("Its secret cannot be read here (another secret key, or brought in from elsewhere): make a new one.")
    if not may(webhook.owner, "view", Event):
        return _("%(owner)s, in whose name it tells, may not see events any more.") % {"owner": webhook.owner}
    broken = [one.error for one in state_of(webhook.query, webhook.owner).active if one.error]
    return _("Its filter cannot be understood any more: %(error)s") % {"error": broken[0]} if broken else ""


def active() -> QuerySet[Webhook]:
    """The webhooks that are told now."""
    now = timezone.now()
    rows = Webhook.objects.filter(state=Webhook.State.ACTIVE)
    return (rows.filter(held_until=None) | rows.filter(held_until__lte=now)).select_related("owner")


def note_events(webhook: Webhook) -> int:
    """Note what happened since `webhook` was last looked after, up to a piece; how many messages that makes."""
    if Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING)[:MOST_WAITING].count() >= MOST_WAITING:
        return 0
    with reading.claim(webhook.reader, most=PIECE) as taken:
        mark = settled.mark_column()
        rows = fitting(webhook).filter(**{f"{mark}__gte": taken.since, f"{mark}__lt": taken.until})
        found = rows.select_related(None).order_by(mark, "pk").values_list("pk", "kind")
        fresh = [Delivery(webhook=webhook, event_id=pk, kind=kind) for pk, kind in found]
        Delivery.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    return len(fresh)


def unread() -> bool:
    """Whether anything happened that no webhook was looked after for."""
    readers = [webhook.reader for webhook in active()]
    marks = list(ReaderCursor.objects.filter(reader__in=readers).values_list("mark", flat=True))
    return bool(marks) and reading.changes(min(marks), reading.horizon()).exists()
