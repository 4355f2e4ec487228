"""Reading tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet

from guanxi.foundation.models import User
from guanxi.foundation.todos.models import Todo, TodoQuerySet
from guanxi.foundation.visibility import Viewer, is_staff, may

SHOWN = 30
MOST_COLLEAGUES = 200


def of(record: Any) -> tuple[list[Todo], list[Todo]]:
    """The open tasks on `record`, the most urgent first, and the last that were done."""
    rows = Todo.objects.of(record).select_related("assignee", "done_by")
    open_ = list(urgent_first(rows.filter(done_at__isnull=True))[:SHOWN])
    done = list(rows.filter(done_at__isnull=False).order_by("-done_at")[:3])
    return open_, done


def next_action(record: Any) -> Todo | None:
    """What is to be done next on `record`; of records that became one, the record's own first."""
    rows = Todo.objects.of(record).filter(done_at__isnull=True, is_next=True).select_related("assignee")
    return rows.order_by(F("origin").asc(nulls_first=True), "id").first()


def next_actions(rows: Sequence[Any], *, whose: bool = True) -> dict[int, Todo]:
    """The next actions of records of one type, by number of the record: one query; with those who are to do them, or
    not."""
    if not rows:
        return {}
    label = rows[0]._meta.label_lower
    found = Todo.objects.filter(object_type=label, object_id__in=[row.pk for row in rows], is_next=True).open()
    found = found.select_related("assignee") if whose else found.defer("custom", "computed")
    ordered = found.order_by(F("origin").desc(nulls_last=True), "-id")
    return {int(todo.object_id or 0): todo for todo in ordered}


def urgent_first(rows: QuerySet[Todo]) -> QuerySet[Todo]:
    """By day and time, those without a day last, then by priority."""
    return rows.order_by(F("due_on").asc(nulls_last=True), F("due_time").asc(nulls_last=True), "priority", "id")


def own_open(viewer: Viewer) -> TodoQuerySet:
    """The viewer's own open tasks, for long lists of which few are shown: also those on records that he may not see.

    Whoever shows them leaves these out, with `belonging.places`.
    """
    if not may(viewer, "view", Todo):
        return Todo.objects.none()
    return Todo.objects.filter(assignee=viewer.pk).open().defer("custom", "computed")


def in_order(numbers: Sequence[int]) -> list[Todo]:
    """Tasks that were chosen already, in the order of their numbers."""
    found = Todo.objects.defer("custom", "computed").in_bulk(numbers)
    return [found[number] for number in numbers if number in found]


def colleagues(viewer: Viewer) -> list[User]:
    """For whom a task may be."""
    if not is_staff(viewer):
        return []
    return list(User.objects.filter(is_active=True, is_staff=True).order_by("username")[:MOST_COLLEAGUES])
