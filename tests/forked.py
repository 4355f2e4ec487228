"""Processes that need not begin from nothing: each is forked from one that has imported the libraries, but nothing of
ours. Python and our own code begin anew in every one, with its own environment; what is left out is reading the same
libraries hundreds of times in one run of the tests.

Those of one installation, one after another, can be forked from one that has also set Django up with its settings
(`Booted`): each is a process of its own still, killed on its own, with connections of its own.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

LIBRARIES = [
    "babel.dates", "charset_normalizer", "click", "cryptography.x509", "deltalake", "django.core.management",
    "django.core.servers.basehttp", "django.db.migrations.executor", "django.db.models", "django.forms",
    "django.template.defaulttags", "django.urls", "duckdb", "fido2.server", "filetype", "httpcore", "ibis",
    "icalendar", "imap_tools", "markdown_it", "nh3", "numpy", "opencc", "phonenumbers", "psycopg", "pyarrow.compute",
    "pyarrow.csv", "pyarrow.parquet", "pydantic", "pyrage", "recurring_ical_events", "requests", "rich.progress",
    "scipy.special", "sqlparse",
]  # fmt: skip
TO_ITS_END = "from guanxi.project.cli import main; main()"


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def _be(program: str, arguments: list[str], environment: dict[str, str], said: str, erred: str) -> None:
    """In the new process: become what `python -c program arguments` would be."""
    os.setsid()  # a process group of its own, so that its children can be killed with it
    os.environ.clear()
    os.environ.update(environment)
    _become(program, arguments, said, erred)


def _become(program: str, arguments: list[str], said: str, erred: str) -> None:
    for number, path in ((1, said), (2, erred)):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(target, number)
        os.close(target)
    sys.argv = ["-c", *arguments]
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.stdout.reconfigure(line_buffering=True)
    code: Any = 0
    try:
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  as the interpreter does
        traceback.print_exc()
        code = 1
    finally:
        import atexit
        import threading

        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does at its end
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _boot(environment: dict[str, str], line: Connection) -> None:
    """In the new process: set Django up, then fork whatever is ordered; tell the number of each and how it ended."""
    os.environ.clear()
    os.environ.update(environment)
    from guanxi.project.cli import boot

    boot()
    gc.freeze()  # what is there is shared by all and never looked through
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch
    while True:
        try:
            order, *work = line.recv()
        except EOFError:
            os._exit(0)
        if not os.fork():
            _watch(line, order, *work)


def _watch(line: Connection, order: int, *work: Any) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if not process:
        os.setsid()
        line.send((order, "began", os.getpid()))
        line.close()
        _become(*work)
    _, status = os.waitpid(process, 0)
    with contextlib.suppress(OSError):  # nobody listens any more
        line.send((order, "ended", os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _start(target: Callable[..., None], *given: Any) -> ForkServerProcess:
    process = _context().Process(target=target, args=given, daemon=True)  # ends with the tests
    with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):  # or each would import pytest once more
        process.start()
    return process


class Booted:
    """A process that has set Django up in an environment, for others to be forked from."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._line, theirs = _context().Pipe()
        self._process = _start(_boot, environment, theirs)
        theirs.close()
        self._orders = 0
        self._heard: dict[tuple[int, str], int] = {}

    def begin(self, program: str, arguments: list[str], said: Path, erred: Path) -> Child:
        """Fork a process from it."""
        self._orders += 1
        self._line.send((self._orders, program, arguments, str(said), str(erred)))
        return Child(self, self._orders)

    def hear(self, order: int, what: str, timeout: float | None = None) -> int | None:
        """What was told of a process; None where nothing was in `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (order, what) not in self._heard:
            if not self._line.poll(None if end is None else max(0.0, end - time.monotonic())):
                return None
            one, told, number = self._line.recv()
            self._heard[one, told] = number
        return self._heard[order, what]

    def close(self) -> None:
        """Let it end; those that were forked from it go on."""
        self._line.close()
        self._process.join()


class Child:
    """One of them, with what is used here of multiprocessing's processes."""

    def __init__(self, booted: Booted, order: int) -> None:
        self._booted, self._order = booted, order
        self.pid = booted.hear(order, "began")

    @property
    def exitcode(self) -> int | None:
        """How it ended; None while it runs."""
        return self._booted.hear(self._order, "ended", 0)

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, not longer than `timeout` seconds."""
        self._booted.hear(self._order, "ended", timeout)


class Forked:
    """A running process, with what the tests use of `subprocess.Popen`; what it says is in the files given."""

    def __init__(
        self, program: str, arguments: list[str], environment: dict[str, str] | Booted, said: Path, erred: Path
    ) -> None:
        self.said, self.erred = said, erred
        self.arguments = arguments
        self._process: ForkServerProcess | Child
        if isinstance(environment, Booted):
            self._process = environment.begin(program, arguments, said, erred)
        else:
            self._process = _start(_be, program, arguments, environment, str(said), str(erred))
        self.pid = int(self._process.pid or 0)

    @property
    def returncode(self) -> int | None:
        """The exit code (of a killed process the signal, negative), None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same, for those who write it as a question."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self.arguments, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, where it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)
