"""Putting work into the queue, taking it out, and how it ends."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist

from guanxi.foundation import tasks
from guanxi.foundation.models import Notification, User
from guanxi.foundation.tasks import lease, queue, worker
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.tasks.tests import work
from guanxi.foundation.visibility import NotAllowed

DEAD = lease.own_name().rpartition(":")[0] + ":999999999"  # a process of this machine that is no more
ELSEWHERE = "another-machine/4026531836:17"


def age(row: BackgroundTask, **columns: Any) -> None:
    BackgroundTask.objects.filter(pk=row.pk).update(**columns)


def orphan(row: BackgroundTask, holder: str) -> None:
    """Make `row` a task whose worker `holder` took it and let its lease run out."""
    past = timezone.now() - timedelta(seconds=1)
    age(row, state=State.RUNNING, worker=holder, attempts=1, lease_until=past, started_at=past)


@pytest.mark.django_db
def test_task_runs_and_keeps_its_result(staff: User) -> None:
    row = tasks.enqueue(work.add, 2, second=3, by=staff, label="相加")
    assert worker.run_waiting() == 1
    row.refresh_from_db()
    assert (row.state, row.result, row.attempts, row.requested_by) == (State.DONE, 5, 1, staff)
    assert row.label == "相加"
    assert row.percent == 100


@pytest.mark.django_db
def test_django_interface_tells_state_and_result() -> None:
    result = work.add.enqueue(2)
    assert result.status == TaskResultStatus.READY
    worker.run_waiting()
    result.refresh()
    assert (result.status, result.return_value, result.attempts) == (TaskResultStatus.SUCCESSFUL, 3, 1)
    with pytest.raises(TaskResultDoesNotExist):
        work.add.get_result("0")


@pytest.mark.django_db
def test_label_falls_back_to_the_task_and_to_the_function() -> None:
    assert tasks.enqueue(work.add, 1).label == "寫通知"
    assert tasks.enqueue(work.write_rows, 1, 1).label == "Write rows"
    assert BackgroundTask(function="guanxi.no_such.old_task").label == "Old task"


@pytest.mark.django_db
def test_stranger_may_not_queue(stranger: User) -> None:
    with pytest.raises(NotAllowed):
        tasks.enqueue(work.quick, by=stranger)
    assert not BackgroundTask.objects.exists()


@pytest.mark.django_db
def test_stranger_sees_no_task(staff: User, stranger: User) -> None:
    tasks.enqueue(work.quick)
    assert BackgroundTask.objects.visible_to(staff).count() == 1
    assert BackgroundTask.objects.visible_to(stranger).count() == 0


@pytest.mark.django_db
def test_higher_priority_then_older_first() -> None:
    first, second = tasks.enqueue(work.quick), tasks.enqueue(work.quick)
    urgent = tasks.enqueue(work.quick.using(priority=10))
    taken = [queue.claim("a"), queue.claim("a"), queue.claim("a"), queue.claim("a")]
    assert [row and row.pk for row in taken] == [urgent.pk, first.pk, second.pk, None]


@pytest.mark.django_db
def test_not_before_its_time() -> None:
    row = tasks.enqueue(work.quick, after=timedelta(hours=1))
    assert worker.run_waiting() == 0
    age(row, run_after=timezone.now())
    assert worker.run_waiting() == 1


@pytest.mark.django_db
def test_same_key_waits_once_and_comes_forward() -> None:
    late = tasks.enqueue(work.quick, key="lake", after=timedelta(hours=1))
    soon = tasks.enqueue(work.quick, key="lake")
    assert late.pk == soon.pk
    assert tasks.enqueue(work.quick, key="other").pk != soon.pk
    assert worker.run_waiting() == 2


@pytest.mark.django_db
def test_same_key_waits_again_while_running_but_runs_one_at_a_time() -> None:
    tasks.enqueue(work.quick, key="lake")
    running = queue.claim("a")
    assert running is not None
    again = tasks.enqueue(work.quick, key="lake")
    assert again.pk != running.pk
    assert queue.claim("b") is None
    queue.finish(running, State.DONE)
    taken = queue.claim("b")
    assert taken is not None
    assert taken.pk == again.pk


@pytest.mark.django_db
def test_quick_workers_leave_long_tasks() -> None:
    tasks.enqueue(work.long_one)
    assert queue.claim("a", without=(worker.LONG,)) is None
    assert queue.claim("a") is not None


@pytest.mark.django_db
@pytest.mark.parametrize("holder", [DEAD, ELSEWHERE])
def test_task_of_a_dead_worker_is_taken_up(holder: str) -> None:
    row = tasks.enqueue(work.add, 1)
    orphan(row, holder)
    assert worker.run_waiting() == 1
    row.refresh_from_db()
    assert (row.state, row.result, row.attempts) == (State.DONE, 2, 2)


@pytest.mark.django_db
def test_live_worker_of_this_machine_keeps_its_task_beyond_the_lease() -> None:
    row = tasks.enqueue(work.quick)
    orphan(row, lease.own_name())
    assert queue.claim("other") is None
    age(row, lease_until=timezone.now() - 2 * lease.GRACE)
    assert queue.claim("other") is not None


@pytest.mark.django_db
def test_dead_process_loses_its_lease_at_once() -> None:
    row = tasks.enqueue(work.quick)
    age(row, state=State.RUNNING, worker=DEAD, attempts=1, lease_until=timezone.now() + timedelta(minutes=1))
    assert queue.claim("other") is None
    queue.free_orphans()
    assert queue.claim("other") is not None


@pytest.mark.django_db
def test_task_that_kills_every_worker_fails() -> None:
    row = tasks.enqueue(work.quick)
    orphan(row, DEAD)
    age(row, attempts=row.max_attempts)
    assert worker.run_waiting() == 0
    row.refresh_from_db()
    assert row.state == State.FAILED
    assert "died" in row.error


@pytest.mark.django_db
def test_late_worker_cannot_end_a_task_taken_over() -> None:
    tasks.enqueue(work.quick)
    late = queue.claim(ELSEWHERE)
    assert late is not None
    age(late, lease_until=timezone.now() - timedelta(seconds=1))
    other = queue.claim("b")
    assert other is not None
    assert not queue.hold(late)
    assert not queue.finish(late, State.FAILED, error="late")
    assert queue.finish(other, State.DONE)
    assert BackgroundTask.objects.get().state == State.DONE


@pytest.mark.django_db
def test_failure_is_tried_again_with_growing_delay_then_kept(staff: User) -> None:
    row = tasks.enqueue(work.fails, "壞了", by=staff)
    before = timezone.now()
    worker.run_waiting()
    row.refresh_from_db()
    assert row.state == State.WAITING
    assert row.run_after >= before + queue.FIRST_DELAY
    assert queue.delay_after(1) < queue.delay_after(2) < queue.delay_after(3) < queue.delay_after(99)
    age(row, run_after=timezone.now())
    worker.run_waiting()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (State.FAILED, 2, "ValueError: 壞了")
    assert "work.py" in row.traceback
    told = Notification.objects.get(user=staff)
    assert (told.level, told.body) == ("error", "ValueError: 壞了")


@pytest.mark.django_db
def test_refusal_is_not_tried_again() -> None:
    row = tasks.enqueue(work.refuses)
    worker.run_waiting()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (State.FAILED, 1, "第 3 列沒有日期")


@pytest.mark.django_db
def test_failed_task_whose_twin_waits_leaves_the_work_to_it() -> None:
    row = tasks.enqueue(work.fails, "a", key="twin")
    taken = queue.claim(lease.own_name())
    assert taken is not None
    twin = tasks.enqueue(work.fails, "b", key="twin")
    worker.perform(worker.Held(taken))
    row.refresh_from_db()
    assert row.state == State.FAILED
    assert BackgroundTask.objects.filter(state=State.WAITING).get() == twin


@pytest.mark.django_db
def test_function_that_is_gone_fails_with_its_name() -> None:
    row = tasks.enqueue(work.quick)
    age(row, function="guanxi.gone.task", max_attempts=1)
    worker.run_waiting()
    row.refresh_from_db()
    assert row.state == State.FAILED
    assert "guanxi.gone" in row.error


@pytest.mark.django_db
def test_arguments_that_are_no_json_are_refused_at_once() -> None:
    with pytest.raises(TypeError):
        tasks.enqueue(work.add, object())


@pytest.mark.django_db(transaction=True)
def test_task_of_a_transaction_that_fails_was_never_queued() -> None:
    with transaction.atomic():
        tasks.enqueue(work.quick)
        transaction.set_rollback(True)
    assert worker.run_waiting() == 0


@pytest.mark.django_db(transaction=True)
def test_many_workers_run_each_task_once() -> None:
    rows = [tasks.enqueue(work.quick).pk for _ in range(30)]
    taken: list[int] = []

    def run(name: str) -> None:
        try:
            misses = 0
            while misses < 20:
                row = queue.claim(name)
                if row is None:
                    misses += 1
                    continue
                taken.append(row.pk)
                queue.finish(row, State.DONE)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == rows


@pytest.mark.django_db(transaction=True)
def test_many_requests_for_the_same_work_wait_once() -> None:
    together = threading.Barrier(4)

    def ask() -> None:
        try:
            together.wait()
            for _ in range(10):
                tasks.enqueue(work.quick, key="same")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert BackgroundTask.objects.count() == 1
