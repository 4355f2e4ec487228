"""What runs by the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from guanxi.foundation import hooks
from guanxi.foundation.tasks import Daily, Every, Monthly, Weekly, schedule, worker
from guanxi.foundation.tasks.models import BackgroundTask, Schedule, State
from guanxi.foundation.tasks.tasks import KEEP, clear_old
from guanxi.foundation.tasks.tests import work

NOON = datetime(2017, 3, 25, 12, tzinfo=UTC)  # a Saturday


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test declares hangs on the door."""
    monkeypatch.setitem(hooks._registry, "schedule", [])


@pytest.fixture
def every_minute() -> Iterator[Every]:
    entry = Every(work.quick, minutes=1)
    with hooks.registered("schedule", entry):
        yield entry


@pytest.mark.django_db
def test_every_minute_from_now_on(every_minute: Every) -> None:
    assert schedule.tick(NOON) == 1
    assert schedule.tick(NOON + timedelta(seconds=59)) == 0
    assert schedule.tick(NOON + timedelta(seconds=60)) == 1


@pytest.mark.django_db
def test_what_still_waits_is_not_queued_twice(every_minute: Every) -> None:
    for minute in range(5):
        schedule.tick(NOON + timedelta(minutes=minute))
    row = BackgroundTask.objects.get()
    assert row.routine


@pytest.mark.django_db
def test_missed_times_are_made_up_once(every_minute: Every) -> None:
    schedule.tick(NOON)
    assert schedule.tick(NOON + timedelta(days=3)) == 1
    assert schedule.tick(NOON + timedelta(days=3, seconds=1)) == 0


@pytest.mark.django_db
def test_shorter_interval_takes_effect_at_once() -> None:
    with hooks.registered("schedule", Every(work.quick, minutes=600)):
        schedule.tick(NOON)
    with hooks.registered("schedule", Every(work.quick, seconds=30)):
        assert schedule.tick(NOON + timedelta(seconds=1)) == 0
        assert schedule.tick(NOON + timedelta(seconds=31)) == 1


@pytest.mark.parametrize(
    ("entry", "due"),
    [
        (Daily(work.quick, at="06:00"), datetime(2017, 3, 25, 22, tzinfo=UTC)),
        (Daily(work.quick, at="21:00"), datetime(2017, 3, 25, 13, tzinfo=UTC)),
        (Weekly(work.quick, at="06:00", weekday=0), datetime(2017, 3, 26, 22, tzinfo=UTC)),
        (Monthly(work.quick, at="06:00", day=1), datetime(2017, 3, 31, 22, tzinfo=UTC)),
    ],
)
def test_due_by_the_clock_of_the_business(settings: Any, entry: Daily, due: datetime) -> None:
    settings.TIME_ZONE = "Asia/Taipei"
    assert entry.after(NOON) == due
    assert entry.after(due) > due


def test_day_of_the_change_of_clocks(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"  # on 2017-03-26 there was no 02:30
    times, moment = [], datetime(2017, 3, 25, 12, tzinfo=UTC)
    for _ in range(3):
        moment = Daily(work.quick, at="02:30").after(moment)
        times.append(moment)
    assert [moment.day for moment in times] == [26, 27, 28]


@pytest.mark.parametrize(
    "wrong", [lambda: Every(work.quick), lambda: Daily(work.quick, at="25:00"), lambda: Monthly(work.quick, day=31)]
)
def test_wrong_declarations(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"needs|hour"):
        wrong()


@pytest.mark.django_db(transaction=True)
def test_several_schedulers_queue_once(every_minute: Every) -> None:
    schedule.tick(NOON)
    BackgroundTask.objects.all().delete()
    together, queued = threading.Barrier(4), []

    def run() -> None:
        try:
            together.wait()
            queued.append(schedule.tick(NOON + timedelta(minutes=2)))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(queued) == [0, 0, 0, 1]
    assert BackgroundTask.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_schedulers_begin_once(every_minute: Every) -> None:
    together = threading.Barrier(4)

    def run() -> None:
        try:
            together.wait()
            schedule.tick(NOON)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Schedule.objects.count(), BackgroundTask.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_of_its_runs_the_latest_and_the_failed_are_kept(every_minute: Every) -> None:
    schedule.tick(NOON)
    worker.run_waiting()
    failed = BackgroundTask.objects.get()
    BackgroundTask.objects.filter(pk=failed.pk).update(state=State.FAILED)
    for minute in (1, 2, 3):
        schedule.tick(NOON + timedelta(minutes=minute))
        worker.run_waiting()
    assert list(BackgroundTask.objects.order_by("pk").values_list("state", flat=True)) == [State.FAILED, State.DONE]


@pytest.mark.django_db
def test_old_tasks_are_cleared() -> None:
    def ended(age: timedelta, state: str) -> int:
        finished = timezone.now() - age - timedelta(minutes=1)
        return BackgroundTask.objects.create(function="x.y", state=state, finished_at=finished).pk

    ended(KEEP, State.DONE)
    ended(KEEP, State.FAILED)
    kept = [ended(timedelta(0), State.DONE), BackgroundTask.objects.create(function="x.y").pk]
    assert clear_old.call() == 2
    assert sorted(BackgroundTask.objects.values_list("pk", flat=True)) == sorted(kept)
