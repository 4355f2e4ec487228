"""Tasks for the tests; worker processes import them by name."""

from __future__ import annotations

import time

from django_tasks import task

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification


@task(label="寫通知")
def add(first: int, second: int = 1) -> int:
    return first + second


@task
def quick() -> str:
    return "done"


@task(max_attempts=50)
def write_rows(user: int, count: int, pause: float = 0.02) -> int:
    """Writes `count` rows, each in its own transaction, and goes on where it was: the pattern of every long task."""
    done = Notification.objects.filter(user_id=user).count()
    for number in range(done, count):
        tasks.progress(number, count, "寫入")
        Notification.objects.create(user_id=user, title=str(number))
        time.sleep(pause)
    tasks.progress(count, count)
    return Notification.objects.filter(user_id=user).count()


@task(queue_name="long")
def long_one() -> None:
    tasks.progress(1, 2)


@task(max_attempts=2)
def fails(message: str) -> None:
    raise ValueError(message)


@task
def refuses() -> None:
    raise Refused("第 3 列沒有日期", "date")


@task(max_attempts=2)
def kills_its_worker() -> None:
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
