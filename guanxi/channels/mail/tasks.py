"""Reading and sending mail in the background."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_tasks import task

from guanxi.channels.mail import posting, syncing
from guanxi.channels.mail.models import Mailbox
from guanxi.foundation import tasks


@task(label=_("Look for new mail"))
def look() -> int:
    """Queue the reading of each mailbox that is due; how many."""
    due = [box for box in Mailbox.objects.exclude(state=Mailbox.State.PAUSED) if syncing.is_due(box)]
    for box in due:
        tasks.enqueue(sync, box.pk, label=_("Mail of %(address)s") % {"address": box.address}, key=f"mail:{box.pk}")
    return len(due)


@task(label=_("Read a mailbox"), queue_name="long")
def sync(number: int) -> int:
    """Read what is new in a mailbox; how many messages."""
    return syncing.sync(number, tasks.progress)


@task(label=_("Send mail"))
def send() -> dict[str, int]:
    """Send what waits."""
    return posting.send_waiting()


def is_needed() -> bool:
    """Whether there is any mailbox to look at."""
    return bool(Mailbox.objects.exclude(state=Mailbox.State.PAUSED).exists())
