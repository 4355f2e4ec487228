"""A real `guanxi serve` for the people of `benchmarks.people`, in a filled home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from benchmarks import people as crowd
from benchmarks.measure import Figure

PREPARE = (
    "import json, sys; from guanxi.project.cli import boot; boot(); from benchmarks import people; "
    "print(json.dumps(people.prepare(int(sys.argv[1]))))"
)


# Waits until nothing has been at work for a while: what a first start does is done, a week's search for duplicates too.
CALM = """
import time
from django.utils import timezone
from guanxi.project.cli import boot
boot()
from guanxi.foundation.tasks.models import BackgroundTask, State
calm = 0
while calm < 8:
    due = BackgroundTask.objects.filter(state=State.WAITING, run_after__lte=timezone.now())
    calm = 0 if due.exists() or BackgroundTask.objects.filter(state=State.RUNNING).exists() else calm + 1
    time.sleep(1)
"""


def measure(environment: dict[str, str], people: int, minutes: float, target: float) -> list[Figure]:
    """Serve, let them work, stop; what they saw."""
    environment = {**os.environ, **environment, "PORT": os.environ.get("PORT", "8000"), "GUANXI_LOG": "ERROR"}
    made = subprocess.run(
        [sys.executable, "-c", PREPARE, str(people)], env=environment, capture_output=True, text=True, check=True
    )
    prepared = json.loads(made.stdout.splitlines()[-1])
    processes = os.environ.get("GUANXI_BENCH_WEB", "2")
    log = Path(environment["GUANXI_HOME"]) / "serve.log"
    with log.open("w") as told:
        command = [sys.executable, "-m", "guanxi.project.cli", "serve", "--web-processes", processes, "--workers", "1"]
        serving = subprocess.Popen(command, env=environment, stdout=told, stderr=told)
    try:
        url = f"http://127.0.0.1:{environment['PORT']}"
        _wait(url, serving)
        subprocess.run([sys.executable, "-c", CALM], env=environment, check=True, timeout=1800)
        before = _processor(serving.pid)
        figures = crowd.figures(url, prepared, minutes, target)
        requests = sum(figure.value for figure in figures if figure.name.startswith("  requests in all"))
        used = (_processor(serving.pid) - before) * 1000
        return [*figures, Figure("  processor time of the server by request", used / max(requests, 1), "ms")]
    finally:
        serving.terminate()
        serving.wait(60)
        said = [line for line in log.read_text().splitlines() if "locked" in line or "Error" in line or "ERROR" in line]
        print("\n".join(said[-20:]), file=sys.stderr)


def _processor(pid: int) -> float:
    """Seconds of processor time that the server and its workers have used; what a busy machine does not change."""
    tree = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:2]) for one in [tree, *tree.children(recursive=True)])


def _wait(url: str, serving: subprocess.Popen[bytes]) -> None:
    for _attempt in range(600):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            if serving.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError("guanxi serve did not come up")
