"""Opening, renewing and closing the address of one's own calendar."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from guanxi.channels.calendar.models import Feed
from guanxi.foundation.actions import action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer

NOTED_EVERY = timedelta(minutes=10)


@action
def open_feed(user: User, *, by: Viewer) -> Feed:
    """Let the calendar of `user` be read by whoever has its address; one that is open stays as it is."""
    known: Feed | None = Feed.objects.filter(user=user).first()
    return known or create(Feed, user=user)


@action
def renew_feed(user: User, *, by: Viewer) -> Feed:
    """Make the old address, if there is one, worthless and a new one valid."""
    feed: Feed | None = Feed.objects.select_for_update().filter(user=user).first()
    return create(Feed, user=user) if feed is None else change(feed, edition=feed.edition + 1)


@action
def close_feed(user: User, *, by: Viewer) -> None:
    """Let nobody read the calendar any more."""
    for feed in Feed.objects.filter(user=user):
        delete(feed)


def note_reading(feed: Feed) -> None:
    """Remember that the feed was read; calendars ask often, so not each time."""
    now = timezone.now()
    if feed.last_read_at is None or feed.last_read_at < now - NOTED_EVERY:
        Feed.objects.filter(pk=feed.pk).update(last_read_at=now)
