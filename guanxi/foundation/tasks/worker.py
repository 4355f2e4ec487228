"""The worker: a process that runs one task at a time, and schedules.

One process per slot rather than threads: a long import cannot hold up another slot through the interpreter's lock,
memory goes back to the machine, and what kills a process (no memory, a fault in native code) takes one task with it,
which another worker then takes up. A second thread, the pulse, renews the lease, writes the progress down, looks for
cancellation and runs the scheduler; it has its own connection, so that the task's transactions and its progress do not
touch.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error, close_old_connections, connection
from django.utils import timezone, translation
from django_tasks.utils import normalize_json

from guanxi.foundation import logs
from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import lease, notice, queue, running, schedule
from guanxi.foundation.tasks.models import BackgroundTask, State, Worker

logger = logging.getLogger("guanxi.tasks")

POLL = 0.5  # seconds between two looks into the empty queue
PULSE = 0.5  # seconds between two writes of the progress
SEEN = timedelta(seconds=45)  # a worker not seen for longer is gone
LONG = "long"  # the queue of tasks that take minutes, such as imports


class Held:
    """The task being run: takes its progress in memory, and ends it when it shall not go on."""

    def __init__(self, row: BackgroundTask) -> None:
        self.row, self.pace = row, running.Pace()
        self.end: type[running.Interrupted] | None = None
        self.fresh = False

    def report(self, done: int | None, total: int | None, message: str | None) -> None:
        self.pace.update(done, total, message)
        self.fresh = True
        if self.end is not None:
            raise self.end

    def columns(self) -> dict[str, Any]:
        """The progress as columns of the row."""
        self.fresh = False
        return {
            "progress_done": self.pace.done,
            "progress_total": self.pace.total,
            "progress_message": self.pace.message[:200],
            "progress_rate": self.pace.rate,
        }


class WorkerProcess:
    """Runs tasks until it is told to stop; with `quick` it leaves the queue "long" to others."""

    def __init__(self, quick: bool = False, parent: int | None = None) -> None:
        self.name = lease.own_name()
        self.without = (LONG,) if quick else ()
        self.parent = parent
        self.held: Held | None = None
        self._stop = threading.Event()
        self._pulse = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def stop(self) -> None:
        """Finish: a running task goes back to the queue when it next tells its progress."""
        self._stop.set()
        if self.held is not None:
            self.held.end = self.held.end or running.Stopped

    def run(self) -> None:
        """Work until stopped."""
        self._pulse.start()
        while not self._stop.is_set():
            try:
                close_old_connections()
                row = queue.claim(self.name, self.without)
            except Error as error:
                logger.warning("The queue cannot be read, trying again: %s", error)
                connection.close()
                self._stop.wait(5)
                continue
            if row is None:
                self._stop.wait(POLL)
            else:
                self._run(row)
        self._pulse.join(10)
        _persistently(lambda: Worker.objects.filter(name=self.name).delete())

    def _run(self, row: BackgroundTask) -> None:
        self.held = Held(row)
        if self._stop.is_set():
            self.held.end = running.Stopped
        try:
            perform(self.held)
        finally:
            self.held = None
            close_old_connections()

    def _beat(self) -> None:
        """The pulse, in its own thread."""
        never = float("-inf")
        due = {
            self._be_seen: (lease.RENEW_EVERY, never),
            self._schedule: (1.0, never),
            queue.free_orphans: (2.0, never),
        }
        renewed = time.monotonic()
        while not self._stop.is_set() or self.held is not None:
            if self.parent is not None and os.getppid() != self.parent:
                self.stop()  # whoever started us is gone
            try:
                if connection.connection is None:
                    _short_patience()
                renewed = self._renew(renewed)
                for work, (interval, last) in due.items():
                    if time.monotonic() - last >= interval and not self._stop.is_set():
                        work()
                        due[work] = (interval, time.monotonic())
            except Error as error:
                logger.info("The pulse could not write, trying again: %s", error)
                connection.close()
            except Exception:
                logger.exception("The scheduler failed")
            self._stop.wait(PULSE) if self.held is None else time.sleep(PULSE)
        connection.close()

    def _renew(self, renewed: float) -> float:
        """Keep the lease, write the progress, see whether to go on; returns when the lease was last renewed."""
        held = self.held
        if held is None:
            return time.monotonic()
        if held.fresh or time.monotonic() - renewed >= lease.RENEW_EVERY:
            if not queue.hold(held.row, **held.columns()) and self.held is held:
                held.end = running.LeaseLost
            renewed = time.monotonic()
        if BackgroundTask.objects.filter(pk=held.row.pk, cancel_requested=True).exists():
            held.end = held.end or running.Cancelled
        return renewed

    def _be_seen(self) -> None:
        Worker.objects.update_or_create(name=self.name, defaults={"seen_at": timezone.now()})
        for other in Worker.objects.exclude(name=self.name):
            if lease.is_alive(other.name) is False or other.seen_at < timezone.now() - 10 * SEEN:
                other.delete()

    def _schedule(self) -> None:
        schedule.tick()


def perform(held: Held) -> None:
    """Run the task that is held and write down how it ended."""
    with logs.known_as(held.row.request_id):
        _perform(held)


def _perform(held: Held) -> None:
    row = held.row
    user = row.requested_by
    try:
        with running.reporting_to(held, row), translation.override((user and user.language) or settings.LANGUAGE_CODE):
            result = normalize_json(row.call())
    except running.Cancelled:
        end = _ending(queue.finish, row, State.CANCELLED, **held.columns())
    except running.Stopped:
        end = _ending(queue.put_back, row, attempts=row.attempts - 1, **held.columns())
    except running.LeaseLost:
        logger.warning("Task %s was taken up by another worker", row.pk)
        return
    except (Refused, ValidationError) as error:  # trying again would be refused again
        end = _ending(queue.finish, row, State.FAILED, **_error(error), **held.columns())
    except Exception as error:
        logger.warning("Task %s (%s) failed: %s", row.pk, row.function, error, exc_info=True)
        if row.attempts < row.max_attempts:
            end = _ending(queue.put_back, row, queue.delay_after(row.attempts), **_error(error), **held.columns())
        else:
            end = _ending(queue.finish, row, State.FAILED, **_error(error), **held.columns())
    else:
        end = _ending(queue.finish, row, State.DONE, result=result, error="", traceback="", **held.columns())
    if _persistently(end):
        notice.tell_requester(row)
        _persistently(lambda: queue.drop_older_runs(row))


def run_waiting(limit: int = 1000) -> int:
    """Run what is due, here and now, until nothing is: for tests and the command line. Returns the number run."""
    for count in range(limit):
        row = queue.claim(lease.own_name())
        if row is None:
            return count
        perform(Held(row))
    return limit


def alive() -> bool:
    """Whether at least one worker is."""
    seen = Worker.objects.filter(seen_at__gt=timezone.now() - SEEN).values_list("name", flat=True)
    return any(lease.is_alive(name) is not False for name in seen)


def _ending(function: Callable[..., bool], *args: Any, **columns: Any) -> Callable[[], bool]:
    return lambda: function(*args, **columns)


def _error(error: BaseException) -> dict[str, str]:
    message = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    short = message if isinstance(error, Refused | ValidationError) else f"{type(error).__name__}: {message}"
    return {"error": short[:500], "traceback": traceback.format_exc()[-20_000:]}


def _persistently(write: Callable[[], Any], attempts: int = 10) -> Any:
    """Write even where the database is locked or away for a while; what a task did must not be forgotten."""
    for attempt in range(1, attempts + 1):
        try:
            return write()
        except Error:
            if attempt == attempts:
                raise
            logger.warning("The end of a task could not be written, trying again", exc_info=True)
            if not connection.in_atomic_block:
                connection.close()
            time.sleep(min(2.0**attempt, 30.0) / 4)
    return None


def _short_patience() -> None:
    """The pulse rather tries again than waits long for a lock of SQLite."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 2000")
