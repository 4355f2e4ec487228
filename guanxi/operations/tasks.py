"""What runs in the background: backups, and what SQLite plans by."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.notifications import notify
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM, Viewer, may, require
from guanxi.operations import planning
from guanxi.operations.backup import keeping
from guanxi.operations.models import Backup


@tasks.task(label=_("Backup"), queue_name="long", max_attempts=3)
def back_up(reason: str = Backup.Reason.SCHEDULE) -> dict[str, Any]:
    """Make a backup in the place that is set, and thin out those that are there."""
    current = tasks.current()
    by = (current and current.requested_by) or SYSTEM
    try:
        row = keeping.back_up(reason, by=by)
    except Exception as error:
        if current is None or isinstance(error, Refused) or current.attempts >= current.max_attempts:
            tell_of_failure(str(error))
        raise
    return {"name": row.name, "size": row.size}


@tasks.task(label=_("Sizes of tables and indexes"), queue_name="long", max_attempts=3)
def count_rows() -> dict[str, Any]:
    """Count what SQLite plans by, of tables that are of another size than when they were counted."""
    tables = planning.outdated()
    return {"tables": len(tables), "indexes": planning.count(tables)}


def start(*, by: Viewer) -> BackgroundTask:
    """Let a worker make a backup now. Raises NotAllowed where `by` may not."""
    require(by, "run", Backup)
    return tasks.enqueue(back_up, Backup.Reason.PERSON.value, by=by, key="backup")


def tell_of_failure(reason: str) -> None:
    """Tell everybody who may make backups that one failed."""
    for user in User.objects.filter(is_active=True).order_by("pk"):
        if may(user, "run", Backup):
            notify(user, _now("The backup failed"), reason[:500], "/backups/", "error")
