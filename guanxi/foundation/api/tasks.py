"""Background tasks for programs: how far one is, ending it, trying it again. Their list is `/records/tasks`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from guanxi.foundation.api.types import Moment, Number
from guanxi.foundation.tasks.actions import cancel_task, retry_task
from guanxi.foundation.tasks.models import BackgroundTask

router = Router(tags=["Background tasks"])


class BackgroundTaskOut(Schema):
    """A piece of background work and how far it is."""

    id: int
    label: str
    state: str = Field(description="`waiting`, `running`, `done`, `failed` or `cancelled`.")
    cancel_requested: bool = Field(description="It ends at its next step.")
    done: int = Field(alias="progress_done")
    total: int | None = Field(alias="progress_total", description="Null where it is not known.")
    doing: str = Field(alias="progress_message")
    attempts: int
    requested_by: int | None = Field(alias="requested_by_id")
    enqueued_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    error: str
    result: Any = None


@router.get("/{number}", response=BackgroundTaskOut, summary="Get a task", operation_id="get_background_task")
def get_task(request: HttpRequest, number: Number) -> BackgroundTask:
    """How far it is, and what came of it."""
    return _task(request, number)


@router.post(
    "/{number}/cancel", response=BackgroundTaskOut, summary="Cancel a task", operation_id="cancel_background_task"
)
def cancel(request: HttpRequest, number: Number) -> BackgroundTask:
    """One that waits at once, one that runs at its next step. 422 where it has ended."""
    return cancel_task(_task(request, number), by=request.user)


@router.post(
    "/{number}/retry", response=BackgroundTaskOut, summary="Try a task again", operation_id="retry_background_task"
)
def retry(request: HttpRequest, number: Number) -> BackgroundTask:
    """One that failed or was cancelled, with all its attempts anew."""
    return retry_task(_task(request, number), by=request.user)


def _task(request: HttpRequest, number: int) -> BackgroundTask:
    return BackgroundTask.objects.visible_to(request.user).get(pk=number)
