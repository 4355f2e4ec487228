"""What runs by the clock: declarations for the door "schedule", and the scheduler that queues what is due.

    hooks.register("schedule", tasks.Every(refresh, minutes=1))
    hooks.register("schedule", tasks.Daily(send_reports, at="06:00"))

Every worker schedules; the row of a schedule is moved on by a conditional UPDATE, so that one of them queues the task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tasks.base import Task

from guanxi.foundation import clock, hooks


@dataclass(frozen=True)
class Every:
    """Run `task` at a fixed interval, for the first time at once; with `when`, only where that says it is needed."""

    task: Task[Any, Any]
    minutes: float = 0
    seconds: float = 0
    args: tuple[Any, ...] = ()
    when: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        if self.interval <= timedelta(0):
            raise ValueError("Every() needs minutes or seconds.")

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.minutes, seconds=self.seconds)

    def first(self, now: datetime) -> datetime:
        return now

    def after(self, moment: datetime) -> datetime:
        return moment + self.interval


@dataclass(frozen=True)
class Daily:
    """Run `task` each day at a time of day, "06:00", in the business's time zone."""

    task: Task[Any, Any]
    at: str = "06:00"
    args: tuple[Any, ...] = ()
    time: time = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", time.fromisoformat(self.at))

    def first(self, now: datetime) -> datetime:
        return self.after(now)

    def after(self, moment: datetime) -> datetime:
        """The first moment later than `moment` on which it is due."""
        day = moment.astimezone(clock.zone()).date()
        while True:
            due = datetime.combine(day, self.time, clock.zone()).astimezone(UTC)
            if due > moment and self.falls_on(day):
                return due
            day += timedelta(days=1)

    def falls_on(self, day: Any) -> bool:
        return True


@dataclass(frozen=True)
class Weekly(Daily):
    """Run `task` each week on `weekday` (0 is Monday)."""

    weekday: int = 0

    def falls_on(self, day: Any) -> bool:
        return bool(day.weekday() == self.weekday)


@dataclass(frozen=True)
class Monthly(Daily):
    """Run `task` each month on `day` (1 to 28)."""

    day: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.day <= 28:
            raise ValueError("Monthly() needs a day from 1 to 28, which every month has.")

    def falls_on(self, day: Any) -> bool:
        return bool(day.day == self.day)


def name_of(entry: Every | Daily) -> str:
    """The name of the schedule's row: its task and arguments."""
    return f"{entry.task.module_path}{list(entry.args) if entry.args else ''}"[:250]


def tick(now: datetime | None = None) -> int:
    """Queue all that is due at `now` (default: this moment, never the frozen day); the number of tasks queued."""
    from guanxi.foundation.tasks.models import Schedule

    now = now or timezone.now()
    rows = {row.name: row.next_run for row in Schedule.objects.all()}
    queued = 0
    for entry in hooks.get("schedule"):
        name = name_of(entry)
        if name not in rows:
            rows[name] = entry.first(now)
            Schedule.objects.bulk_create([Schedule(name=name, next_run=rows[name])], ignore_conflicts=True)
        if rows[name] <= now:
            queued += _queue_due(entry, rows[name], now) if _is_needed(entry) else 0
        elif rows[name] > entry.after(now):  # the declaration now says earlier
            Schedule.objects.filter(name=name, next_run=rows[name]).update(next_run=entry.after(now))
    return queued


def _is_needed(entry: Every | Daily) -> bool:
    return not isinstance(entry, Every) or entry.when is None or entry.when()


def _queue_due(entry: Every | Daily, due: datetime, now: datetime) -> int:
    """Move the schedule on and queue its task, unless another scheduler was first."""
    from guanxi.foundation.tasks import queue
    from guanxi.foundation.tasks.models import Schedule

    name = name_of(entry)
    with transaction.atomic():
        moved = Schedule.objects.filter(name=name, next_run=due).update(next_run=entry.after(now))
        if moved:
            queue.add(entry.task, entry.args, {}, unique_key=f"schedule:{name}"[:200], routine=True)
    return moved
