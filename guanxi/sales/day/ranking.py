"""In which order next actions come: by value and by urgency, each from 0 to 1, in equal parts.

Urgency is 1 for what is overdue (a little more the longer it is), 0.9 for today, falls from 0.7 to 0.3 over the week
ahead, and is 0.1 beyond; without a day it is 0.4. What does not wait by itself (a deal that is to close, or stands for
too long) is more urgent by 0.15, a task of high priority by 0.3, one of low priority less by 0.2.

Value is where the amount stands among the others: 1 for the largest, so that no currency and no single large deal has
all the say. What has no amount has 0.25.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from guanxi.foundation.todos.models import Todo
from guanxi.sales.day.lines import NOTHING, Worth

WEEK = 7
NO_DAY, BEYOND, TODAY, NO_AMOUNT = 0.4, 0.1, 0.9, 0.25


class Candidate(NamedTuple):
    """What the place of a task depends on: of hundreds no more than this is read, of the few that are shown all."""

    pk: int
    due_on: date | None
    priority: int
    object_type: str
    object_id: int | None


AnyTodo = TypeVar("AnyTodo", Candidate, Todo)


def urgency(todo: Candidate | Todo, worth: Worth, today: date) -> float:
    """How little it waits."""
    if todo.due_on is None:
        found = NO_DAY
    else:
        days = (todo.due_on - today).days
        if days < 0:
            found = 1 + min(-days, 10) / 50
        elif days == 0:
            found = TODAY
        else:
            found = 0.7 - 0.4 * (days - 1) / (WEEK - 1) if days <= WEEK else BEYOND
    found += 0.15 if worth.pressing else 0
    return found + {Todo.Priority.HIGH: 0.3, Todo.Priority.LOW: -0.2}.get(Todo.Priority(todo.priority), 0)


def ranked(rows: Sequence[AnyTodo], worths: Mapping[int, Worth], today: date) -> list[AnyTodo]:
    """The tasks, what is to be done first standing first; `worths` by the number of the task."""
    amounts = sorted(worth.amount for worth in worths.values() if worth.amount is not None)

    def value(worth: Worth) -> float:
        return NO_AMOUNT if worth.amount is None else bisect_right(amounts, worth.amount) / len(amounts)

    def score(todo: AnyTodo) -> float:
        worth = worths.get(todo.pk, NOTHING)
        return urgency(todo, worth, today) + value(worth)

    return sorted(rows, key=lambda todo: (-score(todo), todo.due_on or date.max, todo.pk))
