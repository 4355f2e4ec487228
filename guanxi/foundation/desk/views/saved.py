"""Saved views: keep, rename, share, pin, make the default, delete."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import actions
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.models import SavedView

SWITCHES = {"share": ("shared", True), "unshare": ("shared", False), "pin": ("pinned", True)}
SWITCHES |= {"unpin": ("pinned", False), "default": ("is_default", True), "undefault": ("is_default", False)}


@require_POST
def save(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep the list as a new view; on a refusal the form comes back with what was typed."""
    visibility.require(request.user, "view", desk.model)
    state = states.from_query(desk, request.user, request.POST.get("query", ""))
    wishes = {"shared": "shared" in request.POST, "pinned": "pinned" in request.POST}
    name = request.POST.get("name", "")
    try:
        view = actions.save_view(desk.slug, name, state.query, **wishes, by=request.user)
    except Refused as refusal:
        context = {"desk": desk, "state": state, "name": name, "error": refusal.message, **wishes}
        return render(request, "desk/view_form.html", context, status=422)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return _go(request, url_of(view))


@require_POST
def change(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Do with a view what `do` says: update, rename, share, unshare, pin, unpin, default, undefault, delete."""
    do = request.POST.get("do", "")
    here = reverse("desk:list", args=[desk.slug])
    try:
        if do == "delete":
            actions.delete_view(pk, by=request.user)
            messages.success(request, _("The view is deleted."))
            return _go(request, f"{here}?view=")
        view = actions.change_view(pk, by=request.user, **_values(request, desk, do))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return _go(
            request, f"{here}?view={pk}&{states.from_query(desk, request.user, request.POST.get('query', '')).query}"
        )
    return _go(request, url_of(view))


def url_of(view: SavedView) -> str:
    """The list as the view keeps it."""
    return f"{reverse('desk:list', args=[view.desk])}?view={view.pk}&{view.query}".rstrip("&")


def _values(request: HttpRequest, desk: Desk, do: str) -> dict[str, Any]:
    if do == "update":
        return {"query": states.from_query(desk, request.user, request.POST.get("query", "")).query}
    if do == "rename":
        return {"name": request.POST.get("name", "")}
    if do in SWITCHES:
        field, value = SWITCHES[do]
        return {field: value}
    raise Refused(_("A view can be updated, renamed, shared, pinned, made the default or deleted."))


def _go(request: HttpRequest, address: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
