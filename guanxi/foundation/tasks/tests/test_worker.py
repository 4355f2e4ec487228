"""Real worker processes: killed, stopped, cancelled."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guanxi.foundation import tasks
from guanxi.foundation.models import Notification, User
from guanxi.foundation.tasks.actions import cancel_task
from guanxi.foundation.tasks.models import BackgroundTask, State, Worker
from guanxi.foundation.tasks.tests import work
from tests.forked import TO_ITS_END, Forked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.end_to_end]
PATIENCE = 90.0  # seconds; generous, the machine may be busy


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def state_of(row: BackgroundTask) -> str:
    return BackgroundTask.objects.get(pk=row.pk).state


@pytest.fixture
def start_worker(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Forked]]:
    started: list[Forked] = []

    def start(*arguments: str) -> Forked:
        log = tmp_path / "worker.log"
        started.append(Forked(TO_ITS_END, ["worker", *arguments], process_environment, log, log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_killed_worker_loses_and_doubles_nothing(staff: User, start_worker: Callable[..., Forked]) -> None:
    chance = random.Random(20180101)
    row = tasks.enqueue(work.write_rows, staff.pk, 150)
    for _ in range(3):
        process = start_worker()
        before = Notification.objects.filter(user=staff).count()
        wait_for(lambda before=before: Notification.objects.filter(user=staff).count() > before)
        time.sleep(chance.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    start_worker()
    wait_for(lambda: state_of(row) == State.DONE)
    row.refresh_from_db()
    titles = Notification.objects.filter(user=staff, title__regex=r"^\d+$").values_list("title", flat=True)
    assert sorted(map(int, titles)) == list(range(150))
    assert row.result == 150
    assert row.attempts >= 2


def test_stopped_worker_gives_its_task_back(staff: User, start_worker: Callable[..., Forked]) -> None:
    row = tasks.enqueue(work.write_rows, staff.pk, 100_000)
    process = start_worker()
    wait_for(lambda: BackgroundTask.objects.get(pk=row.pk).progress_done > 0)
    assert Worker.objects.count() == 1
    process.terminate()
    assert process.wait(PATIENCE) == 0
    row.refresh_from_db()
    assert (row.state, row.attempts, row.worker) == (State.WAITING, 0, "")
    assert not Worker.objects.exists()


def test_running_task_is_cancelled(staff: User, start_worker: Callable[..., Forked]) -> None:
    row = tasks.enqueue(work.write_rows, staff.pk, 100_000)
    start_worker()
    wait_for(lambda: BackgroundTask.objects.get(pk=row.pk).progress_done > 0)
    row.refresh_from_db()
    assert row.percent == 0
    cancel_task(row, by=staff)
    wait_for(lambda: state_of(row) == State.CANCELLED)
    written = Notification.objects.filter(user=staff).count()
    time.sleep(0.3)
    assert Notification.objects.filter(user=staff).count() == written


def test_long_task_holds_up_no_other(staff: User, start_worker: Callable[..., Forked]) -> None:
    long = tasks.enqueue(work.write_rows.using(queue_name="long"), staff.pk, 100_000)
    start_worker()
    start_worker("--quick")
    wait_for(lambda: state_of(long) == State.RUNNING)
    others = [tasks.enqueue(work.quick) for _ in range(5)]
    wait_for(lambda: all(state_of(row) == State.DONE for row in others))
    assert state_of(long) == State.RUNNING


def test_task_that_kills_its_worker_fails_in_the_end(start_worker: Callable[..., Forked]) -> None:
    row = tasks.enqueue(work.kills_its_worker)
    for _ in range(2):
        start_worker().wait(PATIENCE)
    start_worker()
    wait_for(lambda: state_of(row) == State.FAILED)
    row.refresh_from_db()
    assert "died 2 times" in row.error
