"""Progress: in the row, on the console, and nowhere."""

from __future__ import annotations

import pytest

from guanxi.foundation import tasks
from guanxi.foundation.models import User
from guanxi.foundation.tasks import lease, queue, running, worker
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.tasks.tests import work


def test_outside_of_a_task_it_does_nothing() -> None:
    tasks.progress(1, 2, "讀取")
    assert tasks.current() is None


def test_new_message_begins_a_new_phase() -> None:
    pace = running.Pace()
    assert pace.update(5, 10, "讀取")
    assert not pace.update(6, None, "讀取")
    assert (pace.done, pace.total) == (6, 10)
    assert pace.update(None, None, "寫入")
    assert (pace.done, pace.total, pace.rate) == (0, None, None)


def test_rate_counts_only_what_this_run_did(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(running.time, "monotonic", lambda: moment)
    pace = running.Pace()
    pace.update(900_000, 1_000_000, "續傳")
    moment = 110.0
    pace.update(910_000, None, None)
    assert pace.rate == pytest.approx(1000)


@pytest.mark.django_db
def test_time_left_and_percent() -> None:
    row = BackgroundTask(state=State.RUNNING, progress_done=250, progress_total=1000, progress_rate=50.0)
    assert row.percent == 25
    assert row.time_left is not None
    assert row.time_left.total_seconds() == 15
    assert BackgroundTask(state=State.RUNNING, progress_done=3).percent is None


@pytest.mark.django_db
def test_progress_is_kept_in_the_row(staff: User) -> None:
    row = tasks.enqueue(work.write_rows, staff.pk, 3, pause=0)
    worker.run_waiting()
    row.refresh_from_db()
    assert (row.progress_done, row.progress_total, row.progress_message) == (3, 3, "寫入")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("end", "state", "attempts"),
    [
        (running.Cancelled, State.CANCELLED, 1),
        (running.Stopped, State.WAITING, 0),
        (running.LeaseLost, State.RUNNING, 1),
    ],
)
def test_progress_is_where_a_task_ends(staff: User, end: type[running.Interrupted], state: str, attempts: int) -> None:
    row = tasks.enqueue(work.write_rows, staff.pk, 3, pause=0)
    taken = queue.claim(lease.own_name())
    assert taken is not None
    held = worker.Held(taken)
    held.end = end
    worker.perform(held)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (state, attempts)


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with tasks.shown_on_console():
        tasks.progress(1, 3, "讀取")
        tasks.progress(3, 3)
        tasks.progress(0, message="寫入")
        tasks.progress(1234)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == ["讀取: 3 of 3", "寫入: 1,234"]


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with tasks.shown_on_console():
        tasks.progress(1, 3, "Reading")
        tasks.progress(3)
        tasks.progress(7, message="Writing")
    said = capsys.readouterr().err
    assert "Reading" in said
    assert "3/3" in said
    assert "7/7" in said
