"""Reading mail: messages, threads, the state of mailboxes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Sum
from django.utils.html import linebreaks
from django.utils.safestring import mark_safe

from guanxi.channels.mail.models import LeftOut, Mailbox, Message
from guanxi.customers.models import Party
from guanxi.foundation.desk import record_url
from guanxi.foundation.visibility import Viewer
from guanxi.ledger.queries import Told

SHOWN = 20
EXCERPT = 600


@dataclass(frozen=True)
class Health:
    """How a mailbox stands: what is still to come, how quick it goes, what was left out."""

    backlog: int
    seconds_left: float | None
    left_out: int


def messages(viewer: Viewer) -> models.QuerySet[Message]:
    """All that `viewer` may see."""
    return Message.objects.visible_to(viewer).select_related("mailbox", "party")


def of(record: models.Model, viewer: Viewer) -> list[Message]:
    """The newest with a customer, or on a record."""
    rows = messages(viewer)
    if isinstance(record, Party):
        rows = rows.filter(party=record)
    else:
        rows = rows.filter(object_type=record._meta.label_lower, object_id=record.pk)
    return list(rows.order_by("-sent_at", "-id")[:SHOWN])


def thread_of(message: Message, viewer: Viewer) -> list[Message]:
    """The messages of its thread, in their order; one that two mailboxes have is shown once."""
    found: dict[str, Message] = {}
    for row in messages(viewer).filter(thread=message.thread_id).order_by("sent_at", "id")[:200]:
        found.setdefault(row.message_id, row)
    return list(found.values())


def boxes(viewer: Viewer) -> list[Mailbox]:
    """The viewer's own mailboxes that he can write from."""
    return list(Mailbox.objects.filter(owner=viewer.pk).exclude(smtp_host="").order_by("id"))


def health(mailbox: Mailbox) -> Health:
    """How a mailbox stands."""
    backlog = mailbox.folders.filter(read=True, there=True).aggregate(sum=Sum("backlog"))["sum"] or 0
    left = backlog / mailbox.speed if backlog and mailbox.speed else None
    return Health(backlog, left, LeftOut.objects.filter(folder__mailbox=mailbox).count())


def fetch(ids: Collection[int], viewer: Viewer) -> dict[int, Told]:
    """Messages by number, for the cards of a timeline."""
    return {row.pk: _line(row) for row in messages(viewer).filter(pk__in=ids)}


def _line(row: Message) -> Told:
    text = row.text if len(row.text) <= EXCERPT else f"{row.text[:EXCERPT]} …"
    words = mark_safe(linebreaks(text, autoescape=True))
    return Told(str(row), "", record_url("messages", row.pk), words)


def facts(mailbox: Mailbox) -> dict[str, Any]:
    """What the health panel shows."""
    folders = sorted(mailbox.folders.all(), key=lambda folder: (not folder.read, folder.kind != "inbox", folder.name))
    return {
        "mailbox": mailbox,
        "health": health(mailbox),
        "folders": folders,
        "excluded": [folder.name for folder in folders if not folder.read],
        "left_out": list(
            LeftOut.objects.filter(folder__mailbox=mailbox).select_related("folder").order_by("-id")[:SHOWN]
        ),
    }
