"""What a task knows while it runs: whether it shall go on, and where to tell how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from guanxi.foundation.tasks.models import BackgroundTask


class Interrupted(BaseException):
    """The running task has to end here. Not an `Exception`, so that no task swallows it by accident."""


class Cancelled(Interrupted):
    """Somebody cancelled the task."""


class Stopped(Interrupted):
    """The worker is being stopped; the task goes back to the queue."""


class LeaseLost(Interrupted):
    """Another worker has taken the task up; whatever this one does from now on does not count."""


class Reporter(Protocol):
    """Where `progress` goes: the task's row, the console."""

    def report(self, done: int | None, total: int | None, message: str | None) -> None: ...


_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)
_current: ContextVar[BackgroundTask | None] = ContextVar("current_task", default=None)


def progress(done: int | None = None, total: int | None = None, message: str | None = None) -> None:
    """Tell how far the work is: `done` of `total` pieces, and what it is doing; without arguments, only look in.

    Costs next to nothing (the worker writes it down twice a second), so call it often: it is also where a cancelled
    task ends, by raising `Cancelled`. Outside of a task it does nothing. A new message starts a new phase with its own
    rate.
    """
    reporter = _reporter.get()
    if reporter is not None:
        reporter.report(done, total, message)


def current() -> BackgroundTask | None:
    """The task that is being run; None on the command line and in requests."""
    return _current.get()


@contextmanager
def reporting_to(reporter: Reporter, task: BackgroundTask | None = None) -> Iterator[None]:
    """Send `progress` to `reporter` for the length of a `with` block."""
    tokens = _reporter.set(reporter), _current.set(task)
    try:
        yield
    finally:
        _reporter.reset(tokens[0])
        _current.reset(tokens[1])


class Pace:
    """How far a phase is and how fast: pieces done, of how many, per second since the phase began."""

    def __init__(self) -> None:
        self.message = ""
        self.total: int | None = None
        self._begin(0)

    def _begin(self, done: int) -> None:
        self.done = self._first = done
        self._since = time.monotonic()

    def update(self, done: int | None, total: int | None, message: str | None) -> bool:
        """Take in what `progress` was told; True where a new phase began."""
        fresh = message is not None and str(message) != self.message
        if fresh:
            self.message = str(message)
            self.total = None
            self._begin(done or 0)
        if done is not None:
            self.done = done
        if total is not None:
            self.total = total
        return fresh

    @property
    def rate(self) -> float | None:
        """Pieces per second in this phase; None where nothing can be said yet."""
        seconds = time.monotonic() - self._since
        return (self.done - self._first) / seconds if seconds > 0.2 and self.done > self._first else None
