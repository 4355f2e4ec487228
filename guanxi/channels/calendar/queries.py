"""What a feed shows, and its address."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.urls import reverse

from guanxi.channels.activities import queries
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar.models import Feed
from guanxi.foundation import clock
from guanxi.foundation.visibility import is_staff

SALT = "guanxi.calendar.feed"
BEFORE, AFTER = timedelta(days=90), timedelta(days=400)
MOST = 2_000


def path_of(feed: Feed) -> str:
    """The path of a feed's address."""
    sign = signing.Signer(salt=SALT).sign(f"{feed.user_id}.{feed.edition}")
    return reverse("calendar:feed", args=[sign])


def feed_at(sign: str) -> Feed | None:
    """The feed that an address names; None where it is forged, old, or its owner does not work here any more."""
    try:
        user, _dot, edition = signing.Signer(salt=SALT).unsign(sign).partition(".")
    except signing.BadSignature:
        return None
    feed: Feed | None = Feed.objects.filter(user=int(user), edition=int(edition)).select_related("user").first()
    return feed if feed is not None and is_staff(feed.user) else None


def shown(feed: Feed) -> list[Activity]:
    """What stands in the feed: the owner's appointments, as far as he may see them."""
    now = clock.now()
    return queries.of_owner(feed.user, now - BEFORE, now + AFTER, limit=MOST)
