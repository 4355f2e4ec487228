"""The star, the small menu of favourites and records seen last, the keys."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation import keys, shell, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Desk
from guanxi.foundation.habits import actions, queries

SESSION = "shortcuts"


def tool(request: HttpRequest, desk: Desk, row: Any) -> SafeString:
    """The star of a record's page; that it is seen is noted on the way, at most once a minute."""
    if getattr(request.user, "pk", None) is None:
        return SafeString()
    found = queries.habits(row, request.user)
    if not found.seen_lately:
        actions.note_seen(row, by=request.user)
    if found.many_seen:
        actions.forget_older(by=request.user)
    return _star(request, desk, row, found.starred)


def _star(request: HttpRequest, desk: Desk, row: Any, on: bool, refusal: str = "") -> SafeString:
    context = {"desk": desk, "record": row, "starred": on, "refusal": refusal}
    return render_to_string("habits/star.html", context, request)


@require_POST
def star(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Star the record, or take the star away."""
    visibility.require(request.user, "view", desk.model)
    row = desk.rows(request.user).filter(pk=pk).first()
    if row is None:
        raise Http404(pk)
    try:
        on, refusal = actions.star(row, request.POST.get("on") == "1", by=request.user), ""
    except Refused as refused:
        on, refusal = False, refused.message
    if request.headers.get("HX-Request"):
        return HttpResponse(_star(request, desk, row, on, refusal))
    if refusal:
        messages.error(request, refusal)
    return redirect(desk.url(row))


@require_GET
def menu(request: HttpRequest) -> HttpResponse:
    """What the small menu opens."""
    context = {"favourites": queries.favourites(request.user), "seen": queries.seen(request.user)}
    return render(request, "habits/menu.html", context)


@require_GET
def lines(request: HttpRequest) -> JsonResponse:
    """The same for the palette, which shows it while nothing is typed."""
    groups = (("Favourites", queries.favourites(request.user)), ("Seen last", queries.seen(request.user)))
    words = {"Favourites": _("Favourites"), "Seen last": _("Seen last")}
    return JsonResponse(
        {
            "groups": [
                {
                    "label": words[name],
                    "lines": [
                        {"title": one.title, "url": one.url, "icon": one.icon, "type": one.noun} for one in found
                    ],
                }
                for name, found in groups
                if found
            ]
        }
    )


@require_POST
def arrange(request: HttpRequest) -> HttpResponse:
    """Keep the order of the favourites: their numbers, as `order`."""
    numbers = [int(text) for text in request.POST.getlist("order") if text.isdecimal() and len(text) < 19]
    actions.arrange(numbers, by=request.user)
    return HttpResponse(status=204)


@require_GET
def all_keys(request: HttpRequest) -> HttpResponse:
    """The dialogue that tells which keys do what."""
    frame = shell.Shell(request)
    context = {"places": keys.by_place(), "go": frame.places_by_key, "on": frame.shortcuts}
    partial = bool(request.headers.get("HX-Request"))
    return render(request, "habits/keys.html" if partial else "habits/keys_page.html", context)


@require_POST
def set_shortcuts(request: HttpRequest) -> HttpResponse:
    """Switch single keys on or off, for oneself and from now on."""
    on = request.POST.get("on") == "1"
    actions.set_shortcuts(on, by=request.user)
    request.session[SESSION] = on
    messages.success(request, _("Single keys do something again.") if on else _("Single keys do nothing any more."))
    return HttpResponseRedirect(shell.own_path(request, request.headers.get("Referer", "")))
