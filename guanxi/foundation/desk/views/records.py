"""The record page: facts edited in place, panels, history."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from guanxi.foundation import hooks, sensitive, visibility
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.desk import beside, display, editing, sections, undoing
from guanxi.foundation.desk import history as past
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.declaration import Button, Desk, Field
from guanxi.foundation.desk.facts import Fact
from guanxi.foundation.desk.panels import Placed, placed

logger = logging.getLogger(__name__)
ZONES = ("head", "left", "main", "middle", "right")


@require_GET
def page(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """The record in three zones; of one that became part of another, that other."""
    visibility.require(request.user, "view", desk.model)
    looked_at = timezone.now().isoformat()
    row = desk.whole(request.user).filter(pk=pk).first()
    if row is None:
        return _where_it_is(request, desk, pk)
    panels: dict[str, list[SafeString]] = {zone: [] for zone in (*ZONES, "top")}
    for one in placed(desk.panels(), row, request.user, made=False):
        zone = "top" if one.panel.zone == "left" and one.panel.order < 0 else one.panel.zone  # above the facts
        panels[zone].append(_panel(request, desk, row, one, at_once=not one.panel.lazy))
    if desk.history:
        zone = "right" if panels["middle"] or panels["main"] else "middle"
        panels[zone].append(render_to_string("desk/history_wait.html", {"desk": desk, "record": row}, request))
    facts = [_shown(request, desk, row, field) for field in _facts(desk, row)]
    known = [fact for fact in facts if fact.html != display.NOTHING]
    unknown = [fact for fact in facts if fact not in known]
    context = {
        "facts": sections.parted(known, attrgetter("field")),
        "unknown": sections.parted(unknown, attrgetter("field")),
        "unknown_count": len(unknown),
        "panels": panels,
        "scripts": hooks.get("record_script"),
    }
    context["looked_at"] = looked_at
    tools = [tool for door in hooks.get("record_tool") if (tool := door(request, desk, row))]
    return render(request, "desk/record.html", {**_head(request, desk, row), **context, "tools": tools})


@require_http_methods(["GET", "POST"])
def fact(request: HttpRequest, desk: Desk, pk: int, name: str) -> HttpResponse:
    """One fact: shown (GET), its editor (GET with `edit`), saved (POST)."""
    row = row_of(request, desk, pk)
    field = next((field for field in _facts(desk, row) if field.name == name), None)
    if field is None:
        raise Http404(name)
    if request.method == "GET" and "edit" not in request.GET:
        if "cell" in request.GET:
            return _cell(request, desk, row, field)
        unmasked = "show" in request.GET
        if unmasked:
            sensitive.note(field.name, sensitive.SCREEN, row, by=request.user, why=request.GET.get("why", ""))
        return render(request, "desk/fact.html", {"fact": _shown(request, desk, row, field, unmasked=unmasked)})
    visibility.require(request.user, "edit", row)
    if not _editable(request, desk, row, field):
        raise Http404(name)
    if sensitive.is_sensitive(field.path):
        sensitive.note(field.name, sensitive.SCREEN, row, by=request.user)
    if request.method == "GET":
        return _editor(request, desk, row, field, editing.raw_of(field, row), editing.seen(field, row))
    return _save(request, desk, row, field)


@require_GET
def panel(request: HttpRequest, desk: Desk, pk: int, key: str) -> HttpResponse:
    """The inside of one lazy panel: what a click brings where `panels` could not."""
    row = row_of(request, desk, pk)
    named = [panel for panel in desk.panels() if panel.name == key][:1]
    for found in placed(named, row, request.user):
        return HttpResponse(_panel(request, desk, row, found, at_once=True))
    raise Http404(key)


@require_GET
def panels(request: HttpRequest, desk: Desk, pk: int) -> JsonResponse:
    """All lazy panels of a record and its history, by name, in one request; one that fails is left out."""
    row = row_of(request, desk, pk)
    makers: dict[str, Callable[[], str]] = {
        one.panel.name: partial(_panel, request, desk, row, one, at_once=True)
        for one in placed([panel for panel in desk.panels() if panel.lazy], row, request.user)
    }
    if desk.history:
        makers["history"] = partial(_history, request, desk, row, "")
    return JsonResponse({name: html for name, make in makers.items() if (html := _made(name, make)) is not None})


def _made(name: str, make: Callable[[], str]) -> str | None:
    """What a panel shows; None where it cannot be made, which must not take the others away."""
    try:
        return make()
    except Exception:
        logger.exception("The panel “%s” could not be made", name)
        return None


@require_GET
def history(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """What was changed on the record, newest first; `before` is the id of the entry to go on from."""
    return HttpResponse(_history(request, desk, row_of(request, desk, pk), request.GET.get("before", "")))


def _history(request: HttpRequest, desk: Desk, row: Any, before: str) -> str:
    found = past.changes_of(desk, row, request.user, int(before) if before.isdecimal() and len(before) < 19 else None)
    for line in found["lines"]:
        line["can_put_back"] = undoing.can_put_back(desk, row, line["entry"], request.user)
    context = {"desk": desk, "record": row, **found, "first": not before}
    return render_to_string("desk/history.html", context, request)


@require_GET
def besides(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """The links to the records before and after this one in the list whose address follows the “?”."""
    row = row_of(request, desk, pk)
    state = states.read(desk, request.user, request.GET)
    found = {
        name: {"url": desk.url(other), "title": desk.title(other)} if other is not None else None
        for name, other in zip(("previous", "next"), beside.beside(state, row), strict=True)
    }
    return render(request, "desk/beside.html", found)


def _cell(request: HttpRequest, desk: Desk, row: Any, field: Field) -> HttpResponse:
    """A fact as the cell of the list shows it."""
    columns = desk.all_columns()
    column = next((one for one in columns if one.name == field.name), field)
    cells = display.Cells(column)
    cells.prepare([row])
    context = {"html": cells.html(row), "url": desk.url(row) if column.column.link else ""}
    return render(request, "desk/cell.html", context)


def renewed(request: HttpRequest, desk: Desk, pk: int, field: Field) -> HttpResponse:
    """A fact as it is after a change, with the head of the page; of a list its cell alone."""
    row = row_of(request, desk, pk)
    if "cell" in request.GET:
        return _cell(request, desk, row, field)
    context = {**_head(request, desk, row), "fact": _shown(request, desk, row, field), "renew_head": True}
    return render(request, "desk/fact.html", context)


def head_html(request: HttpRequest, desk: Desk, row: Any) -> str:
    """The head of the record's page as it is now."""
    return render_to_string("desk/record_head.html", _head(request, desk, row), request)


