"""Reading tasks."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet

from guanxi.foundation.models import User
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer, is_staff

SHOWN = 30
MOST_COLLEAGUES = 200


def of(record: Any) -> tuple[list[Todo], list[Todo]]:
    """The open tasks on `record`, the most urgent first, and the last that were done."""
    rows = Todo.objects.of(record).select_related("assignee", "done_by")
    open_ = list(urgent_first(rows.filter(done_at__isnull=True))[:SHOWN])
    done = list(rows.filter(done_at__isnull=False).order_by("-done_at")[:3])
    return open_, done


def urgent_first(rows: QuerySet[Todo]) -> QuerySet[Todo]:
    """By day and time, those without a day last, then by priority."""
    return rows.order_by(F("due_on").asc(nulls_last=True), F("due_time").asc(nulls_last=True), "priority", "id")


def overdue(viewer: Viewer, *, limit: int) -> list[Todo]:
    """The viewer's own tasks that should be done by now, the oldest first."""
    return list(urgent_first(Todo.objects.visible_to(viewer).overdue().filter(assignee=viewer.pk))[:limit])


def colleagues(viewer: Viewer) -> list[User]:
    """For whom a task may be."""
    if not is_staff(viewer):
        return []
    return list(User.objects.filter(is_active=True, is_staff=True).order_by("username")[:MOST_COLLEAGUES])
