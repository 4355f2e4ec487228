"""What a feed shows, and its address; what other calendars said of a meeting; how a calendar elsewhere stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.urls import reverse

from guanxi.channels.activities import queries
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import reading
from guanxi.channels.calendar.models import Account, Clash, Entry, Feed, Notice
from guanxi.channels.mail.models import Message
from guanxi.foundation import clock
from guanxi.foundation.visibility import Viewer, is_staff

SALT = "guanxi.calendar.feed"
BEFORE, AFTER = timedelta(days=90), timedelta(days=400)
MOST = 2_000
SHOWN = 20


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
    return queries.of_owner(feed.user, now - BEFORE, now + AFTER, limit=MOST, expanded=False)


def notices(activity: Activity, viewer: Viewer) -> list[Notice]:
    """What other calendars said of a meeting, as far as the viewer may see the mails; the newest first."""
    rows = Notice.objects.visible_to(viewer).filter(activity=activity).select_related("message")
    return list(rows.order_by("-id")[:SHOWN])


def notice_of(message: Message, viewer: Viewer) -> Notice | None:
    """What the calendar in a mail said."""
    found: Notice | None = Notice.objects.visible_to(viewer).filter(message=message).first()
    return found


def meeting_of(notice: Notice, viewer: Viewer) -> Activity | None:
    """The meeting that a notice is about, where the viewer may see it."""
    return queries.activities(viewer).filter(pk=notice.activity_id).first() if notice.activity_id else None


@dataclass(frozen=True)
class Sides:
    """A clash, with what stood here and what stands there."""

    clash: Clash
    ours: reading.Said
    theirs: reading.Said


def clashes(account: Account) -> list[Sides]:
    """What was changed on both sides and is not settled yet."""
    rows = account.clashes.filter(settled=False).select_related("activity").order_by("-id")[:SHOWN]
    return [Sides(row, *(reading.read(text).meetings[0] for text in (row.ours, row.theirs))) for row in rows]


def health(account: Account) -> dict[str, Any]:
    """How a calendar elsewhere stands: what is the same, what was left out and why, clashes."""
    state = Entry.State
    entries = account.entries
    return {
        "account": account,
        "kept": entries.filter(state=state.KEPT).count(),
        "past": entries.filter(state=state.PAST).count(),
        "left_out": list(entries.filter(state=state.LEFT_OUT).order_by("-id")[:SHOWN]),
        "left_out_count": entries.filter(state=state.LEFT_OUT).count(),
        "clashes": clashes(account),
    }
