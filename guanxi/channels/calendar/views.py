"""The feed of a calendar, read without log-in by whoever has its address; opening and closing it; the buttons of
invitations and of what other calendars said."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect
from django.utils import translation
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import actions, ical, queries
from guanxi.channels.calendar.models import Feed, Notice
from guanxi.channels.mail import tasks as mail
from guanxi.foundation import tasks as background
from guanxi.foundation import visibility
from guanxi.foundation.access.cards import Card
from guanxi.foundation.actions import Refused
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


@require_POST
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite by mail all who take part in a meeting."""
    get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)
    try:
        guests = actions.invite(pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        background.enqueue(mail.send, by=request.user, key="mail:send")
        left = sum(bool(one.not_told) for one in guests)
        if left:
            messages.warning(request, _("Not everybody could be invited; see why below."))
        else:
            messages.success(request, _("The invitations are on their way."))
    return redirect("desk:record", "activities", pk)


@require_POST
def respond(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer an invitation (`answer`, `comment`)."""
    row = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)
    if not row.participants.filter(user=request.user.pk).exists():
        return HttpResponse(_("You are not invited to this."), status=422)
    said = (request.POST.get("answer", ""), request.POST.get("comment", ""))
    return written(request, pk, lambda: actions.respond(pk, *said, by=request.user), _("Your answer is noted."))


def written(request: HttpRequest, pk: int, work: Callable[[], object], words: str) -> HttpResponse:
    """Do what mails go out for, which are sent at once, and say so in `words`, or why not; back to the meeting."""
    try:
        work()
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        background.enqueue(mail.send, by=request.user, key="mail:send")
        messages.success(request, words)
    return redirect("desk:record", "activities", pk)


@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what a notice says (`do=take`), or set it aside (`do=dismiss`)."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    try:
        if request.POST.get("do") == "take":
            actions.take_over(pk, by=request.user)
        elif request.POST.get("do") == "dismiss":
            actions.dismiss(pk, by=request.user)
    except (Refused, Activity.DoesNotExist) as refusal:
        messages.error(request, str(refusal))
    if notice.activity_id and queries.meeting_of(notice, request.user) is not None:
        return redirect("desk:record", "activities", notice.activity_id)
    return redirect("desk:record", "messages", notice.message_id)
