"""The pages of access: rules, invitations, locks; what is done to a colleague; the link of an invitation."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.contrib import messages
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from guanxi.foundation import people
from guanxi.foundation.access import actions, inviting, leaving
from guanxi.foundation.access.forms import AcceptForm, InviteForm, RulesForm
from guanxi.foundation.access.models import Invitation, Lock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import SYSTEM, Viewer, require

MOST = 200
BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """What holds for everybody; who is invited; what is locked."""
    require(request.user, "edit", User)
    form = RulesForm(request.POST or None, initial={"second_factor": actions.rules().second_factor})
    if request.method == "POST":
        form = RulesForm(request.POST)
        if form.is_valid():
            try:
                actions.set_rules(by=request.user, **form.cleaned_data)
            except Refused as refusal:
                form.add_error(refusal.field, refusal.message)
            else:
                messages.success(request, _("Saved."))
                return redirect("access:rules")
    context = {
        "form": form,
        "invitations": _invitations(),
        "locks": Lock.objects.exclude(until=None).order_by("-until")[:MOST],
    }
    return render(request, "access/rules.html", context, status=422 if form.errors else 200)


def _invitations() -> list[Any]:
    known = dict(actions.roles(SYSTEM))
    rows = list(Invitation.objects.filter(accepted_at=None).select_related("invited_by").order_by("-id")[:MOST])
    for row in rows:
        row.role_label = known.get(row.role, row.role)  # type: ignore[attr-defined]
    return rows


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Ask a colleague in by mail."""
    require(request.user, "create", User)
    initial = {"language": getattr(request, "LANGUAGE_CODE", ""), "role": "read-only"}
    form = InviteForm(request.POST or None, viewer=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.invite(by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except OSError as error:
            form.add_error(None, _("The mail could not be sent: %(error)s. Nobody was invited.") % {"error": error})
        else:
            messages.success(request, _("%(mail)s has been invited.") % {"mail": made.email})
            return redirect("access:rules")
    return render(request, "access/invite.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """A colleague leaves: hand over what is his (`to.<list>`: one or several), close his account (`close`)."""
    user = get_object_or_404(User, pk=pk, is_staff=True)
    require(request.user, "edit", user)
    error = ""
    if request.method == "POST":
        try:
            _leave(request, user)
            return redirect("access:leave", pk)
        except Refused as refusal:
            error = refusal.message
            user.refresh_from_db()
    found = leaving.held(user, request.user)
    chosen = {one.slug: request.POST.getlist(f"to.{one.slug}") for one in found}
    context = {
        "user_leaving": user,
        "held": [(one, chosen[one.slug]) for one in found],
        "handed_over": leaving.handed_over(user, request.user),
        "own": user == request.user,
        "error": error,
    }
    return render(request, "access/leave.html", context, status=422 if error else 200)


def leaves(ids: list[int], *, by: Viewer) -> HttpResponse:
    """From the list of colleagues: the page of the one who was chosen."""
    if len(ids) != 1:
        raise Refused(_("Choose one colleague."))
    return redirect("access:leave", ids[0])


def _leave(request: HttpRequest, user: User) -> None:
    chosen = {
        name.removeprefix("to."): [int(text) for text in values if str(text).isdecimal() and len(str(text)) < 19]
        for name, values in request.POST.lists()
        if name.startswith("to.")
    }
    close = "close" in request.POST
    begun = leaving.leave(user, leaving.named(chosen), close=close, by=request.user)
    if close:
        messages.success(request, _("The account of %(name)s is closed.") % {"name": user})
    if begun:
        messages.success(request, _("What was handed over stands below; each can be undone for two weeks."))


@require_POST
def back(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed account again."""
    user = get_object_or_404(User, pk=pk, is_staff=True)
    actions.activate(user, by=request.user)
    messages.success(request, _("%(name)s can log in again.") % {"name": user})
    return redirect("access:leave", pk)


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an invitation once more."""
    row = get_object_or_404(Invitation, pk=pk)
    try:
        actions.invite_again(row, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    except OSError as error:
        messages.error(request, _("The mail could not be sent: %(error)s.") % {"error": error})
    else:
        messages.success(request, _("%(mail)s has been invited.") % {"mail": row.email})
    return redirect("access:rules")


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an invitation worthless."""
    try:
        actions.withdraw(get_object_or_404(Invitation, pk=pk), by=request.user)
        messages.success(request, _("The link no longer works."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("access:rules")


@require_POST
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody try again at once."""
    actions.unlock(get_object_or_404(Lock, pk=pk), by=request.user)
    messages.success(request, _("Unlocked."))
    return redirect("access:rules")


@require_POST
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away the second factors of a colleague."""
    require(request.user, "edit", User)
    user = get_object_or_404(User, pk=pk)
    try:
        actions.reset_factors(user, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(who)s logs in without a second factor next time.") % {"who": user})
    return redirect("desk:record", "access", pk)


@require_POST
def end_all(request: HttpRequest, pk: int) -> HttpResponse:
    """Log a colleague out everywhere."""
    require(request.user, "edit", User)
    user = get_object_or_404(User, pk=pk)
    actions.end_sessions(user, by=request.user)
    messages.success(request, _("%(who)s is logged out everywhere.") % {"who": user})
    return redirect("desk:record", "access", pk)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the token of a colleague worthless."""
    token = get_object_or_404(ApiToken.objects.select_related("user"), pk=pk)
    require(request.user, "edit", User)
    people.revoke_token(token, by=request.user)
    messages.success(request, _("The token no longer works."))
    return redirect("desk:record", "access", token.user_id)


@require_POST
def end_own(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all but this one."""
    viewer: Viewer = request.user
    user = User.objects.get(pk=viewer.pk)
    only = request.POST.get("session", "")
    here = request.session.session_key or ""
    if only.isdecimal() and len(only) < 19:
        actions.end_sessions(user, by=request.user, only=int(only), but=here)
    else:
        actions.end_sessions(user, by=request.user, but=here)
    messages.success(request, _("Logged out there."))
    return redirect("account")


@never_cache
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an invitation: choose a name and a password, and be in."""
    invitation = inviting.find(token)
    if invitation is None:
        return render(request, "access/invitation_gone.html", status=410)
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {key: value for key, value in form.cleaned_data.items() if key != "again"}
        try:
            with transaction.atomic():
                user = actions.accept(invitation, **values)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            login(request, user, BACKEND)
            record_authentication(request, user, "password", username=user.username)
            return redirect("/")
    context = {"form": form, "invitation": invitation}
    return render(request, "access/accept.html", context, status=422 if form.errors else 200)
