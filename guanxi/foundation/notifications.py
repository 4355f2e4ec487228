"""Messages of the system to one user, behind the bell.

They are not business data: writing and reading them leaves no trace in the audit log.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from guanxi.foundation.actions import action
from guanxi.foundation.models import Notification, User
from guanxi.foundation.visibility import Viewer

SHOWN = 30
COUNTED = 100


def notify(user: User, title: str, body: str = "", url: str = "", level: str = "info") -> Notification:
    """Tell `user` something; `url` is the page it leads to, `level` one of info, success, warning, error."""
    return Notification.objects.create(
        user=user, title=title[:200], body=body, url=url[:300], level=Notification.Level(level)
    )


def latest(viewer: Viewer) -> QuerySet[Notification]:
    """The newest notifications of `viewer` himself."""
    return Notification.objects.visible_to(viewer).filter(user_id=viewer.pk).order_by("-id")[:SHOWN]


def unread(viewer: Viewer) -> int:
    """How many are unread, counted up to a hundred."""
    return Notification.objects.filter(user_id=viewer.pk, read_at=None)[:COUNTED].count()


@action
def mark_read(user: User, *, by: Viewer, only: int | None = None) -> int:
    """Mark all of the user's notifications, or the one numbered `only`, as read; returns how many were not yet."""
    mine = Notification.objects.filter(user=user, read_at=None)
    if only is not None:
        mine = mine.filter(pk=only)
    return mine.update(read_at=timezone.now())
