"""A whole installation of its own: home, database, and the `guanxi` programs as real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.forked import TO_ITS_END, Booted, Forked

SECONDS = 180


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Installation:
    """Runs the command line in a home of its own; every process it started is ended by `close`.

    With `booted` its commands find Django set up already; how a process begins is then not part of what is tried.
    """

    def __init__(self, home: Path, database_url: str, booted: bool = False, **environment: str) -> None:
        self.home = home
        self.booted = booted
        self._of: dict[tuple[Any, ...], Booted] = {}
        self.port = free_port()
        self.processes: list[subprocess.Popen[str] | Forked] = []
        self.environment = {
            **os.environ,
            "GUANXI_HOME": str(home),
            "GUANXI_DATABASE_URL": database_url,
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        for name in ("GUANXI_LAKE", "PYTEST_CURRENT_TEST", "DJANGO_ALLOW_ASYNC_UNSAFE"):
            self.environment.pop(name, None)

    @property
    def url(self) -> str:
        """Where `guanxi serve` answers."""
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """The command line of this checkout."""
        return [sys.executable, "-c", TO_ITS_END, *arguments]

    def run(self, *arguments: str, check: bool = True, timeout: float = SECONDS) -> subprocess.CompletedProcess[str]:
        """Run `guanxi ARGUMENTS` to its end; with `check`, fail with what it printed."""
        process = self.fork(TO_ITS_END, *arguments)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill(process)
            raise
        self.processes.remove(process)  # `processes` holds what may still run
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in (process.said, process.erred))
        done = subprocess.CompletedProcess([*arguments], process.wait(), out, err)
        said = done.stdout[-4000:] + done.stderr[-4000:]
        assert done.returncode == 0 or not check, f"guanxi {' '.join(arguments)} ended with {done.returncode}:\n{said}"
        return done

    def fork(self, program: str, *arguments: str) -> Forked:
        """Run `program` with `arguments` in this installation's environment, in a process group of its own."""
        folder = Path(tempfile.mkdtemp(dir=os.environ.get("GUANXI_TEST_ROOT")))
        begun = self._booted() if self.booted else self.environment
        process = Forked(program, [*arguments], begun, folder / "said", folder / "erred")
        self.processes.append(process)
        return process

    def _booted(self) -> Booted:
        """What commands are forked from; another one where what settings are read from is not what it was."""
        memory = self.home / "settings.json"
        read = (*sorted(self.environment.items()), memory.read_text() if memory.exists() else "")
        if read not in self._of:
            self._of[read] = Booted(self.environment)
        return self._of[read]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `guanxi ARGUMENTS` in a process group of its own; what it prints goes to a file beside the home."""
        with self.log.open("a") as log:
            process = subprocess.Popen(
                self.command(*arguments),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    @property
    def log(self) -> Path:
        """What the started processes print."""
        return self.home.parent / f"{self.home.name}.log"

    def serve(self, *arguments: str, timeout: float = 60) -> subprocess.Popen[str]:
        """Start `guanxi serve` and wait until /healthz answers 200."""
        process = self.start("serve", *arguments)
        end, said = time.monotonic() + timeout, ""
        while time.monotonic() < end and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return process
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")
            except OSError as error:
                said = str(error)
            time.sleep(0.1)
        raise AssertionError(f"guanxi serve was not ready: {said}\n{self.log.read_text()[-4000:]}")

    def kill(self, process: subprocess.Popen[str] | Forked) -> None:
        """End a process and its children as a power cut would (SIGKILL)."""
        self._signal(process, signal.SIGKILL)

    def close(self) -> None:
        """End everything that still runs: politely first, then by force."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            self._signal(process, signal.SIGKILL)
        for booted in self._of.values():
            booted.close()

    @staticmethod
    def _signal(process: subprocess.Popen[str] | Forked, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait()
