"""Progress on the command line: a bar with rate and time left on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from guanxi.foundation.tasks.running import Pace, Reporter, reporting_to

if TYPE_CHECKING:
    import rich.console
    import rich.progress

LINE_EVERY = 10.0  # seconds between two lines where there is no terminal


@contextmanager
def shown_on_console() -> Iterator[None]:
    """Show `progress` on standard error for the length of a `with` block."""
    from rich.console import Console

    console = Console(stderr=True)
    with _bars(console) if console.is_terminal else _lines(console) as reporter, reporting_to(reporter):
        yield


class _Bars:
    def __init__(self, bars: rich.progress.Progress) -> None:
        self.bars, self.pace = bars, Pace()
        self.bar: rich.progress.TaskID | None = None

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
        for bar in self.bars.tasks:
            if bar.id == self.bar and bar.total is None:
                self.bars.update(bar.id, total=bar.completed or 1, completed=bar.completed or 1)


@contextmanager
def _bars(console: rich.console.Console) -> Iterator[Reporter]:
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[rate]}"),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console) as bars:
        reporter = _Bars(bars)
        yield reporter
        reporter.complete()


class _Lines:
    def __init__(self, console: rich.console.Console) -> None:
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
def _lines(console: rich.console.Console) -> Iterator[Reporter]:
    reporter = _Lines(console)
    yield reporter
    reporter.say()
