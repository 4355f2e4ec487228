"""The panel of relationships on a customer's record page: each answers with the panel as it then is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from guanxi.customers import actions, panels, queries
from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations.forms import TieForm
from guanxi.customers.relations.sides import INWARD
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.visibility import Viewer, require


def party_of(request: HttpRequest, pk: int) -> Party:
    """The party of an address, or 404."""
    return get_object_or_404(queries.parties(request.user), pk=pk)


def chosen_party(sent: str, viewer: Viewer) -> Party | None:
    """The party that was chosen in a form by its number."""
    number = int(sent) if sent.isdecimal() and len(sent) < 19 else 0
    return queries.parties(viewer).filter(pk=number).first() if number else None


@require_http_methods(["GET", "POST"])
def relationships(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel, with the form to add one (GET); add one (POST)."""
    party = party_of(request, pk)
    if request.method == "GET":
        usual = Relationship.Kind.HOUSEHOLD if party.kind == Party.Kind.PERSON else Relationship.Kind.WORKS_AT + INWARD
        return _panel(request, party, adding="add" in request.GET, draft={"kind": usual})
    draft = {name: request.POST.get(name, "") for name in ("kind", "other", "title", "department", "q")}
    other = chosen_party(draft["other"], request.user)
    if other is None:
        error = _("Search for the other one and choose him from the list.")
        return _panel(request, party, 422, adding=True, draft=draft, error=error)
    kind, inward = draft["kind"].removesuffix(INWARD), draft["kind"].endswith(INWARD)
    values = {name: draft[name] for name in ("title", "department") if draft[name]}
    first, second = (other, party) if inward else (party, other)
    try:
        actions.add_relationship(first, kind, second, by=request.user, **values)
    except Refused as refusal:
        return _panel(request, party, 422, adding=True, draft=draft, chosen=other, error=refusal.message)
    return _panel(request, party)


@require_http_methods(["GET", "POST"])
def relationship(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """One relationship: its form (GET), changed (POST)."""
    party = party_of(request, pk)
    found = row_of(request, row)
    if found is None:
        return _gone(request, party)
    require(request.user, "edit", found)
    if request.method == "GET":
        return _panel(request, party, editing=row, form=TieForm(found, request.user))
    form = TieForm(found, request.user, request.POST)
    status, error = save(form, found, request.user)
    return _panel(request, party, status, editing=row, form=form, error=error) if error else _panel(request, party)


@require_POST
def end_relationship(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Let it be a former one from today on."""
    party = party_of(request, pk)
    try:
        actions.end_relationship(row, by=request.user)
    except Relationship.DoesNotExist:
        return _gone(request, party)
    except Refused as refusal:
        return _panel(request, party, 422, notice=refusal.message)
    return _panel(request, party)


@require_POST
def remove_relationship(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Take one away; `pk` is the party on whose page this is done."""
    party = party_of(request, pk)
    require(request.user, "edit", party)
    if row_of(request, row) is not None:
        actions.remove_relationship(row, by=request.user)
    return _panel(request, party)


def row_of(request: HttpRequest, row: int) -> Relationship | None:
    """The relationship of an address; None where it is gone."""
    rows = Relationship.objects.visible_to(request.user).select_related("party", "other", "reports_to")
    return rows.filter(pk=row).first()


def save(form: TieForm, row: Relationship, viewer: Viewer) -> tuple[int, str]:
    """Write what was filled in; status and what is wrong, which is empty where all is well."""
    if not form.is_valid():
        name, messages = next(iter(form.errors.items()))
        return 422, f"{form.fields[name].label}: {messages[0]}"
    changes = form.changes()
    if "reports_to" in changes:
        number = changes["reports_to"]
        changes["reports_to"] = queries.parties(viewer).filter(pk=number).first() if number else None
    try:
        actions.change_relationship(row.pk, changes, form.expected(), by=viewer)
    except Conflict as conflict:
        form.now_seen(conflict.field or "", conflict.theirs)
        return 409, _both(form, conflict)
    except Refused as refusal:
        return 422, refusal.message
    return 200, ""


def _both(form: TieForm, conflict: Conflict) -> str:
    field = form.fields[conflict.field or ""]
    names = {str(value): str(label) for value, label in getattr(field, "choices", ())}
    theirs, yours = (names.get(str(v or ""), str(v or "—")) for v in (conflict.theirs, conflict.yours))
    if conflict.field == "reports_to" and theirs == str(conflict.theirs):
        theirs = name_of(conflict.theirs)
    message = _("%(field)s: meanwhile somebody wrote “%(theirs)s”; yours is “%(yours)s”. Save again to replace it.")
    return message % {"field": field.label, "theirs": theirs, "yours": yours}


def name_of(number: int | None) -> str:
    """The name of a party for people; “nobody” where there is none."""
    found = Party.objects.filter(pk=number).values_list("name", flat=True).first() if number else None
    return found or _("nobody")


def _gone(request: HttpRequest, party: Party) -> HttpResponse:
    return _panel(request, party, 409, notice=_("Somebody took this relationship away meanwhile."))


def _panel(request: HttpRequest, party: Party, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "customers/relationships.html", {**panels.ties(party, request.user), **more}, status=status)
