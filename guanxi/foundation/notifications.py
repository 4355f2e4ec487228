"""Telling, and what was told.

Notifications are not business data: writing and reading them leaves no trace in the audit log.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from guanxi.foundation.actions import action
from guanxi.foundation.counting import counted
from guanxi.foundation.models import Notification, User
from guanxi.foundation.notices import kinds, wishes
from guanxi.foundation.notices.kinds import Kind
from guanxi.foundation.notices.models import Letter
from guanxi.foundation.visibility import Viewer

SHOWN = 30
COUNTED = 100  # how far the numbers of the frame are counted: that of the bell, those of the side bar
LOOKED_AT = 200
AT_ONCE = 5  # toasts that one look at the bell may raise


def notify(
    user: User, title: str, body: str = "", url: str = "", level: str = "info", kind: Kind = kinds.OTHER
) -> Notification | None:
    """Tell `user` something, the way he wishes for this kind; None where he wishes not to hear of it.

    `url` is the page it leads to, `level` one of info, success, warning, error.
    """
    channel = wishes.channel_of(user, kind.name)
    if channel == kinds.NONE:
        return None
    told = Notification.objects.create(
        user=user, title=title[:200], body=body, url=url[:300], level=Notification.Level(level), kind=kind.name
    )
    if channel in (kinds.MAIL, kinds.DIGEST) and user.email:
        now = timezone.now()
        digest = channel == kinds.DIGEST
        due = wishes.next_digest(now) if digest else wishes.quiet_until(user, now) or now
        Letter.objects.create(notification=told, user=user, due_at=due, digest=digest)
    return told


def latest(viewer: Viewer) -> QuerySet[Notification]:
    """The newest notifications of `viewer` himself."""
    return of(viewer).order_by("-id")[:SHOWN]


def of(viewer: Viewer) -> QuerySet[Notification]:
    """All notifications of `viewer` himself."""
    return Notification.objects.visible_to(viewer).filter(user_id=viewer.pk)


def unread(viewer: Viewer) -> int:
    """How many are unread, counted up to a hundred."""
    return counted([unread_rows(viewer)], COUNTED)[0]


def unread_rows(viewer: Viewer) -> QuerySet[Notification]:
    """Those of `viewer` himself that he has not read."""
    return Notification.objects.filter(user_id=viewer.pk, read_at=None)


def unread_of_kind(viewer: Viewer, kind: Kind, *, limit: int) -> list[Notification]:
    """The newest unread ones of a kind, among the last `LOOKED_AT` of all."""
    last = of(viewer).order_by("-id").values("pk")[:LOOKED_AT]
    return list(of(viewer).filter(pk__in=last, kind=kind.name, read_at=None).order_by("-id")[:limit])


def newer(viewer: User, than: int) -> list[Notification]:
    """The last few that came after the one numbered `than` and were not read; none in quiet hours."""
    rows = Notification.objects.filter(user_id=viewer.pk, pk__gt=than, read_at=None)
    found = list(rows.order_by("-id")[:AT_ONCE])[::-1]
    return [] if found and wishes.quiet_until(viewer, timezone.now()) else found


def news(viewer: Viewer, after: int | None, seen: int) -> dict[str, Any] | None:
    """What came `after` a notification and how many are unread, where a page shows `seen`; None where nothing came.

    Without `after` it is the first look of a page: from where on things are new.
    """
    waiting = Notification.objects.filter(user_id=viewer.pk, read_at=None).order_by("-id").values_list("id", flat=True)
    numbers = list(waiting[:COUNTED])
    newest, count = max(numbers, default=0), len(numbers)
    if after is None:
        ever = of(viewer).order_by("-id").values_list("id", flat=True).first()
        return {"last": ever or 0, "unread": count, "told": []}
    if newest <= after and count == seen:
        return None
    told = newer(User.objects.get(pk=viewer.pk), after) if newest > after else []
    shown = [{"text": one.title, "level": one.level} for one in told]
    return {"last": max(newest, after), "unread": count, "told": shown}


@action
def mark_read(user: User, *, by: Viewer, only: int | None = None) -> int:
    """Mark all of the user's notifications, or the one numbered `only`, as read; returns how many were not yet."""
    mine = Notification.objects.filter(user=user, read_at=None)
    if only is not None:
        mine = mine.filter(pk=only)
    return mine.update(read_at=timezone.now())


@action
def mark_unread(user: User, only: int, *, by: Viewer) -> int:
    """Mark one of the user's notifications as not read yet."""
    return Notification.objects.filter(user=user, pk=only).update(read_at=None)


def remove_letters(numbers: list[int]) -> int:
    """Forget mails that were sent, or that nobody needs any more."""
    return Letter.objects.filter(pk__in=numbers).delete()[0]
