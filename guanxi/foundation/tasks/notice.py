"""Telling people that what they asked for has ended."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.foundation.models import Notification
from guanxi.foundation.tasks.models import BackgroundTask, State

WORTH_TELLING = timedelta(seconds=10)  # whoever waited less still has the page before him


def tell_requester(row: BackgroundTask) -> None:
    """Notify whoever asked for the task, where it failed or took long."""
    user = row.requested_by
    if user is None or row.state not in (State.DONE, State.FAILED):
        return
    if row.state == State.DONE and (row.duration or timedelta(0)) < WORTH_TELLING:
        return
    with translation.override(user.language or settings.LANGUAGE_CODE):
        if row.state == State.DONE:
            level, title = Notification.Level.SUCCESS, _("Done: %(label)s")
        else:
            level, title = Notification.Level.ERROR, _("Failed: %(label)s")
        Notification.objects.create(user=user, level=level, title=(title % {"label": row.label})[:200], body=row.error)
