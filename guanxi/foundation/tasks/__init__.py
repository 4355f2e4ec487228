"""Background work: Django's task interface over a queue in the database, with progress, leases and a schedule.

A task is a function at module level, marked `@task`; it may be run more than once (its worker may be killed), so it
must be idempotent. It tells how far it is with `progress`, which is also where a cancelled task ends::

    @task(label=_("Import of sales"), queue_name="long")
    def import_sales(path: str) -> dict: ...

    tasks.enqueue(import_sales, str(path), by=request.user)

The package knows nothing of what the tasks do.
"""

from django_tasks import task

from guanxi.foundation.tasks.console import shown_on_console
from guanxi.foundation.tasks.queue import enqueue
from guanxi.foundation.tasks.running import Cancelled, current, progress
from guanxi.foundation.tasks.schedule import Daily, Every, Monthly, Weekly

__all__ = [
    "Cancelled",
    "Daily",
    "Every",
    "Monthly",
    "Weekly",
    "current",
    "enqueue",
    "progress",
    "shown_on_console",
    "task",
]
