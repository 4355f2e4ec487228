"""Keeps child processes running: starts them, starts them again where they die, stops them together."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

LOOK_EVERY = 0.2  # seconds
FIRST_DELAY = 0.5  # seconds before a child that died is started again; doubled at each time
LONGEST_DELAY = 30.0
STEADY = 30.0  # seconds after which a child counts as running well
PATIENCE = 30.0  # seconds that children have to end


@dataclass
class Child:
    """One process that shall always run."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    due: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(self.command)
        self.started = time.monotonic()


class Supervisor:
    """Runs `children` until SIGTERM or SIGINT; `say` gets one line for each thing that happens."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self.children, self.say = children, say
        self._stop = threading.Event()

    def run(self, ready: Callable[[], bool] | None = None) -> None:
        """Start all, keep them running, stop all. `ready` is asked again and again until it says True."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            for child in self.children:
                child.start()
            while not self._stop.wait(LOOK_EVERY):
                for child in self.children:
                    self._look_after(child)
                if ready is not None and ready():
                    ready = None
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Let `run` end its children and return."""
        self._stop.set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                child.start()
            return
        code = child.process.poll()
        if code is None:
            return
        if now - child.started > STEADY:
            child.delay = FIRST_DELAY
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self.say(f"{child.name} {how}; starting it again in {child.delay:g} s")
        child.process, child.due = None, now + child.delay
        child.delay = min(child.delay * 2, LONGEST_DELAY)

    def _end_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        end = time.monotonic() + PATIENCE
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} did not end within {PATIENCE:g} s; killed")
                child.process.kill()
                child.process.wait()


def python(*arguments: str) -> list[str]:
    """The command that runs this Python with `arguments`."""
    return [sys.executable, *arguments]
