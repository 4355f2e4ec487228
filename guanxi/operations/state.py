"""The state of the installation in figures: what the status page shows to people and /metrics to machines.

Each is asked of the database in one bounded query, or of the disk. Higher floors and other packages add counts of what
waits through the door "waiting": `(name, label, function → number)`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone

from guanxi.foundation import hooks, settled
from guanxi.foundation.tasks import lease
from guanxi.foundation.tasks.models import BackgroundTask, State, Worker
from guanxi.foundation.tasks.worker import SEEN
from guanxi.ledger import reading
from guanxi.ledger.models import Event, ReaderCursor
from guanxi.operations.models import Backup

MAILS = ("guanxi.foundation.reports.tasks.send_one", "guanxi.foundation.letters.tasks.send_to")
LATELY = timedelta(days=1)
MOST = 1_000_000  # events that a reader's lag is counted up to


@dataclass(frozen=True)
class Queue:
    """The open tasks: how many in each state, how long the oldest due one has been waiting (seconds)."""

    waiting: int
    running: int
    failed_lately: int
    oldest: float


def queue() -> Queue:
    """How the queue stands."""
    now = timezone.now()
    open_ones = BackgroundTask.objects.filter(state__in=[State.WAITING, State.RUNNING]).order_by()
    counts = dict(open_ones.values_list("state").annotate(number=Count("id")))
    due = open_ones.filter(state=State.WAITING, run_after__lte=now).aggregate(first=Min("run_after"))["first"]
    failed = BackgroundTask.objects.filter(state=State.FAILED, finished_at__gt=now - LATELY).count()
    age = (now - due).total_seconds() if due else 0.0
    return Queue(counts.get(State.WAITING, 0), counts.get(State.RUNNING, 0), failed, age)


def workers() -> list[str]:
    """The workers that are alive."""
    seen = Worker.objects.filter(seen_at__gt=timezone.now() - SEEN).order_by("name").values_list("name", flat=True)
    return [name for name in seen if lease.is_alive(name) is not False]


def readers() -> dict[str, int]:
    """How many events each reader of the ledger has still to read, counted up to a million."""
    mark, until = settled.mark_column(), reading.horizon()
    return {
        cursor.reader: Event.objects.filter(**{f"{mark}__gte": cursor.mark, f"{mark}__lt": until})[:MOST].count()
        for cursor in ReaderCursor.objects.order_by("reader")
    }


def lake_as_of() -> datetime | None:
    """The moment up to which the lake is complete; None where it was never filled."""
    return ReaderCursor.objects.filter(reader="lake").values_list("moved_at", flat=True).first()


def database_bytes() -> int:
    """How large the database is."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        return sum(path.stat().st_size for end in ("", "-wal") if (path := Path(name + end)).exists())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def room() -> tuple[int, int]:
    """Free and all bytes of the disk that the home lies on."""
    usage = shutil.disk_usage(settings.GUANXI_HOME)
    return usage.free, usage.total


def last_backup() -> Backup | None:
    """The newest backup that was made."""
    return Backup.objects.filter(state=Backup.State.DONE).order_by("-started_at").first()


def backup_failed_since() -> Backup | None:
    """The newest attempt, where it failed."""
    newest = Backup.objects.exclude(state=Backup.State.RUNNING).order_by("-started_at").first()
    return newest if newest is not None and newest.state == Backup.State.FAILED else None


def unsent_mails() -> int:
    """Mails that were given up, or were refused and will be tried again, since yesterday."""
    mails = BackgroundTask.objects.filter(function__in=MAILS)
    given_up = mails.filter(state=State.FAILED, finished_at__gt=timezone.now() - LATELY).count()
    return given_up + mails.filter(state=State.WAITING).exclude(error="").count()


def waiting() -> list[tuple[str, Any, int]]:
    """What else waits to be worked off, such as webhooks: name, label and number."""
    return [(name, label, int(count())) for name, label, count in hooks.get("waiting")]
