"""Reminding, by the clock."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import clock
from guanxi.foundation.tasks import task
from guanxi.foundation.todos import actions
from guanxi.foundation.todos.models import Todo

AT_ONCE = 1000


@task(label=_("Reminders of tasks"))
def remind_due() -> int:
    """Remind of all tasks whose reminder is due, each colleague the way he wishes; returns how many."""
    waiting = Todo.objects.open().filter(reminded_at__isnull=True, remind_at__lte=clock.now())
    reminded = 0
    for number in list(waiting.order_by("remind_at").values_list("pk", flat=True)[:AT_ONCE]):
        reminded += actions.remind(number)
    return reminded
