"""The feed of a calendar, read without log-in by whoever has its address; opening and closing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.utils import translation
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from guanxi.channels.calendar import actions, ical, queries
from guanxi.channels.calendar.models import Feed
from guanxi.foundation import visibility
from guanxi.foundation.access.cards import Card
from guanxi.foundation.models import User


@require_safe
def feed(request: HttpRequest, sign: str) -> HttpResponse:
    """Somebody's appointments as iCalendar. What is unchanged is not sent again."""
    found = queries.feed_at(sign)
    if found is None:
        raise Http404
    with visibility.seeing(found.user), translation.override(found.user.language or None):
        rows = queries.shown(found)
        state = quote_etag(f"{len(rows)}-{max((row.changed_at for row in rows), default=found.created_at).timestamp()}")
        if request.headers.get("If-None-Match") == state:
            response: HttpResponse = HttpResponseNotModified()
        else:
            response = HttpResponse(
                ical.calendar(ical.name_of(found.user), rows), content_type="text/calendar; charset=utf-8"
            )
            response.headers["Content-Disposition"] = 'inline; filename="guanxi.ics"'
    actions.note_reading(found)
    for name, value in (("ETag", state), ("Cache-Control", "private, no-cache"), ("X-Robots-Tag", "noindex")):
        response.headers[name] = value
    return response


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Open (`do=open`), renew or close the feed of one's own calendar."""
    asked = request.POST.get("do", "")
    me = User.objects.get(username=request.user.get_username())
    if asked == "open":
        actions.open_feed(me, by=request.user)
        messages.success(request, _("Your calendar can be read by its address now."))
    elif asked == "renew":
        actions.renew_feed(me, by=request.user)
        messages.success(request, _("The old address is worthless now."))
    elif asked == "close":
        actions.close_feed(me, by=request.user)
        messages.success(request, _("Nobody can read your calendar any more."))
    return redirect("account")


def card(request: HttpRequest) -> Card:
    """The card on one's own page."""
    feed: Feed | None = Feed.objects.filter(user=request.user.pk).first()
    address = request.build_absolute_uri(queries.path_of(feed)) if feed else ""
    return Card("calendar/card.html", {"feed": feed, "address": address})
