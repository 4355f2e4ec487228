"""Progress on the command line: a bar with rate and time left on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from guanxi.foundation.tasks.running import Pace, Reporter, reporting_to

LINE_EVERY = 10.0  # seconds between two lines where there is no terminal


@contextmanager
def shown_on_console() -> Iterator[None]:
    """Show `progress` on standard error for the length of a `with` block."""
    from rich.console import Console

    console = Console(stderr=True)
    with _bars(console) if console.is_terminal else _lines(console) as reporter, reporting_to(reporter):
        yield


class _Bars:
    def __init__(self, bars) -> None:  # type: ignore[no-untyped-def]
        self.bars, self.pace = bars, Pace()
        self.bar = None

    def report(self, done: int | None, total: int | None, message: str | None) -> None:
        if self.pace.update(done, total, message) or self.bar is None:
            self.complete()
            self.bar = self.bars.add_task(self.pace.message, total=self.pace.total, rate="")
        rate = self.pace.rate
        self.bars.update(
            self.bar, completed=self.pace.done, total=self.pace.total, rate=f"{rate:,.0f}/s" if rate else ""
        )

    def complete(self) -> None:
        """Close the bar of a phase that ended without saying its total."""
        if self.bar is not None and self.pace.total is None:
            self.bars.update(self.bar, total=self.pace.done or 1, completed=self.pace.done or 1)


@contextmanager
def _bars(console) -> Iterator[Reporter]:  # type: ignore[no-untyped-def]
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[rate]}"),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=console) as bars:
        reporter = _Bars(bars)
        yield reporter
        reporter.complete()


class _Lines:
    def __init__(self, console) -> None:  # type: ignore[no-untyped-def]
        self.console, self.pace, self.last = console, Pace(), time.monotonic()
        self.unsaid = False

    def report(self, done: int | None, total: int | None, message: str | None) -> None:
        if message is not None and str(message) != self.pace.message:
            self.say()
        self.pace.update(done, total, message)
        self.unsaid = True
        if time.monotonic() - self.last > LINE_EVERY:
            self.say()

    def say(self) -> None:
        if not self.unsaid:
            return
        of = f" of {self.pace.total:,}" if self.pace.total is not None else ""
        rate = f" ({self.pace.rate:,.0f}/s)" if self.pace.rate else ""
        self.console.print(f"{self.pace.message}: {self.pace.done:,}{of}{rate}", highlight=False, markup=False)
        self.unsaid, self.last = False, time.monotonic()


@contextmanager
def _lines(console) -> Iterator[Reporter]:  # type: ignore[no-untyped-def]
    reporter = _Lines(console)
    yield reporter
    reporter.say()
