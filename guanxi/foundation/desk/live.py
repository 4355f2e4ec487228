"""What changed while somebody looks: asked of the audit log by small polls, since a mark.

The audit log is written in the transaction of every change, so it tells of all that actions do, whoever does them. Its
newest entries are read by number, which costs the same however long the log is. Numbers may be committed out of order
where there are several writers: an entry younger than SETTLED seconds does not move the mark, is told again, and the
page knows it by its number (docs/decisions/0021-live-by-polling.md).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from guanxi.foundation import hooks
from guanxi.foundation.desk.declaration import Desk, Row, Viewer
from guanxi.foundation.models import AuditEntry

SETTLED = timedelta(seconds=10)
MOST = 400  # entries read at once; where more happened, that is said
LONGEST_AGO = timedelta(hours=12)  # a page left open longer is simply out of date


class Entry(NamedTuple):
    """What is looked at of an entry of the audit log. A poll reads some hundred of them, most about other things."""

    pk: int
    at: datetime
    actor_id: int | None
    actor_name: str
    object_type: str
    object_id: int | None
    changes: Any


@dataclass
class News:
    """What happened to rows of one type since a mark."""

    mark: int
    changed: dict[int, Entry] = field(default_factory=dict)  # among those looked at: the newest entry of each
    fields: set[str] = field(default_factory=set)  # names of what changed in them
    others: dict[int, Entry] = field(default_factory=dict)  # rows elsewhere
    sets: Entry | None = None  # the newest entry that is about a whole set
    much: bool = False  # more happened than was read


def since(desk: Desk, mark: int, at: str, ids: Collection[int], viewer: Viewer) -> News:
    """What happened since `mark`, or without one since the moment `at`: one query.

    Of what lies elsewhere, or is about sets, `viewer` is told only what others did: he sees on his own what he does.
    """
    entries = [Entry(*row) for row in _newest(mark, _moment(at)).values_list(*Entry._fields)]
    settled_by = timezone.now() - SETTLED
    news = News(max([mark, *(entry.pk for entry in entries if entry.at < settled_by)]), much=len(entries) >= MOST)
    label = desk.model._meta.label_lower
    for entry in sorted(entries, key=lambda one: one.pk):
        if entry.object_type != label:
            continue
        _sort(news, entry, ids, viewer)
    return news


def _sort(news: News, entry: Entry, ids: Collection[int], viewer: Viewer) -> None:
    if entry.object_id in ids:
        assert entry.object_id is not None
        news.changed[entry.object_id] = entry
        news.fields |= set(entry.changes) if isinstance(entry.changes, dict) else set()
    elif entry.actor_id == viewer.pk:
        return
    elif entry.object_id is None:
        news.sets = entry
    else:
        news.others[entry.object_id] = entry


def _newest(mark: int, at: datetime) -> QuerySet[AuditEntry]:
    if mark:
        return AuditEntry.objects.filter(pk__gt=mark).order_by("-pk")[:MOST]
    return AuditEntry.objects.filter(at__gte=at).order_by("-at", "-pk")[:MOST]


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text) or timezone.now()
    except ValueError:
        moment = timezone.now()
    aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return max(aware - timedelta(seconds=1), timezone.now() - LONGEST_AGO)


def parts(desk: Desk, row: Row, viewer: Viewer) -> list[dict[str, Any]]:
    """The parts of a record page with news of their own."""
    found = [door(row, viewer) for door in hooks.get(f"live:{desk.slug}")]
    return [{"target": one.target, "url": one.url, "token": one.token} for one in found if one is not None]
