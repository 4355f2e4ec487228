"""Killed at any moment, nothing is lost and nothing is double: imports, refreshes and workers as real processes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from tests import migrated
from tests.contents import contents, difference
from tests.forked import Forked
from tests.installation import Installation

pytestmark = pytest.mark.end_to_end

LINES = 12_000
KILLS = 4
PATIENCE = 180.0  # seconds; generous, the machine may be busy
FAMILIES = "陳林黃張李王吳劉蔡楊"

# The command line with many small transactions, so that a kill falls within and between them; says when work begins.
PROGRAM = """
from guanxi.project.cli import boot, main
boot()
import guanxi.intake.commands, guanxi.lake.commands
from guanxi.intake import sales
sales.CHUNK, sales.PARTIES = 1_500, 150
import sys
if "learn" in sys.argv:
    import guanxi.insight.commands
print("begun", flush=True)
main()
"""


def write_sales(path: Path, first: int = 0, count: int = LINES, more: int = 0) -> Path:
    """A file of `count` lines in orders of four, each of one customer; `more` cents are added to each amount."""
    rows = ["customer,date,order,line,product,quantity,amount,discount,place,channel"]
    for number in range(first, first + count):
        order = number // 4
        customer = order * 7919 % 1_500
        day = f"2017-{order % 12 + 1:02d}-{order % 28 + 1:02d}"
        cents = number * 37 % 9_000 + more
        rows.append(
            f"{FAMILIES[customer % 10]}{customer},{day},A{order},{number % 4 + 1},茶{number % 300},{number % 3 + 1},"
            f"{cents / 100:.2f},{number % 7 / 10},店{order % 9},till"
        )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@dataclass
class Clean:
    """What an installation holds that nobody killed, and the seconds that its commands worked."""

    seconds: dict[str, float]
    imported: dict[str, Any]
    refreshed: dict[str, Any]
    corrected: dict[str, Any]


def begin(place: Installation, *command: str) -> Forked:
    """Start `guanxi COMMAND` and wait until its work begins."""
    process = place.fork(PROGRAM, *command)
    wait_for(lambda: process.said.exists() and process.said.read_text().startswith("begun\n"), every=0.005)
    return process


def timed(place: Installation, *command: str) -> float:
    """Run `guanxi COMMAND` to its end; the seconds that it worked."""
    process = begin(place, *command)
    start = time.monotonic()
    assert process.wait(PATIENCE) == 0, process.erred.read_text()
    return time.monotonic() - start


def killed_again_and_again(place: Installation, seconds: float, seed: int, *command: str) -> int:
    """Start `guanxi COMMAND`, kill it at a random moment, and again; then let it end. How often it was killed."""
    chance, kills = random.Random(seed), 0
    for _ in range(KILLS):
        process = begin(place, *command)
        try:
            process.wait(chance.uniform(0.05, 0.7) * seconds)
            return kills  # it was quicker than that
        except subprocess.TimeoutExpired:
            place.kill(process)
            kills += process.returncode == -signal.SIGKILL
    timed(place, *command)
    return kills


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of sales: the first, and a second that corrects some lines and adds others."""
    folder = tmp_path_factory.mktemp("files")
    write_sales(folder / "sales.csv")
    write_sales(folder / "corrected.csv", first=LINES - 3_000, count=6_000, more=11)
    return folder


@pytest.fixture(scope="module")
def clean(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clean]:
    """The same work without any kill, on SQLite: both databases have to come to the same."""
    static = Path(os.environ["GUANXI_TEST_ROOT"]) / "static"
    place = Installation(tmp_path_factory.mktemp("clean") / "home", "", booted=True, GUANXI_STATIC=str(static))
    migrated.copy_to(place.home / "guanxi.sqlite3")
    place.run("init")
    seconds = {"import": timed(place, "import", "sales", str(files / "sales.csv"))}
    imported = contents(place)
    seconds["refresh"] = timed(place, "refresh")
    refreshed = contents(place)
    place.run("import", "sales", str(files / "corrected.csv"))
    seconds["second refresh"] = timed(place, "refresh")
    yield Clean(seconds, imported, refreshed, contents(place))
    place.close()


