"""Reminding, by the clock."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import clock, tasks
from guanxi.foundation.tasks import task
from guanxi.foundation.todos import actions
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import SYSTEM

AT_ONCE = 1000


@task(label=_("Reminders of tasks"))
def remind_due() -> int:
    """Remind of all tasks whose reminder is due: a notification, and a mail as a task of its own; returns how many."""
    waiting = Todo.objects.open().filter(reminded_at__isnull=True, remind_at__lte=clock.now())
    reminded = 0
    for number in list(waiting.order_by("remind_at").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            if actions.remind(number):
                tasks.enqueue(mail_reminder, number, key=f"todo:{number}")
                reminded += 1
    return reminded


@task(label=_("Reminder by mail"), max_attempts=8)
def mail_reminder(number: int) -> bool:
    """Mail one reminder to the colleague."""
    return actions.mail(number, by=SYSTEM)
