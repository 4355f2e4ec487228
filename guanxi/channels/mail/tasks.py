"""Reading and sending mail in the background."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_tasks import task

from guanxi.channels.mail import posting, syncing
from guanxi.channels.mail.models import Mailbox
from guanxi.foundation import tasks
from guanxi.foundation.visibility import SYSTEM, Viewer


@task(label=_("Look for new mail"))
def look() -> int:
    """Queue the reading of each mailbox that is due; how many."""
    boxes = Mailbox.objects.exclude(state=Mailbox.State.PAUSED).filter(owner__is_active=True)
    due = [box for box in boxes if syncing.is_due(box)]
    for box in due:
        enqueue(box)
    return len(due)


def enqueue(box: Mailbox, by: Viewer = SYSTEM) -> None:
    """Have a mailbox read."""
    label = _("Mail of %(address)s") % {"address": box.address}
    tasks.enqueue(sync, box.pk, label=label, key=f"mail:{box.pk}", by=by)


@task(label=_("Read a mailbox"), queue_name="long")
def sync(number: int) -> int:
    """Read what is new in a mailbox; how many messages. Where much is waiting, others have their turn in between."""
    count = syncing.sync(number, tasks.progress)
    if syncing.has_more(number):
        enqueue(Mailbox.objects.get(pk=number))
    return count


@task(label=_("Send mail"))
def send() -> dict[str, int]:
    """Send what waits."""
    return posting.send_waiting()


def is_needed() -> bool:
    """Whether there is any mailbox to look at."""
    return bool(Mailbox.objects.exclude(state=Mailbox.State.PAUSED).exists())
