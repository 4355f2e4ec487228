"""Where colleagues answer requests, set purposes and texts, and confirm rules of retention."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.customers import actions as customers
from guanxi.customers import purposes, queries
from guanxi.customers.models import ConsentPurpose, ConsentText
from guanxi.customers.rights import actions, answering, panels, reporting
from guanxi.customers.rights.forms import PurposeForm
from guanxi.customers.rights.models import Request, RetentionRule, SensitiveField
from guanxi.foundation import clock, desk
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import may, require


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Who has which consent, what will lapse, and the way to everything else."""
    require(request.user, "view", Request)
    return render(request, "rights/overview.html", reporting.context(request.user, request.GET))


@require_GET
def purpose_list(request: HttpRequest) -> HttpResponse:
    """All purposes and what they demand."""
    require(request.user, "view", ConsentPurpose)
    known = purposes.every()
    lines = [(purpose, purposes.label_of(code, known)) for code, purpose in known.items()]
    return render(
        request, "rights/purposes.html", {"lines": lines, "may_edit": may(request.user, "edit", ConsentPurpose)}
    )


@require_http_methods(["GET", "POST"])
def purpose(request: HttpRequest, code: str) -> HttpResponse:
    """What one purpose demands, and the texts by which consent is asked for; `new` adds one."""
    require(request.user, "edit", ConsentPurpose)
    known = purposes.every().get(code)
    if known is None and code != "new":
        raise Http404(code)
    form = PurposeForm(request.POST or None, known=known)
    if request.method == "POST" and form.is_valid() and (saved := _saved(request, form, code)):
        messages.success(request, _("Kept. It counts from now on, for consents given before too."))
        return redirect("rights:purpose", saved)
    texts = ConsentText.objects.visible_to(request.user).filter(purpose=code).order_by("language", "-version")
    context = {"form": form, "known": known, "label": purposes.label_of(code) if known else "", "texts": texts}
    return render(request, "rights/purpose.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, form: PurposeForm, code: str) -> str:
    """The code of what was kept; empty where it was refused, which the form then says."""
    code = form.cleaned_data.get("code") or code
    try:
        customers.set_purpose(code, form.texts(), by=request.user, **form.values())
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return ""
    return code


# Requests -------------------------------------------------------------------------------------------------------------


@require_POST
def do_request(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what a request asks for, or close it; `what` says which."""
    row = get_object_or_404(Request.objects.visible_to(request.user), pk=pk)
    try:
        words = answering.do(row, request.POST.get("what", ""), request.POST, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, words)
    return redirect("desk:record", "requests", pk)


@require_GET
def fetch_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The ZIP of everything kept, as long as it is there."""
    row = get_object_or_404(Request.objects.visible_to(request.user), pk=pk)
    require(request.user, "export", Request)
    if not row.file or row.file_until is None or row.file_until <= clock.now() or not default_storage.exists(row.file):
        messages.error(request, _("This file is not there any more; put it together again."))
        return redirect("desk:record", "requests", pk)
    answering.note_fetched(row, by=request.user)
    return FileResponse(default_storage.open(row.file), as_attachment=True, filename=f"request-{row.pk}.zip")


@require_POST
def do_rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm, pause or run a rule of retention."""
    rule = get_object_or_404(RetentionRule.objects.visible_to(request.user), pk=pk)
    try:
        words = answering.do_rule(rule, request.POST.get("what", ""), by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, words)
    return redirect("desk:record", "retention", pk)


@require_POST
def unmark(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a field be no longer sensitive."""
    get_object_or_404(SensitiveField.objects.visible_to(request.user), pk=pk)
    actions.unmark_sensitive(pk, by=request.user)
    return redirect(desk.list_url("sensitive"))


@require_http_methods(["GET", "POST"])
def of_customer(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel of a customer's page: lift a restriction, hold his data, lift the hold."""
    require(request.user, "view", "consent")
    party = get_object_or_404(queries.parties(request.user), pk=pk)
    error = ""
    if request.method == "POST":
        try:
            _changed(request, party)
        except Refused as refusal:
            error = refusal.message
    context: dict[str, Any] = {**panels.of_customer(party, request.user), "error": error}
    return render(request, "rights/of_customer.html", context, status=422 if error else 200)


def _changed(request: HttpRequest, party: Any) -> None:
    sent = request.POST
    number = int(sent["row"]) if sent.get("row", "").isdecimal() else 0
    if sent.get("what") == "lift":
        customers.lift_restriction(number, by=request.user)
    elif sent.get("what") == "hold":
        actions.hold(party, sent.get("reason", ""), by=request.user)
    elif sent.get("what") == "lift_hold":
        actions.lift_hold(number, by=request.user)
