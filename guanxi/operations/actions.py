"""What is noted of backups: that one began, what became of it, that its file was deleted."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.actions import action, change, create
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.operations.models import Backup


@action
def begin_backup(name: str, place: str, reason: str, *, by: Viewer, encrypted: bool = False) -> Backup:
    """Note that a backup is being made."""
    asked = by if getattr(by, "pk", None) else None
    return create(Backup, name=name, place=place, reason=reason, encrypted=encrypted, requested_by=asked)


@action
def end_backup(row: Backup, *, by: Viewer, **columns: Any) -> Backup:
    """Note what became of it: `size`, `rows`, `files`, or `error`."""
    state = Backup.State.FAILED if columns.get("error") else Backup.State.DONE
    return change(row, state=state, finished_at=timezone.now(), **columns)


@action
def forget_file(row: Backup, *, by: Viewer) -> Backup:
    """Note that a backup's file was deleted."""
    return change(row, kept=False)


def end_broken_backups() -> int:
    """Note of backups that somebody was making who is gone that they will not end; how many."""
    running = list(Backup.objects.filter(state=Backup.State.RUNNING).order_by("-started_at", "-id"))
    for row in running:
        end_backup(row, by=SYSTEM, error=_("Broken off."))
    return len(running)


def end_restored_backup(rows: int) -> None:
    """Note in a restored database, in which it is still being made, that the backup came to its end."""
    row = Backup.objects.filter(state=Backup.State.RUNNING).order_by("-started_at", "-id").first()
    if row is not None:
        end_backup(row, by=SYSTEM, rows=rows)
