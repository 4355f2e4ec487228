"""Sending what waits."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.letters import actions
from guanxi.foundation.notices.models import Letter
from guanxi.foundation.tasks import task
from guanxi.foundation.visibility import SYSTEM

AT_ONCE = 500  # people whom one run sets to work for


@task(label=_("Mails of notifications"))
def send_waiting() -> int:
    """Queue a task for each person who has mails due; returns how many."""
    due = Letter.objects.filter(due_at__lte=timezone.now()).values_list("user_id", flat=True).distinct()
    people = list(due.order_by("user_id")[:AT_ONCE])
    for number in people:
        tasks.enqueue(send_to, number, key=f"letters:{number}")
    return len(people)


@task(label=_("Notifications by mail"), max_attempts=8)
def send_to(user_id: int) -> int:
    """Mail what is due to one person: each by itself, and the digest as one."""
    return actions.send(user_id, by=SYSTEM)
