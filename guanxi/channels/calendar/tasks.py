"""Keeping calendars elsewhere the same, in the background."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_tasks import task

from guanxi.channels.calendar import syncing
from guanxi.channels.calendar.models import Account
from guanxi.foundation import tasks


@task(label=_("Look at calendars elsewhere"))
def look() -> int:
    """Queue the sync of each calendar that is due; how many."""
    due = [one for one in Account.objects.exclude(state=Account.State.PAUSED) if syncing.is_due(one)]
    for one in due:
        tasks.enqueue(sync, one.pk, label=_("Calendar %(name)s") % {"name": one}, key=key_of(one.pk))
    return len(due)


@task(label=_("Bring a calendar together"), queue_name="long")
def sync(number: int) -> int:
    """Bring one calendar elsewhere and the one here together; how many objects came or went."""
    return syncing.sync(number, tasks.progress)


def key_of(number: int) -> str:
    """By which a sync that waits already is known."""
    return f"caldav:{number}"


def is_needed() -> bool:
    """Whether there is any calendar to look at."""
    return bool(Account.objects.exclude(state=Account.State.PAUSED).exists())
