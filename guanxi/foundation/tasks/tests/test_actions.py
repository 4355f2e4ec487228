"""What people do with tasks: cancel, try again."""

from __future__ import annotations

import pytest

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.tasks import lease, queue, worker
from guanxi.foundation.tasks.actions import cancel_task, retry_task
from guanxi.foundation.tasks.models import State
from guanxi.foundation.tasks.tests import work
from guanxi.foundation.visibility import NotAllowed

pytestmark = pytest.mark.django_db


def test_waiting_task_is_cancelled_at_once_and_audited(staff: User) -> None:
    row = tasks.enqueue(work.quick)
    cancel_task(row, by=staff)
    row.refresh_from_db()
    assert row.state == State.CANCELLED
    assert worker.run_waiting() == 0
    entry = AuditEntry.objects.get(object_type="tasks.backgroundtask")
    assert (entry.actor, entry.changes["state"]) == (staff, ["waiting", "cancelled"])


def test_running_task_is_asked_to_end(staff: User) -> None:
    tasks.enqueue(work.quick)
    row = queue.claim(lease.own_name())
    assert row is not None
    cancel_task(row, by=staff)
    row.refresh_from_db()
    assert (row.state, row.cancel_requested) == (State.RUNNING, True)


def test_ended_task_cannot_be_cancelled(staff: User) -> None:
    row = tasks.enqueue(work.quick)
    worker.run_waiting()
    with pytest.raises(Refused, match="Done"):
        cancel_task(row, by=staff)


def test_failed_task_is_tried_again_with_all_its_attempts(staff: User) -> None:
    row = tasks.enqueue(work.refuses)
    worker.run_waiting()
    retry_task(row, by=staff)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (State.WAITING, 0, "")
    assert worker.run_waiting() == 1


def test_only_ended_tasks_are_tried_again(staff: User) -> None:
    row = tasks.enqueue(work.quick)
    with pytest.raises(Refused):
        retry_task(row, by=staff)
    worker.run_waiting()
    with pytest.raises(Refused):
        retry_task(row, by=staff)


def test_task_whose_twin_waits_is_not_tried_again(staff: User) -> None:
    row = tasks.enqueue(work.refuses, key="same")
    worker.run_waiting()
    tasks.enqueue(work.refuses, key="same")
    with pytest.raises(Refused, match="already"):
        retry_task(row, by=staff)


def test_stranger_may_neither(stranger: User) -> None:
    row = tasks.enqueue(work.quick)
    with pytest.raises(NotAllowed):
        cancel_task(row, by=stranger)
    row.refresh_from_db()
    assert row.state == State.WAITING
