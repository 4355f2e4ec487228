"""Connecting a calendar elsewhere, and the buttons of its page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from guanxi.channels import connecting
from guanxi.channels.calendar import actions, dav, tasks
from guanxi.channels.calendar.forms import AccountForm
from guanxi.channels.calendar.models import Account, Clash
from guanxi.foundation import tasks as background
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import record_url
from guanxi.foundation.desk.views.making import made
from guanxi.foundation.once import FIELD, once
from guanxi.foundation.visibility import require


def connect(request: HttpRequest, desk: Any) -> HttpResponse:
    """The “New” form of a calendar elsewhere: tried before it is kept."""
    require(request.user, "create", Account)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = _found(form, form.cleaned_data)
        if found is not None:
            values = {**form.cleaned_data, "path": found.path, "name": found.name[:200]}
            try:
                number, _fresh = once(
                    request.user,
                    request.POST.get(FIELD, ""),
                    lambda: actions.connect_calendar(by=request.user, **values).pk,
                )
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            else:
                background.enqueue(tasks.sync, number, by=request.user, key=tasks.key_of(number))
                told.success(request, _("Connected. Both sides are being brought together."))
                return made(request, record_url("calendars", number))
    return connecting.shown(request, form, None, "calendar/account_form.html")


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Server, user name and password."""
    row = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    require(request.user, "edit", row)
    kept = row.password
    form = AccountForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "password": form.cleaned_data["password"] or kept}
        found = _found(form, values)
        if found is not None:
            try:
                actions.edit_calendar(pk, {**values, "path": found.path, "name": found.name[:200]}, by=request.user)
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            else:
                told.success(request, _("Kept. It counts from now on."))
                return redirect("desk:record", "calendars", pk)
    return connecting.shown(request, form, row, "calendar/account_form.html")


def _found(form: AccountForm, values: dict[str, Any]) -> dav.Listed | None:
    """The calendar that is meant; where the server does not let us in, or has none or several, the form says so."""
    account = Account(**{name: values[name] for name in ("address", "username", "password")})
    try:
        with dav.connected(account) as server:
            listed = server.calendars()
    except (dav.CannotConnect, *dav.FAULTS) as fault:
        form.add_error("address", str(fault))
        return None
    name = (values.get("name") or "").strip().lower()
    meant = [one for one in listed if name in (one.name.lower(), _last(one.path))] if name else listed
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(f"“{one.name}”" for one in listed[:20])
    if not listed:
        form.add_error("address", _("There is no calendar for appointments at this address."))
    elif name:
        form.add_error("name", _("There is no calendar of this name; there are %(names)s.") % {"names": names})
    else:
        form.add_error("name", _("There are several calendars; write which: %(names)s.") % {"names": names})
    return None


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].lower()


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """The buttons of a calendar's page; `what` says which."""
    row = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    require(request.user, "edit", row)
    what = request.POST.get("what", "")
    if what in ("pause", "resume"):
        actions.pause_calendar(pk, what == "pause", by=request.user)
    elif what in ("look", "again"):
        if what == "again":
            actions.try_left_out_again(pk, by=request.user)
        background.enqueue(tasks.sync, pk, by=request.user, key=tasks.key_of(pk))
        told.success(request, _("It is being looked at."))
    return redirect("desk:record", "calendars", pk)


@require_POST
def settle_clash(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which side counts (`ours`: 1 or 0) where both were changed."""
    clash = get_object_or_404(Clash.objects.visible_to(request.user), pk=pk)
    try:
        actions.settle_clash(pk, request.POST.get("ours") == "1", by=request.user)
    except Refused as refusal:
        told.error(request, refusal.message)
    return redirect("desk:record", "calendars", clash.account_id)
