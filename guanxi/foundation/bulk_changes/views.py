"""The dialogue that edits many rows, what hangs on those to be deleted, undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation import audit, once, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk_changes import actions, desk, hanging, queries, tasks
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.desk import Desk, choosing, editing, list_url, record_url
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.models import User

CLEAR = "clear"


def editable(found: Desk) -> list[Field]:
    """The facts of a desk that can be edited in many rows at once."""
    if found.edit_action is None:
        return []
    return [one for one in found.all_facts() if editing.is_editable(one)]


def person_field(found: Desk) -> Field | None:
    """The fact that says who looks after a record: the first that refers to a colleague."""
    return next((one for one in editable(found) if _is_person(one)), None)


def _is_person(one: Field) -> bool:
    return bool(one.kind is Kind.REFERENCE and one.path and one.path.direct and one.path.field.related_model is User)


@require_GET
def field(request: HttpRequest, found: Desk) -> HttpResponse:
    """The control of one fact, for the dialogue; `field` is its name."""
    visibility.require(request.user, "edit", found.model)
    name = request.GET.get("edit.field") or request.GET.get("field", "")
    one = next((one for one in editable(found) if one.name == name), None)
    if one is None:
        return HttpResponse("")
    control = editing.control(one, "", request.user, name=f"edit.value.{name}")
    context = {"desk": found, "field": one, "control": control, "required": editing.is_required(one)}
    return render(request, "bulk_changes/field.html", context)


def edit(chosen: Chosen, asked: dict[str, str]) -> Any:
    """Write the values of the dialogue into the chosen rows. Raises Refused with what is wrong."""
    names = [name.removeprefix("value.") for name in asked if name.startswith("value.")]
    known = {one.name: one for one in editable(chosen.desk)}
    values: dict[str, Any] = {}
    for name in names:
        if name not in known:
            raise Refused(_("There is no field “%(name)s” to edit here.") % {"name": name}, name)
        values[name] = _cleaned(known[name], asked, chosen.viewer)
    return _start(chosen, actions.EDIT, values, asked)


def _cleaned(one: Field, asked: dict[str, str], viewer: Any) -> Any:
    raw, clear = asked[f"value.{one.name}"], asked.get(f"{CLEAR}.{one.name}")
    words = {"field": one.label}
    if clear and raw.strip():
        raise Refused(_("%(field)s: write a new value or clear it, not both.") % words, one.name)
    if not clear and not raw.strip():
        raise Refused(_("%(field)s: write the new value, or say that it is to be cleared.") % words, one.name)
    try:
        return audit.plain(editing.clean(one, "" if clear else raw, viewer))
    except ValidationError as error:
        said = {"field": one.label, "error": " ".join(error.messages)}
        raise Refused(_("%(field)s: %(error)s") % said, one.name) from error


def assign(chosen: Chosen, asked: dict[str, str]) -> Any:
    """Give the chosen rows to a colleague, or to nobody."""
    one = person_field(chosen.desk)
    if one is None:
        raise Refused(_("Records of this list are nobody's."))
    named = {f"value.{one.name}": asked.get("value", "")}
    return edit(chosen, {**asked, **named, **({} if asked.get("value") else {f"{CLEAR}.{one.name}": "1"})})


def remove(chosen: Chosen, asked: dict[str, str]) -> Any:
    """Delete the chosen rows, after the list of what hangs on them was seen."""
    chosen.numbers()  # not more than people can look through
    return _start(chosen, actions.DELETE, {}, asked)


def start(chosen: Chosen, kind: str, values: dict[str, Any], asked: dict[str, str]) -> SafeString:
    """Begin a change of a kind, do it now or in the background, and say so; a form sent twice is done once."""
    return _start(chosen, kind, values, asked)


def _start(chosen: Chosen, kind: str, values: dict[str, Any], asked: dict[str, str]) -> SafeString:
    by = chosen.viewer
    number, made = once.once(by, asked.get(once.FIELD, ""), lambda: actions.begin(chosen, kind, values, by=by).pk)
    change = BulkChange.objects.get(pk=number)
    if made:
        change = tasks.start(change, by=by)
        change.refresh_from_db()
    return said(change)


def said(change: BulkChange) -> SafeString:
    """What came of a change, for the toast: with one click it is undone."""
    undo = reverse("bulk_changes:undo", args=[change.pk])
    return SafeString(
        render_to_string(
            "bulk_changes/said.html",
            {
                "change": change,
                "outcome": queries.outcome(change),
                "url": record_url("bulk-changes", change.pk),
                "undo": undo if actions.may_undo(change) else "",
            },
        ).strip()
    )


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a change; from a toast the list is shown anew, from its page the page."""
    get_object_or_404(BulkChange.objects.visible_to(request.user), pk=pk)
    try:
        change = actions.begin_undo(pk, by=request.user)
        change = tasks.start(change, by=request.user)
        messages.success(request, said(change))
    except Refused as refusal:
        messages.error(request, refusal.message)
    back = request.headers.get("HX-Current-URL") if request.headers.get("HX-Request") else None
    if back is None:
        return redirect("desk:record", "bulk-changes", pk)
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


@require_GET
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a change is; its page asks while somebody is at work on it."""
    visibility.require(request.user, "view", BulkChange)
    change = get_object_or_404(desk.BulkChanges().rows(request.user), pk=pk)
    return render(request, "bulk_changes/state.html", desk.state_panel(change, request.user))


@require_POST
def hangs(request: HttpRequest, found: Desk) -> HttpResponse:
    """What hangs on the chosen rows: counts by type, first examples, what forbids to delete them and why."""
    visibility.require(request.user, "delete", found.model)
    if found.remove_action is None:
        raise Http404(found.slug)
    chosen = choosing.read(found, request.user, request.POST)
    try:
        numbers = chosen.numbers()
        lines = hanging.hanging_on(found, numbers, request.user)
    except Refused as refusal:
        return render(request, "bulk_changes/hangs.html", {"refusal": refusal.message})
    forbidden = [one for one in lines if one.fate == hanging.FORBIDS]
    context = {"desk": found, "count": len(numbers), "lines": lines, "forbidden": forbidden, "days": 14}
    return render(request, "bulk_changes/hangs.html", context)


@require_POST
def remove_one(request: HttpRequest, found: Desk, pk: int) -> HttpResponse:
    """Delete one record from its page; then its list is shown."""
    row = get_object_or_404(found.rows(request.user), pk=pk)
    visibility.require(request.user, "delete", row)
    if found.remove_action is None:
        raise Http404(found.slug)
    chosen = Chosen(found, request.user, "", (pk,))
    try:
        said_ = _start(chosen, actions.DELETE, {}, {once.FIELD: request.POST.get(once.FIELD, "")})
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(found.url(row))
    still = found.rows(request.user).filter(pk=pk).exists()
    if still:
        refused = BulkRow.objects.filter(object_id=pk, change__desk=found.slug).order_by("-change_id").first()
        messages.error(request, refused.why if refused and refused.why else said_)
        return redirect(found.url(row))
    messages.success(request, said_)
    return redirect(list_url(found.slug))
