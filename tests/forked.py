"""Processes that need not begin from nothing: each is forked from one that has imported the libraries, but nothing of
ours. Python and our own code begin anew in every one, with its own environment; what is left out is reading the same
libraries hundreds of times in one run of the tests.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import traceback
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

LIBRARIES = [
    "charset_normalizer", "click", "deltalake", "django.core.management", "django.core.servers.basehttp",
    "django.db.migrations.executor", "django.db.models", "django.forms", "django.template.defaulttags", "django.urls",
    "duckdb", "ibis", "numpy", "opencc", "phonenumbers", "psycopg", "pyarrow.compute", "pyarrow.csv",
    "pyarrow.parquet", "pydantic", "rich.progress", "scipy.special", "sqlparse",
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
    for number, path in ((1, said), (2, erred)):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(target, number)
        os.close(target)
    os.environ.clear()
    os.environ.update(environment)
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


class Forked:
    """A running process, with what the tests use of `subprocess.Popen`; what it says is in the files given."""

    def __init__(
        self, program: str, arguments: list[str], environment: dict[str, str], said: Path, erred: Path
    ) -> None:
        self.said, self.erred = said, erred
        self.arguments = arguments
        given = (program, arguments, environment, str(said), str(erred))
        self._process = _context().Process(target=_be, args=given, daemon=True)  # ends with the tests
        with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):  # or each would import pytest once more
            self._process.start()
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
