"""Telling in the background, and forgetting old deliveries."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from guanxi.ledger.webhooks import outbox, queue, sending

KEPT = timedelta(days=30)


@task(label=_("Send webhooks"))
def send() -> dict[str, int]:
    """Send what is due."""
    return sending.run()


@task(label=_("Forget old deliveries of webhooks"))
def forget() -> int:
    """Forget what ended long ago, with its log. Returns how many deliveries."""
    return queue.forget(timezone.now() - KEPT)


def is_needed() -> bool:
    """Whether anything waits to be told."""
    return bool(queue.with_work()) or outbox.unread()
