"""The parts of the tasks' screen that renew themselves, and their buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import desk
from guanxi.foundation.tasks.actions import cancel_task, retry_task
from guanxi.foundation.tasks.models import BackgroundTask


@require_GET
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """State and progress, as in the list."""
    return HttpResponse(desk.state(_task(request, pk)))


@require_GET
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """State, progress and buttons, as on the task's page."""
    row = _task(request, pk)
    response = _panel(request, row)
    if not row.is_open:
        response["HX-Refresh"] = "true"  # it has ended: the facts beside the panel have changed too
    return response


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel the task."""
    return _do(cancel_task, request, pk)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try the task again."""
    return _do(retry_task, request, pk)


def _do(action: Callable[..., Any], request: HttpRequest, pk: int) -> HttpResponse:
    row = _task(request, pk)
    try:
        action(row, by=request.user)
    except Refused as refused:
        return _panel(request, _task(request, pk), refusal=refused.message)
    response = _panel(request, _task(request, pk))
    response["HX-Refresh"] = "true"
    return response


def _task(request: HttpRequest, pk: int) -> BackgroundTask:
    visible = BackgroundTask.objects.visible_to(request.user).select_related("requested_by")
    return get_object_or_404(visible, pk=pk)


def _panel(request: HttpRequest, row: BackgroundTask, **context: Any) -> HttpResponse:
    return render(request, "tasks/panel.html", {**desk.progress_context(row, request.user), **context})
