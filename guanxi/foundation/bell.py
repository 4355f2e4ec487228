"""The pages of notifications: what is new, all of them, marking, and how one wants to be told."""

from __future__ import annotations

from datetime import time
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.foundation import notifications
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification, User
from guanxi.foundation.notices import kinds, wishes
from guanxi.foundation.notices.models import QuietHours

PAGE = 50


def _me(request: HttpRequest) -> User:
    return User.objects.get(pk=cast(User, request.user).pk)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """What the bell of a page asks that has nothing else to ask (desk/live.js); no content where nothing came."""
    after = _number(request.GET["after"]) if request.GET.get("after") else None
    found = notifications.news(request.user, after, _number(request.GET.get("unread")))
    return HttpResponse(status=204) if found is None else JsonResponse(found)


@require_GET
def everything(request: HttpRequest) -> HttpResponse:
    """All notifications, the newest first, a page at a time."""
    rows = notifications.of(request.user).order_by("-id")
    before, unread = _number(request.GET.get("before")), "unread" in request.GET
    if before:
        rows = rows.filter(pk__lt=before)
    if unread:
        rows = rows.filter(read_at=None)
    shown = list(rows[: PAGE + 1])
    more = shown[PAGE - 1].pk if len(shown) > PAGE else None
    labels = {name: kind.label for name, kind in kinds.all().items()}
    lines = [(one, labels.get(one.kind, "") if one.kind else "") for one in shown[:PAGE]]
    return render(request, "foundation/notifications.html", {"lines": lines, "more": more, "unread": unread})


@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read, or as unread."""
    one = get_object_or_404(Notification, pk=pk, user=_me(request))
    if request.POST.get("as") == "unread":
        notifications.mark_unread(_me(request), one.pk, by=request.user)
    else:
        notifications.mark_read(_me(request), by=request.user, only=one.pk)
    return redirect(f"{request.path.rsplit('/', 3)[0]}/all/?{request.POST.get('back', '')}".rstrip("?"))


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """How each kind of notification comes, and the quiet hours."""
    me, status, error = _me(request), 200, ""
    if request.method == "POST":
        try:
            for name in kinds.all():
                if f"kind-{name}" in request.POST:
                    wishes.choose(name, request.POST[f"kind-{name}"], by=me)
            wishes.keep_quiet(_time(request.POST.get("start", "")), _time(request.POST.get("end", "")), by=me)
        except Refused as refusal:
            status, error = 422, refusal.message
        else:
            messages.success(request, _("Saved."))
            return redirect("notification_preferences")
    chosen = wishes.channels(me)
    context = {
        "lines": [(kind, chosen[name]) for name, kind in kinds.all().items()],
        "channels": list(kinds.CHANNEL_LABELS.items()),
        "quiet": QuietHours.objects.filter(user=me).first(),
        "digest_at": wishes.DIGEST_AT,
        "mail": me.email,
        "error": error,
    }
    return render(request, "foundation/notification_preferences.html", context, status=status)


def _time(text: str) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise Refused(_("Write the hours as 22:00."), "start") from error
