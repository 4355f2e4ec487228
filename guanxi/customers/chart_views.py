"""The organisation chart: drawn, and changed by dragging or through forms; what was changed answers with the chart."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.customers import actions, queries
from guanxi.customers.actions.relationships import workplace
from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations import charts
from guanxi.customers.relations.forms import TieForm
from guanxi.customers.tie_views import chosen_party, name_of, save
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.desk import Button
from guanxi.foundation.visibility import Viewer, may, require


def button(row: Party, viewer: Viewer) -> Button | None:
    """From the record page of an organisation to its chart."""
    if row.kind != Party.Kind.ORGANISATION:
        return None
    return Button(gettext_lazy("Organisation chart"), reverse("customers:chart", args=[row.pk]), "sitemap")


def preview(party: Party, viewer: Viewer) -> dict[str, Any]:
    """A small part of the chart, for the record page: the uppermost and those who decide, and the departments."""
    drawn = charts.chart(party, viewer)
    decides = (Relationship.BuyingRole.DECIDER, Relationship.BuyingRole.BUYER)
    uppermost = [drawn.seats[number] for number in drawn.tops if drawn.seats[number].leads][:3]
    deciders = [seat for seat in drawn.seats.values() if seat.relationship.buying_role in decides]
    return {"drawn": drawn, "first": (uppermost + [seat for seat in deciders if seat not in uppermost])[:5]}


@require_GET
def chart(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; `department` dims everybody else. Asked for by htmx, the chart alone."""
    organisation = _organisation(request, pk)
    if organisation.pk != pk:
        return HttpResponseRedirect(reverse("customers:chart", args=[organisation.pk]))
    template = "chart_body" if request.headers.get("HX-Request") else "chart"
    return _chart(request, organisation, template=template)


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Let `party` report to `under` (empty: nobody); `seen` is whom he was seen to report to."""
    organisation = _organisation(request, pk)
    party, under = (chosen_party(request.POST.get(name, ""), request.user) for name in ("party", "under"))
    if party is None or (request.POST.get("under") and under is None):
        gone = _notice(_("This customer is gone; here is the chart as it is."))
        return _chart(request, organisation, 409, notice=gone)
    seen = request.POST.get("seen", "")
    before = int(seen) if seen.isdecimal() and len(seen) < 19 else None
    try:
        actions.move_in_chart(organisation, party, under, seen=before, by=request.user)
    except Conflict as conflict:
        message = _("Meanwhile %(name)s was put under %(theirs)s; you wanted %(yours)s. Move again if that is right.")
        words = {"name": party.name, "theirs": name_of(conflict.theirs), "yours": name_of(conflict.yours)}
        return _chart(request, organisation, 409, notice=_notice(message % words))
    except Refused as refusal:
        return _chart(request, organisation, 422, notice=_notice(refusal.message))
    words = {"name": party.name, "superior": under.name if under else _("nobody")}
    undo = {"party": party.pk, "under": before or "", "seen": under.pk if under else ""}
    said = _("%(name)s now reports to %(superior)s.") % words
    return _chart(request, organisation, notice={"level": "success", "text": said, "undo": undo})


@require_http_methods(["GET", "POST"])
def seat(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """The form of one person's place (GET), changed (POST)."""
    organisation = _organisation(request, pk)
    row = _place(request, organisation, person)
    require(request.user, "edit", row)
    if request.method == "GET":
        return _form(request, "chart_seat", organisation, row=row, form=TieForm(row, request.user))
    form = TieForm(row, request.user, request.POST)
    status, error = save(form, row, request.user)
    if error:
        return _form(request, "chart_seat", organisation, status, row=row, form=form, error=error)
    return _done(request, organisation, _("Changed: %(name)s.") % {"name": row.party.name})


@require_POST
def leave(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """Somebody does not work there any more, from today on."""
    organisation = _organisation(request, pk)
    row = _place(request, organisation, person)
    actions.end_relationship(row.pk, by=request.user)
    return _done(request, organisation, _("%(name)s has left.") % {"name": row.party.name})


@require_http_methods(["GET", "POST"])
def add_person(request: HttpRequest, pk: int) -> HttpResponse:
    """The form to add somebody who works there (GET), added (POST)."""
    organisation = _organisation(request, pk)
    require(request.user, "edit", organisation)
    if request.method == "GET":
        return _form(request, "chart_add", organisation, draft={})
    draft = {name: request.POST.get(name, "") for name in ("other", "title", "department", "reports_to", "q")}
    person = chosen_party(draft["other"], request.user)
    if person is None:
        error = _("Search for the person and choose him from the list.")
        return _form(request, "chart_add", organisation, 422, draft=draft, error=error)
    values: dict[str, Any] = {name: draft[name] for name in ("title", "department")}
    superior = chosen_party(draft["reports_to"], request.user)
    if superior is not None:
        values["reports_to"] = superior
    try:
        actions.add_relationship(person, Relationship.Kind.WORKS_AT, organisation, by=request.user, **values)
    except Refused as refusal:
        return _form(request, "chart_add", organisation, 422, draft=draft, chosen=person, error=refusal.message)
    return _done(request, organisation, _("Added: %(name)s.") % {"name": person.name})


def _organisation(request: HttpRequest, pk: int) -> Party:
    try:
        party = queries.party_numbered(pk, request.user)
    except Party.DoesNotExist:
        raise Http404 from None
    if party.kind != Party.Kind.ORGANISATION:
        raise Http404
    return party


def _place(request: HttpRequest, organisation: Party, person: int) -> Relationship:
    party = queries.parties(request.user).filter(pk=person).first()
    row = workplace(organisation, party, request.user) if party else None
    if row is None:
        raise Http404
    return row


def _notice(text: str) -> dict[str, Any]:
    return {"level": "error", "text": text}


def _chart(
    request: HttpRequest, organisation: Party, status: int = 200, *, template: str = "chart_body", **more: Any
) -> HttpResponse:
    department = request.GET.get("department") or request.POST.get("shown_department", "")
    context = {
        "organisation": organisation,
        "drawn": charts.chart(organisation, request.user, department=department),
        "companies": charts.companies(organisation, request.user),
        "department": department,
        "may_edit": may(request.user, "edit", organisation),
        **more,
    }
    return render(request, f"customers/{template}.html", context, status=status)


def _form(request: HttpRequest, template: str, organisation: Party, status: int = 200, **more: Any) -> HttpResponse:
    context: dict[str, Any] = {"organisation": organisation, **more}
    if template == "chart_add":
        rows = charts.workers(organisation, request.user)[: charts.MOST]
        colleagues = {row.party_id: row for row in rows}
        context["colleagues"] = sorted(colleagues.values(), key=lambda row: row.party.name)
        context["departments"] = sorted({row.department for row in colleagues.values() if row.department})
    return render(request, f"customers/{template}.html", context, status=status)


def _done(request: HttpRequest, organisation: Party, words: str) -> HttpResponse:
    """The chart in place of what the form was to answer with."""
    response = _chart(request, organisation, notice={"level": "success", "text": words})
    response["HX-Retarget"], response["HX-Reswap"], response["HX-Trigger"] = "#chart", "outerHTML", "chart-changed"
    return response
