"""Django's task interface over our queue (docs/decisions/0003-task-queue.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist

if TYPE_CHECKING:
    from guanxi.foundation.tasks.models import BackgroundTask


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedTask(Task[Any, Any]):
    """A task with what people see of it and how often it is tried."""

    label: Any = ""
    max_attempts: int = 4


class QueueBackend(BaseTaskBackend):
    """Keeps tasks in `BackgroundTask`; `guanxi worker` runs them."""

    task_class = QueuedTask
    supports_defer = True
    supports_get_result = True
    supports_priority = True

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        from guanxi.foundation.tasks import queue

        self.validate_task(task)
        return self._result_of(queue.add(task, args, kwargs))

    def get_result(self, result_id: str) -> TaskResult[Any]:
        """The state of a task by its number; raises TaskResultDoesNotExist."""
        from guanxi.foundation.tasks.models import BackgroundTask

        try:
            return self._result_of(BackgroundTask.objects.get(pk=int(result_id)))
        except (BackgroundTask.DoesNotExist, ValueError) as error:
            raise TaskResultDoesNotExist(result_id) from error

    def _result_of(self, row: BackgroundTask) -> TaskResult[Any]:
        result: TaskResult[Any] = TaskResult(
            task=row.declared,
            id=str(row.pk),
            status=_STATUS[row.state],
            enqueued_at=row.enqueued_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            last_attempted_at=row.started_at,
            args=row.args,
            kwargs=row.kwargs,
            backend=self.alias,
            errors=[TaskError(exception_class_path="builtins.Exception", traceback=row.traceback)] if row.error else [],
            worker_ids=[row.worker] * row.attempts,
        )
        object.__setattr__(result, "_return_value", row.result)
        return result


_STATUS = {
    "waiting": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "done": TaskResultStatus.SUCCESSFUL,
    "failed": TaskResultStatus.FAILED,
    "cancelled": TaskResultStatus.FAILED,
}
