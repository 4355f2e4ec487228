"""What can be done on the page of a lead."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from guanxi.foundation.actions import Refused
from guanxi.foundation.money import to_decimal
from guanxi.foundation.visibility import Viewer, may, require
from guanxi.sales.leads import actions, assigning, recognising
from guanxi.sales.leads.actions.making import party_of
from guanxi.sales.leads.models import Lead


def tools_of(lead: Lead, viewer: Viewer) -> dict[str, Any]:
    """What can be done, whom it seems to be, and who came before."""
    return {
        "lead": lead,
        "party": party_of(lead, viewer),
        "earlier": list(recognising.earlier(lead, viewer)[:5]),
        "may_edit": may(viewer, "edit", lead),
    }


def assignments_of(lead: Lead, viewer: Viewer) -> dict[str, Any]:
    """Why it became whose."""
    rows = lead.assignments.select_related("user").order_by("-at", "-id")[:20]
    return {"lead": lead, "log": [(row, [assigning.words(step) for step in row.steps]) for row in rows]}


@require_http_methods(["GET", "POST"])
def tools(request: HttpRequest, pk: int) -> HttpResponse:
    """What can be done (GET; with `convert` or `drop` its form). `do`: answer, convert, undo, drop, assign.

    What is done renews the page.
    """
    lead = get_object_or_404(Lead.objects.visible_to(request.user).select_related("deal", "owner"), pk=pk)
    if request.method == "GET":
        asked = next((name for name in ("convert", "drop") if name in request.GET), "")
        return _tools(request, lead, asking=asked)
    require(request.user, "edit", lead)
    try:
        _do(request, lead)
    except Refused as refusal:
        what = request.POST.get("do", "")
        return _tools(request, lead, 422, asking=what, error=refusal.message, draft=request.POST)
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def _do(request: HttpRequest, lead: Lead) -> None:
    said, by = request.POST, request.user
    what = said.get("do")
    if what == "answer":
        actions.note_activity(lead.pk, by=by)
    elif what == "drop":
        actions.drop(lead.pk, said.get("dropped_because", ""), by=by)
    elif what == "assign":
        actions.assign(lead.pk, by=by)
    elif what == "undo":
        actions.undo_conversion(lead.pk, by=by)
    elif what == "convert":
        actions.convert(
            lead.pk, deal_name=said.get("deal_name", ""), use_known="apart" not in said,
            with_deal="with_deal" in said, by=by, **_of_deal(said),
        )  # fmt: skip
    else:
        raise Refused(_("This cannot be done."))


def _of_deal(said: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        if said.get("value", "").strip():
            found["value"] = to_decimal(said["value"].replace(",", ""))
        if said.get("expected_close", "").strip():
            found["expected_close"] = date.fromisoformat(said["expected_close"])
    except ValidationError as error:
        raise Refused(" ".join(error.messages), "value") from error
    except ValueError as error:
        raise Refused(_("“%(value)s” is not a date; write it like 2017-03-31.") % {"value": said["expected_close"]},
                      "expected_close") from error  # fmt: skip
    return found


def _tools(request: HttpRequest, lead: Lead, status: int = 200, **more: Any) -> HttpResponse:
    context = {**tools_of(lead, request.user), "record": lead, **more}
    return render(request, "leads/tools.html", context, status=status)
