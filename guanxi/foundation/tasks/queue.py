"""The queue itself: putting work in, taking it out, and saying how it ended.

Every change of state is one conditional UPDATE or stands under a row lock, so that any number of workers and web
processes may do it at once, on PostgreSQL and on SQLite (where transactions begin IMMEDIATE).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks.base import Task
from django_tasks.utils import normalize_json

from guanxi.foundation import logs, visibility
from guanxi.foundation.tasks import lease

if TYPE_CHECKING:
    from guanxi.foundation.tasks.models import BackgroundTask

FIRST_DELAY = timedelta(seconds=10)  # before the second attempt; four times as long before each further one
LONGEST_DELAY = timedelta(hours=1)


def enqueue(
    task: Task[Any, Any],
    *args: Any,
    by: visibility.Viewer = visibility.SYSTEM,
    label: Any = "",
    key: str = "",
    after: timedelta | datetime | None = None,
    **kwargs: Any,
) -> BackgroundTask:
    """Queue `task` with its arguments (JSON values) and return its row; a worker sees it when the transaction commits.

    `label` is what people see (default: the task's), `after` a moment or a delay before which it does not run. Of the
    tasks with one `key` only one waits and one runs at any time: where one is waiting already, that one is returned.
    Raises NotAllowed where `by` may not run tasks.
    """
    from guanxi.foundation.tasks.models import BackgroundTask

    if not visibility.is_staff(by):  # what is queued was allowed already; this only keeps strangers out
        raise visibility.NotAllowed(by, "run", BackgroundTask)
    run_after = timezone.now() + after if isinstance(after, timedelta) else after
    if run_after is not None:
        task = task.using(run_after=run_after)
    return add(task, args, kwargs, own_label=str(label)[:200], unique_key=key, requested_by_id=by.pk)


def add(task: Task[Any, Any], args: Any, kwargs: Any, **columns: Any) -> BackgroundTask:
    """Insert a row for `task`, or return the one that waits under the same key."""
    from guanxi.foundation.tasks.models import BackgroundTask

    values = {
        "function": task.module_path,
        "args": normalize_json(list(args)),
        "kwargs": normalize_json(kwargs),
        "queue": task.queue_name,
        "priority": task.priority,
        "max_attempts": getattr(task, "max_attempts", 1),
        "run_after": task.run_after or timezone.now(),
        "request_id": logs.current_id(),
        **columns,
    }
    if not values.get("unique_key"):
        return BackgroundTask.objects.create(**values)
    while True:
        waiting = _join_waiting(values["unique_key"], values["run_after"])
        if waiting is not None:
            return waiting
        try:
            with transaction.atomic():
                return BackgroundTask.objects.create(**values)
        except IntegrityError:
            continue  # somebody queued the same work at this very moment: join that


def _join_waiting(key: str, run_after: datetime) -> BackgroundTask | None:
    """The waiting task with `key`, locked until our transaction ends so that it sees what we commit; or None."""
    from guanxi.foundation.tasks.models import BackgroundTask, State

    with transaction.atomic():
        row = BackgroundTask.objects.select_for_update().filter(unique_key=key, state=State.WAITING).first()
        if row is not None and row.run_after > run_after:
            row.run_after = run_after
            row.save(update_fields=["run_after"])
        return row


def claim(worker: str, without: tuple[str, ...] = ()) -> BackgroundTask | None:
    """Take the next due task for `worker`, or None; tasks of the queues in `without` are left to others.

    A running task whose lease ran out is taken up again; after its last attempt it fails instead.
    """
    due = _due(without)
    if not due.exists():
        return None
    with transaction.atomic():
        for row in due.select_for_update(skip_locked=True)[:20]:
            if row.worker and _still_held(row):
                continue
            if row.attempts >= row.max_attempts:
                _fail_lost(row)
            elif _take(row, worker):
                return row
    return None


def _due(without: tuple[str, ...]) -> QuerySet[BackgroundTask]:
    from guanxi.foundation.tasks.models import BackgroundTask, State

    now = timezone.now()
    twin_runs = BackgroundTask.objects.filter(unique_key=OuterRef("unique_key"), state=State.RUNNING)
    waiting = Q(state=State.WAITING, run_after__lte=now) & (Q(unique_key="") | ~Exists(twin_runs))
    orphaned = Q(state=State.RUNNING, lease_until__lt=now)
    due = BackgroundTask.objects.filter(state__in=[State.WAITING, State.RUNNING]).filter(waiting | orphaned)
    return due.exclude(queue__in=without).order_by("-priority", "run_after", "id")


def _still_held(row: BackgroundTask) -> bool:
    """Whether a running task's worker lives on this machine and is only late in renewing its lease."""
    if row.lease_until is None or row.state != row.State.RUNNING:
        return False
    return lease.is_alive(row.worker) is True and row.lease_until > timezone.now() - lease.GRACE


def _take(row: BackgroundTask, worker: str) -> bool:
    seen = {"pk": row.pk, "state": row.state, "attempts": row.attempts, "worker": row.worker}
    now = timezone.now()
    row.state, row.worker, row.attempts = row.State.RUNNING, worker, row.attempts + 1
    row.started_at, row.lease_until = now, now + lease.LEASE
    columns = ("state", "worker", "attempts", "started_at", "lease_until")
    try:
        with transaction.atomic():
            return bool(type(row).objects.filter(**seen).update(**{name: getattr(row, name) for name in columns}))
    except IntegrityError:
        return False  # its twin was started at this very moment


def _fail_lost(row: BackgroundTask) -> None:
    row.state, row.finished_at, row.lease_until = row.State.FAILED, timezone.now(), None
    row.error = _("Its worker died %(count)s times; see the worker's log.") % {"count": row.attempts}
    row.save(update_fields=["state", "finished_at", "lease_until", "error"])


def free_orphans() -> None:
    """End the lease of tasks whose worker died on this machine, so that they need not wait for it to run out."""
    from guanxi.foundation.tasks.models import BackgroundTask, State

    now = timezone.now()
    for pk, worker in BackgroundTask.objects.filter(state=State.RUNNING, lease_until__gt=now).values_list(
        "pk", "worker"
    ):
        if lease.is_alive(worker) is False:
            BackgroundTask.objects.filter(pk=pk, worker=worker).update(lease_until=now - timedelta(seconds=1))


def hold(row: BackgroundTask, **columns: Any) -> bool:
    """Renew the lease and write down the progress; False where the task is no longer ours."""
    return _update(row, lease_until=timezone.now() + lease.LEASE, **columns)


def finish(row: BackgroundTask, state: str, **columns: Any) -> bool:
    """Write how a task ended; False where it is no longer ours, so that the end does not count."""
    return _update(row, state=state, finished_at=timezone.now(), lease_until=None, cancel_requested=False, **columns)


def put_back(row: BackgroundTask, after: timedelta = timedelta(0), **columns: Any) -> bool:
    """Let the task wait again; where its twin is waiting already, that one does the work and this one ends."""
    try:
        with transaction.atomic():
            return _update(
                row, state=row.State.WAITING, run_after=timezone.now() + after, lease_until=None, worker="", **columns
            )
    except IntegrityError:
        state = row.State.FAILED if columns.get("error") else row.State.CANCELLED
        return finish(row, state, **columns)


def _update(row: BackgroundTask, **columns: Any) -> bool:
    ours = type(row).objects.filter(pk=row.pk, state=row.State.RUNNING, worker=row.worker, attempts=row.attempts)
    if not ours.update(**columns):
        return False
    for name, value in columns.items():
        setattr(row, name, value)
    return True


def drop_older_runs(row: BackgroundTask) -> None:
    """Of what a schedule does again and again, keep the latest run that went well, beside all that failed."""
    if row.routine and row.state == row.State.DONE:
        older = type(row).objects.filter(unique_key=row.unique_key, routine=True, state=row.State.DONE, pk__lt=row.pk)
        older.delete()


def delay_after(attempt: int) -> timedelta:
    """How long to wait after the failure of the attempt with this number (1 is the first)."""
    return min(FIRST_DELAY * (1 << 2 * min(attempt - 1, 10)), LONGEST_DELAY)