def test_the_clean_import_is_what_the_file_says(clean: Clean) -> None:
    lines = [[f"A{n // 4}", str(n % 4 + 1), f"茶{n % 300}", f"{n * 37 % 9_000 / 100:.2f}"] for n in range(LINES)]
    assert sorted([line[0], line[1], line[2], line[4]] for line in clean.imported["lines"]) == sorted(lines)
    assert len(clean.imported["orders"]) == LINES / 4
    assert len(clean.imported["parties"]) == 1_500
    kinds = [event[0] for event in clean.imported["events"]]
    assert (kinds.count("order.placed"), kinds.count("party.created")) == (LINES / 4, 1_500)
    assert clean.refreshed["lake different"] == [str(LINES), str(LINES // 4 + 1_500)]


def test_an_import_killed_at_random_moments(installation: Installation, files: Path, clean: Clean) -> None:
    installation.run("init")
    command = ["import", "sales", str(files / "sales.csv")]
    kills = killed_again_and_again(installation, clean.seconds["import"], 1, *command)
    assert kills
    assert difference(without_idle_runs(contents(installation)), without_idle_runs(clean.imported)) == {}
    again = installation.run(*command)
    assert f"0 new, 0 changed, {LINES:,} unchanged" in again.stdout


def test_a_refresh_killed_at_random_moments(installation: Installation, files: Path, clean: Clean) -> None:
    installation.run("init")
    installation.run("import", "sales", str(files / "sales.csv"))
    kills = killed_again_and_again(installation, clean.seconds["refresh"], 2, "refresh")
    assert difference(contents(installation), clean.refreshed) == {}
    installation.run("import", "sales", str(files / "corrected.csv"))
    kills += killed_again_and_again(installation, clean.seconds["second refresh"], 3, "refresh")
    assert kills
    assert difference(contents(installation), clean.corrected) == {}


LEARNED = """
import json
from guanxi.project.cli import boot
boot()
from guanxi.customers.models import Party
from guanxi.insight.models import EquityPoint, Learning, ModelVersion, Standing
from guanxi.lake import tables
count = lambda model, **where: model.objects.filter(**where).count()
print(json.dumps({
    "published": count(Learning, state="published"),
    "parties": count(Party), "standings": count(Standing), "points": count(EquityPoint),
    "used": list(ModelVersion.objects.filter(state="used").values_list("family", flat=True).order_by("family")),
    "in the lake": tables.table("standing").count().to_pyarrow().as_py(),
}))
"""


def learned(place: Installation) -> dict[str, Any]:
    """What `place` has learned, and whether it is whole."""
    process = place.fork(LEARNED)
    assert process.wait(PATIENCE) == 0, process.erred.read_text()[-4000:]
    told: dict[str, Any] = json.loads(process.said.read_text().splitlines()[-1])
    return told


def test_a_learning_killed_at_random_moments(installation: Installation, files: Path) -> None:
    """Either nothing of it is seen or all; what comes in the end is what an undisturbed learning says."""
    installation.run("init")
    installation.run("import", "sales", str(files / "sales.csv"))
    chance, kills = random.Random(4), 0
    for _ in range(KILLS):
        process = begin(installation, "learn")
        try:
            process.wait(chance.uniform(0.3, 4.0))
            break
        except subprocess.TimeoutExpired:
            installation.kill(process)
            kills += process.returncode == -signal.SIGKILL
        told = learned(installation)
        if told["published"]:
            assert told["standings"] == told["parties"] and told["points"] and told["used"]
        else:
            assert told["standings"] == told["points"] == 0
    assert kills
    timed(installation, "learn")
    told = learned(installation)
    assert told["published"] == 1
    assert told["standings"] == told["parties"] == told["in the lake"] == 1_500
    assert len(told["used"]) == len(set(told["used"]))
    again = installation.run("learn", "--again")
    assert "0 standings written" in again.stdout


ENQUEUE = """
import sys
from pathlib import Path
from guanxi.project.cli import boot
boot()
from guanxi.foundation import tasks
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions
from guanxi.intake.plan import prepare
from guanxi.intake.tasks import take_in
run = actions.begin_import(prepare("sales", Path(sys.argv[1])), by=SYSTEM)
print(tasks.enqueue(take_in, run.pk, by=SYSTEM).pk)
"""
STATE = """
import sys
from guanxi.project.cli import boot
boot()
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.tasks.lease import is_alive
while True:
    tasks = BackgroundTask.objects.filter(function="guanxi.intake.tasks.take_in")
    print(*tasks.values_list("state", "attempts", "worker").first() or ("absent", 0), flush=True)
    if not sys.stdin.readline():
        break
"""


class Watched:
    """The background import seen from outside of its processes."""

    def __init__(self, place: Installation) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STATE],
            env=place.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        place.processes.append(self.process)
        self.first = True

    def look(self) -> tuple[str, int, int]:
        """Its state, the attempts made, and the process that holds it (0: none)."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if not self.first:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        self.first = False
        state, attempts, *worker = self.process.stdout.readline().split(maxsplit=2)
        return state, int(attempts), int(worker[0].rpartition(":")[2]) if worker else 0


def without_idle_runs(parts: dict[str, Any]) -> dict[str, Any]:
    """Runs that found all done count for nothing: a kill may fall between the end of the work and of the process."""
    runs = [run for run in parts["runs"] if run[6:8] != ["0", "0"]]
    return parts | {"runs": runs, "audited runs": sorted(map(str, parts["audited runs"]))[: len(runs)]}


def without_lake(parts: dict[str, Any]) -> dict[str, Any]:
    """All but the lake, which a running installation refreshes by itself."""
    return {name: rows for name, rows in parts.items() if not name.startswith("lake")}


def wait_for(condition: Callable[[], bool], every: float = 0.05) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(every)


def test_a_worker_killed_within_an_import(installation: Installation, files: Path, clean: Clean) -> None:
    process = installation.serve()
    task = Watched(installation)
    assert task.look()[0] == "absent"  # it has started, and so sees the work from its beginning
    enqueued = installation.fork(ENQUEUE, str(files / "sales.csv"))
    assert enqueued.wait(PATIENCE) == 0, enqueued.erred.read_text()
    chance = random.Random(4)
    for attempt in (1, 2):
        wait_for(lambda attempt=attempt: task.look()[:2] in (("running", attempt), ("done", attempt)))
        time.sleep(chance.uniform(0.05, 0.3))
        state, attempts, worker = task.look()
        if state != "running":
            break
        assert attempts == attempt
        assert worker in [child.pid for child in psutil.Process(process.pid).children()]
        psutil.Process(worker).kill()
    wait_for(lambda: task.look()[0] in ("done", "failed"))
    state, attempts, _worker = task.look()
    assert state == "done", installation.log.read_text()[-2000:]
    assert attempts > 1, "no kill fell within the import"
    assert process.poll() is None
    assert "killed by signal 9" in installation.log.read_text()
    assert difference(without_lake(contents(installation)), without_lake(clean.imported)) == {}
