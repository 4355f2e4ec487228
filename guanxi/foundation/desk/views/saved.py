"""Saved views: keep, name, share, copy, delete; and what each person makes of them: pin, open first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import actions, sharing
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.addresses import list_url
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.models import SavedView, ViewShare
from guanxi.foundation.models import User

MOST_PEOPLE = 300
SWITCHES = {"share": {"shared": True}, "unshare": {"shared": False}}
CHOICES = {
    "pin": {"pinned": True},
    "unpin": {"pinned": False},
    "default": {"is_default": True},
    "undefault": {"is_default": False},
}


@require_POST
def save(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep the list as a new view; on a refusal the form comes back with what was typed."""
    visibility.require(request.user, "view", desk.model)
    state = states.from_query(desk, request.user, request.POST.get("query", ""))
    wishes = {"shared": "shared" in request.POST, "pinned": "pinned" in request.POST}
    name = request.POST.get("name", "")
    try:
        view = actions.save_view(
            desk.slug, name, state.query, shared=wishes["shared"], pinned=wishes["pinned"], by=request.user
        )
    except Refused as refusal:
        context = {"desk": desk, "state": state, "name": name, "error": refusal.message, **wishes}
        return render(request, "desk/view_form.html", context, status=422)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return _go(request, url_of(view))


@require_GET
def edit(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """The form with name, icon and sharing of one's own view."""
    view = SavedView.objects.visible_to(request.user).filter(pk=pk, desk=desk.slug).first()
    if view is None:
        raise Http404(pk)
    if view.owner_id != request.user.pk:
        raise visibility.NotAllowed(request.user, "edit", view)
    shares = list(ViewShare.objects.filter(view=view))
    given = {
        "name": view.name,
        "icon": view.icon,
        "shared": view.shared,
        "users": {share.user_id for share in shares},
        "groups": {share.group for share in shares if share.group},
    }
    return _edit_form(request, desk, view, given)


@require_POST
def change(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Do with a view what `do` says: edit, update, rename, share, unshare, copy, delete, pin, unpin, default …"""
    do = request.POST.get("do", "")
    here = list_url(desk.slug)
    query = states.from_query(desk, request.user, request.POST.get("query", "")).query
    try:
        if do == "delete":
            actions.delete_view(pk, by=request.user)
            messages.success(request, _("The view is deleted."))
            return _go(request, f"{here}?view=")
        if do == "edit":
            return _edited(request, desk, pk)
        view = _done(request, pk, do, query)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return _go(request, f"{here}?view={pk}&{query}")
    return _go(request, url_of(view))


def url_of(view: SavedView) -> str:
    """The list as the view keeps it."""
    return f"{reverse('desk:list', args=[view.desk])}?view={view.pk}&{view.query}".rstrip("&")


def _done(request: HttpRequest, pk: int, do: str, query: str) -> SavedView:
    if do in CHOICES:
        return actions.choose_view(pk, by=request.user, **CHOICES[do]).view
    if do == "copy":
        copied = actions.copy_view(pk, by=request.user)
        messages.success(request, _("The view “%(name)s” is yours.") % {"name": copied.name})
        return copied
    values: dict[str, Any] | None = SWITCHES.get(do)
    if do == "update":
        values = {"query": query}
    elif do == "rename":
        values = {"name": request.POST.get("name", "")}
    if values is None:
        raise Refused(_("A view can be edited, updated, copied, shared, pinned, made the default or deleted."))
    return actions.change_view(pk, by=request.user, **values)


def _edited(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    values = {
        "name": request.POST.get("name", ""),
        "icon": request.POST.get("icon", SavedView.Icon.BOOKMARK),
        "shared": "shared" in request.POST,
    }
    users = {int(text) for text in request.POST.getlist("users") if text.isdecimal() and len(text) < 19}
    groups = set(request.POST.getlist("groups"))
    try:
        view = actions.change_view(pk, by=request.user, **values)
        actions.share_view(pk, users=users, groups=groups, by=request.user)
    except Refused as refusal:
        given = {**values, "users": users, "groups": groups}
        return _edit_form(request, desk, SavedView(pk=pk), given, refusal)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return _go(request, url_of(view))


def _edit_form(
    request: HttpRequest, desk: Desk, view: SavedView, given: dict[str, Any], refusal: Refused | None = None
) -> HttpResponse:
    viewer: visibility.Viewer = request.user
    people = User.objects.filter(is_active=True, is_staff=True).exclude(pk=viewer.pk).order_by("pk")
    context = {
        "desk": desk,
        "view": view,
        "given": given,
        "icons": SavedView.Icon.choices,
        "people": [(user, user.pk in given["users"]) for user in people[:MOST_PEOPLE]],
        "groups": [(key, label, key in given["groups"]) for key, label in sharing.groups_offered(viewer)],
        "error": refusal.message if refusal else "",
    }
    return render(request, "desk/view_edit.html", context, status=422 if refusal else 200)


def _go(request: HttpRequest, address: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
