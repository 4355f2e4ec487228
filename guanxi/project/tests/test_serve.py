"""`guanxi serve`: web, workers and scheduler as one."""

from __future__ import annotations

import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from guanxi.project.server.supervisor import Child, Supervisor, python
from tests.installation import Installation

PATIENCE = 90.0  # seconds; generous, the machine may be busy


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def child(process: subprocess.Popen[str], *words: str) -> psutil.Process | None:
    """The direct child whose command line ends with `words`, where it lives."""
    for one in psutil.Process(process.pid).children():
        if one.is_running() and one.status() != psutil.STATUS_ZOMBIE and one.cmdline()[-len(words) :] == list(words):
            return one
    return None


def answers(place: Installation) -> bool:
    try:
        with urllib.request.urlopen(f"{place.url}/healthz", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def listens(place: Installation) -> bool:
    return any(
        connection.laddr.port == place.port and connection.status == psutil.CONN_LISTEN
        for connection in psutil.net_connections("tcp")
    )


@pytest.mark.any_database
@pytest.mark.end_to_end
def test_serves_restarts_what_died_and_stops(installation: Installation) -> None:
    process = installation.serve()
    wait_for(lambda: f"Guanxi is ready: {installation.url}/" in installation.log.read_text())
    everyone = psutil.Process(process.pid).children(recursive=True)

    killed = child(process, "worker", "--child")
    assert killed is not None
    killed.kill()
    wait_for(lambda: (new := child(process, "worker", "--child")) and new.pid != killed.pid)

    web = next(one for one in psutil.Process(process.pid).children() if "guanxi.project.server.web" in one.cmdline())
    web.kill()
    wait_for(lambda: answers(installation))
    wait_for(lambda: installation.log.read_text().count("killed by signal 9") == 2)
    assert process.poll() is None

    everyone += psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    wait_for(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in everyone))
    assert not listens(installation)


@pytest.mark.any_database
@pytest.mark.end_to_end
def test_children_end_with_a_killed_supervisor(installation: Installation) -> None:
    process = installation.serve("--workers", "1")
    everyone = psutil.Process(process.pid).children(recursive=True)
    assert len(everyone) >= 3
    process.kill()
    process.wait()
    wait_for(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in everyone))
    second = installation.serve("--workers", "1")
    second.send_signal(signal.SIGINT)
    assert second.wait(PATIENCE) == 0


def test_child_that_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    said: list[str] = []
    program = tmp_path / "dies.py"
    program.write_text("import sys; sys.exit(3)")
    supervisor = Supervisor([Child("short", python(str(program)))], said.append)

    def enough() -> bool:
        if len(said) >= 3:
            supervisor.stop()
        return False

    supervisor.run(enough)
    assert said[:3] == [f"short ended with code 3; starting it again in {delay} s" for delay in ("0.5", "1", "2")]


def test_child_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guanxi.project.server.supervisor.PATIENCE", 1.0)
    ready = tmp_path / "ready"
    program = tmp_path / "deaf.py"
    program.write_text(
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "time.sleep(600)\n"
    )
    said: list[str] = []
    deaf = Child("deaf", python(str(program), str(ready)))
    supervisor = Supervisor([deaf], said.append)

    def stop_when_deaf() -> bool:
        if ready.exists():
            supervisor.stop()
        return False

    supervisor.run(stop_when_deaf)
    assert deaf.process is not None
    assert deaf.process.returncode == -signal.SIGKILL
    assert said == ["deaf did not end within 1 s; killed"]
