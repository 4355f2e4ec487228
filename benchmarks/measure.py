"""How the benchmarks measure: whole commands with their peak memory, and calls by the percentile of their times."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import psutil


@dataclass
class Figure:
    """One measured figure, beside the floor measured in the same run and the target where there is one."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    floor_name: str = ""
    target: float | None = None
    higher_is_better: bool = False
    memory_mb: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor's time this took."""
        if not self.floor:
            return None
        return self.floor / self.value if self.higher_is_better else self.value / self.floor

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.higher_is_better else self.value <= self.target

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"ratio": self.ratio, "reached": self.reached}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Figure:
        """The figure that `as_json` wrote."""
        return cls(**{key: value for key, value in values.items() if key not in ("ratio", "reached")})


@dataclass(frozen=True)
class Run:
    """A finished command."""

    seconds: float
    peak_mb: float
    output: str


def command(*arguments: str, environment: dict[str, str]) -> Run:
    """Run `guanxi ARGUMENTS` as its user would; its time and the peak memory of it and its children together.

    Raises RuntimeError with the end of its output where it fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "guanxi.project.cli", *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = _Peak(process.pid)
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"guanxi {' '.join(arguments)} failed:\n{output[-2000:]}")
    return Run(seconds, peak.stop(), output)


class _Peak(threading.Thread):
    """Watches a process and its children from beside."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.running = psutil.Process(pid), 0, True
        self.start()

    def run(self) -> None:
        while self.running:
            total = 0
            try:
                for process in [self.process, *self.process.children(recursive=True)]:
                    total += process.memory_info().rss
            except psutil.Error:
                pass
            self.peak = max(self.peak, total)
            time.sleep(0.05)

    def stop(self) -> float:
        self.running = False
        self.join()
        return self.peak / 1_000_000


def as_the_web_process_begins() -> None:
    """Let the garbage collector leave alone what is loaded, as `guanxi.project.server.application` does."""
    gc.collect()
    gc.freeze()


def tend_the_tables() -> None:
    """Let the database know its tables as it does after a while: PostgreSQL by its autovacuum, SQLite by the worker."""
    from django.db import connection

    from guanxi.operations import planning

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    else:
        planning.count(planning.outdated())


def percentile(
    call: Callable[[int], object],
    times: int,
    share: float = 0.95,
    warm_up: int = 3,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The `share` percentile, in milliseconds, of `times` calls with 0, 1, 2 …; a few before that do not count."""
    for index in range(warm_up):
        call(index)
    taken = []
    for index in range(times):
        started = clock()
        call(index)
        taken.append((clock() - started) * 1000)
    return sorted(taken)[min(len(taken) - 1, int(share * len(taken)))]


def best(call: Callable[[], object], times: int = 3) -> float:
    """The least time of a few calls, in seconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)