def facts_html(request: HttpRequest, desk: Desk, row: Any) -> dict[str, str]:
    """All facts of the record as they are now, by name."""
    return {field.name: _shown(request, desk, row, field).shown for field in _facts(desk, row)}


def _where_it_is(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    there = desk.moved_to(pk)
    row = desk.rows(request.user).filter(pk=there).first() if there is not None else None
    if row is None:
        raise Http404(f"{desk.slug} {pk}")
    old = desk.model._base_manager.filter(pk=pk).first()
    words = _("%(old)s (number %(number)s) is part of %(new)s.")
    messages.info(request, words % {"old": desk.title(old), "number": pk, "new": desk.title(row)})
    return redirect(desk.url(row))


def row_of(request: HttpRequest, desk: Desk, pk: int) -> Any:
    """The record of this number, if the viewer may see it; else 404."""
    visibility.require(request.user, "view", desk.model)
    row = desk.whole(request.user).filter(pk=pk).first()
    if row is None:
        raise Http404(f"{desk.slug} {pk}")
    return row


def _facts(desk: Desk, row: Any) -> list[Field]:
    return [field for field in desk.all_facts() if field.column.when is None or field.column.when(row)]


def _head(request: HttpRequest, desk: Desk, row: Any) -> dict[str, Any]:
    title = str(desk.title(row))
    hung = [door(row, request.user) for door in hooks.get(f"record_button:{desk.slug}")]
    return {
        "desk": desk,
        "record": row,
        "record_title": title,
        "initial": title.strip()[:1].upper() or "·",
        "record_subtitle": desk.subtitle(row),
        "record_pills": [display.rendered(pill) for pill in desk.pills(row)],
        "record_buttons": [
            button for button in [*desk.buttons(row, request.user), *hung] if isinstance(button, Button)
        ],
    }


def _editable(request: HttpRequest, desk: Desk, row: Any, field: Field) -> bool:
    return desk.edit_action is not None and editing.is_editable(field) and visibility.may(request.user, "edit", row)


def _shown(request: HttpRequest, desk: Desk, row: Any, field: Field, *, unmasked: bool = False) -> Fact:
    html = display.cell(field, row, unmasked=unmasked)
    masked = html is display.MASKED
    stories = [url for door in hooks.get(f"story:{desk.slug}") if (url := door(row, field))]
    return Fact(
        desk,
        row,
        field,
        html,
        editable=_editable(request, desk, row, field),
        masked=masked,
        story=stories[0] if stories else "",
        leads=field.column.leads(row) if field.column.leads and not masked else "",
    )


def _editor(
    request: HttpRequest,
    desk: Desk,
    row: Any,
    field: Field,
    raw: str,
    seen: str,
    *,
    error: str = "",
    conflict: dict[str, Any] | None = None,
) -> HttpResponse:
    control = editing.control(field, raw, request.user, error=error)
    context = {"desk": desk, "record": row, "field": field, "control": control, "seen": seen, "conflict": conflict}
    context["cell"] = "cell" in request.GET
    status = 409 if conflict else 422 if error else 200
    return render(request, "desk/fact_editor.html", context, status=status)


def _save(request: HttpRequest, desk: Desk, row: Any, field: Field) -> HttpResponse:
    assert desk.edit_action is not None
    raw, seen = ",".join(request.POST.getlist("value")), request.POST.get("seen", "null")
    try:
        expected = json.loads(seen)
        value = editing.clean(field, raw, request.user)
        desk.edit_action(row.pk, {field.name: value}, {field.name: expected}, by=request.user)
    except json.JSONDecodeError:
        return _editor(request, desk, row, field, raw, editing.seen(field, row), error=past.lost_track())
    except ValidationError as error:
        return _editor(request, desk, row, field, raw, seen, error=" ".join(error.messages))
    except Conflict as conflict:
        both = past.both_sides(desk, row, field, conflict, raw)
        now = json.dumps(conflict.theirs, ensure_ascii=False, default=str)
        return _editor(request, desk, row, field, raw, now, conflict=both)
    except Refused as refusal:
        return _editor(request, desk, row, field, raw, seen, error=refusal.message)
    return renewed(request, desk, row.pk, field)


def _panel(request: HttpRequest, desk: Desk, row: Any, one: Placed, *, at_once: bool) -> SafeString:
    panel = one.panel
    base = {"desk": desk, "record": row, "viewer": request.user, "panel": panel}
    if not at_once:
        return render_to_string("desk/panel_wait.html", base, request)
    inside = render_to_string(panel.template, {**base, **one.context(row, request.user)}, request)
    return inside if panel.bare else render_to_string("desk/panel.html", {**base, "inside": inside}, request)
