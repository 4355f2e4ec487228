"""The queue's own housekeeping."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from guanxi.foundation.tasks.models import BackgroundTask, State

KEEP = timedelta(days=90)


@task(label=_("Clear old background tasks"))
def clear_old() -> int:
    """Forget tasks that ended long ago. Returns how many."""
    ended = BackgroundTask.objects.filter(state__in=[State.DONE, State.FAILED, State.CANCELLED])
    return ended.filter(finished_at__lt=timezone.now() - KEEP).delete()[0]
