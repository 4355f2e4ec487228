"""The queue's own housekeeping."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from guanxi.foundation.tasks.models import BackgroundTask, State

KEEP_ROUTINE = timedelta(days=1)
KEEP = timedelta(days=90)


@task(label=_("Clear old background tasks"))
def clear_old() -> int:
    """Forget tasks that ended long ago; those run by schedule sooner, unless they failed. Returns how many."""
    now = timezone.now()
    ended = BackgroundTask.objects.filter(state__in=[State.DONE, State.FAILED, State.CANCELLED])
    routine = ended.filter(routine=True, finished_at__lt=now - KEEP_ROUTINE).exclude(state=State.FAILED)
    old = ended.filter(finished_at__lt=now - KEEP)
    return routine.delete()[0] + old.delete()[0]
