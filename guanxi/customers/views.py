"""What is done within the panels of a customer's record page; each answers with the panel as it then is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.customers import actions, panels, queries
from guanxi.customers.entry import contact_forms
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.visibility import require

PICKED = 8


def _party(request: HttpRequest, pk: int) -> Party:
    return get_object_or_404(queries.parties(request.user), pk=pk)


def _contact_points(request: HttpRequest, party: Party, status: int = 200, **more: Any) -> HttpResponse:
    context = {**panels.contact_points(party, request.user), **more}
    if "draft" in more:
        context |= contact_forms.fields(more["draft"], party, more.get("wrong", ""), more.get("error", ""))
    return render(request, "customers/contact_points.html", context, status=status)


@require_http_methods(["GET", "POST"])
def contact_points(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel, with the form to add one (GET); add one (POST)."""
    party = _party(request, pk)
    if request.method == "GET":
        return _contact_points(request, party, adding="add" in request.GET, draft={"kind": "phone"})
    draft = contact_forms.typed(request.POST)
    preferred = bool(draft["preferred"])
    try:
        given = contact_forms.meant(draft)
        added = actions.add_contact_point(
            party, draft["kind"], label=draft["label"], preferred=preferred, by=request.user, **given
        )
    except Refused as refusal:
        wrong = {"wrong": refusal.field or "", "error": refusal.message}
        return _contact_points(request, party, 422, adding=True, draft=draft, **wrong)
    return _contact_points(request, party, notice=_shared(added))


@require_http_methods(["GET", "POST"])
def contact_point(request: HttpRequest, pk: int) -> HttpResponse:
    """One contact point: its editor (GET), changed (POST)."""
    point = get_object_or_404(ContactPoint.objects.visible_to(request.user).select_related("party"), pk=pk)
    if request.method == "GET":
        draft = contact_forms.of_point(point)
        return _contact_points(request, point.party, editing=point.pk, draft=draft, seen=point.value)
    draft = contact_forms.typed(request.POST, point.kind)
    changes = {"label": draft["label"], "preferred": bool(draft["preferred"])}
    seen = request.POST.get("seen", point.value)
    try:
        changes |= contact_forms.meant(draft)
        changed = actions.change_contact_point(pk, changes, {"value": seen}, by=request.user)
    except Conflict as conflict:
        message = _("Meanwhile somebody wrote “%(theirs)s” here. Save again to replace it with yours.")
        error = message % {"theirs": conflict.theirs}
        return _contact_points(request, point.party, 409, editing=pk, draft=draft, error=error, seen=conflict.theirs)
    except Refused as refusal:
        wrong = {"wrong": refusal.field or "", "error": refusal.message}
        return _contact_points(request, point.party, 422, editing=pk, draft=draft, seen=seen, **wrong)
    return _contact_points(request, point.party, notice=_shared(changed))


@require_POST
def remove_contact_point(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one away."""
    point = ContactPoint.objects.visible_to(request.user).filter(pk=pk).select_related("party").first()
    if point is None:
        return HttpResponse(_("This contact point is gone already; load the page again."), status=404)
    return _contact_points(request, actions.remove_contact_point(pk, by=request.user))


def _shared(added: actions.Added) -> dict[str, Any] | None:
    if not added.shared_with:
        return None
    count = len(added.shared_with)
    words = ngettext("%(count)s other customer has it too:", "%(count)s other customers have it too:", count)
    return {"words": words % {"count": count}, "parties": added.shared_with[:5]}


@require_GET
def pick(request: HttpRequest) -> HttpResponse:
    """A few parties that fit the words typed, to choose one of them."""
    require(request.user, "view", Party)
    words = request.GET.get("q", "").strip()
    found = queries.find(words, request.user, limit=PICKED) if words else []
    return render(request, "customers/pick.html", {"found": found, "words": words})


@require_http_methods(["GET", "POST"])
def consents(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel, with the form for others (GET); note a yes or a no (POST)."""
    party = _party(request, pk)
    if request.method == "GET":
        return _consents(request, party, adding="add" in request.GET)
    sent = request.POST
    try:
        if sent.get("given") == "ask":
            purpose, channel = sent.get("purpose", ""), sent.get("channel", "")
            actions.request_consent(party, purpose, channel=channel, source="record page", by=request.user)
            return _consents(request, party)
        actions.record_consent(
            party,
            sent.get("purpose", ""),
            sent.get("channel", ""),
            sent.get("given") == "yes",
            basis=sent.get("basis") or "consent",
            source="record page",
            by=request.user,
        )
    except Refused as refusal:
        asked = sent.get("given") == "ask"
        return _consents(request, party, 422, adding=not asked, draft=sent, error=refusal.message)
    return _consents(request, party)


def _consents(request: HttpRequest, party: Party, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "customers/consents.html", {**panels.consents(party, request.user), **more}, status=status)
