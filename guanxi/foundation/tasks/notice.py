"""Telling people that what they asked for has ended."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.notices.kinds import DONE, FAILED
from guanxi.foundation.notifications import notify
from guanxi.foundation.tasks.models import BackgroundTask, State

WORTH_TELLING = timedelta(seconds=10)  # whoever waited less still has the page before him


def tell_requester(row: BackgroundTask) -> None:
    """Notify whoever asked for the task, where it failed or took long."""
    user = row.requested_by
    if user is None or row.state not in (State.DONE, State.FAILED):
        return
    if row.state == State.DONE and (row.duration or timedelta(0)) < WORTH_TELLING:
        return
    title = _("Done: %(label)s") if row.state == State.DONE else _("Failed: %(label)s")
    level = "success" if row.state == State.DONE else "error"
    with translation.override(user.language or settings.LANGUAGE_CODE):
        kind = DONE if row.state == State.DONE else FAILED
        notify(user, str(title) % {"label": row.label}, row.error, f"/tasks/{row.pk}/", level, kind)
