"""The list: page, further rows, counts, filter editors, bulk actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from guanxi.foundation import hooks, once, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import choosing, display, editing, filters, layouts, paging, shelf, summing
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.addresses import list_url
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.desk.declaration import Bulk, Button, Desk, Field, Viewer
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.desk.rows import COUNTED, capped_count, loading
from guanxi.foundation.desk.state import State

PAGE_SIZE = 50

Body = Callable[[HttpRequest, State], dict[str, Any]]
BODIES: dict[str, Body] = {}  # what fills each form of the list: see `form`


def form(kind: str) -> Callable[[Body], Body]:
    """Mark the function that fills a form of the list: it returns the context of the template that it names `body`."""

    def mark(body: Body) -> Body:
        BODIES[kind] = body
        return body

    return mark


@require_GET
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The list page; to htmx only its changing part."""
    visibility.require(request.user, "view", desk.model)
    views = shelf.of_list(desk.slug, request.user)
    default = None if request.GET else next((view for view in views if view.first), None)
    if default is not None:
        return redirect(f"{reverse('desk:list', args=[desk.slug])}?view={default.pk}&{default.query}".rstrip("&"))
    state = states.read(desk, request.user, request.GET)
    partial = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")
    response = render(request, f"desk/{'list_body' if partial else 'list'}.html", _context(request, state, views))
    patch_vary_headers(response, ["HX-Request"])
    if partial:
        response["HX-Push-Url"] = state.url()
    return response


@require_GET
def rows(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The rows after a cursor."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    try:
        found = _page(state, request.GET.get("after", ""))
    except paging.BadCursor:
        return render(request, "desk/rows_lost.html", {"state": state, "width": len(state.columns) + 1})
    return render(request, "desk/rows.html", table(state, found))


@require_GET
def count(request: HttpRequest, desk: Desk) -> HttpResponse:
    """How many rows the filters leave: up to 1,000, beyond that exactly when asked (`exact=1`)."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    exact = "exact" in request.GET
    if state.few is not None:
        number = len(state.few)
    else:
        number = state.rows().order_by().count() if exact else capped_count(state.rows())
    template = "desk/chosen_all.html" if "choosing" in request.GET else "desk/count.html"
    return render(request, template, {"state": state, **_counted(number, exact)})


@require_GET
def totals(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The foot of the list: sums of the columns that hold numbers, of all rows that match, by one query."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    summed = summing.totals(state)
    return render(request, "desk/totals.html", {"state": state, "totals": summed})


@require_GET
def filter_editor(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The editor of one filter, for the pill's menu."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    name = request.GET.get("path", "")
    field = next((item for item in desk.all_filters() if item.name == name), None)
    if field is None:
        raise Http404(name)
    active = next((one for one in state.active if one.name == name), filters.Active(name, field))
    context = {"state": state, "field": field, "active": active, "asked": active.asked, "kind": _shape(field)}
    kept = [(key, value) for key, value in state.pairs if key != f"f.{name}" and not key.startswith(f"f.{name}__")]
    if state.view_asked:
        kept.append(("view", str(state.view.pk) if state.view else ""))
    options = editing.choices_of(field, request.user) if _shape(field) == "choice" else []
    chosen = active.asked.get(filters.IS) or active.asked.get(filters.NOT) or []
    return render(
        request,
        "desk/filter_editor.html",
        {
            **context,
            "kept": kept,
            "options": [(str(value), label, str(value) in chosen) for value, label in options],
            "param": f"f.{name}",
            "exclude": filters.NOT in active.asked,
            "emptiness": (active.asked.get(filters.EMPTY) or [""])[0],
            "text_operators": _text_operators(active),
            "can_be_empty": _can_be_empty(field),
        },
    )


@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, desk: Desk, key: str) -> HttpResponseBase:
    """Do a registered bulk action with the chosen rows; GET gives what its dialog asks, once that is opened."""
    action = next((one for one in desk.bulk_actions() if one.key == key), None)
    if action is None:
        raise Http404(key)
    visibility.require(request.user, action.verb, desk.model)
    if request.method == "GET":
        if not action.dialog:
            raise Http404(key)
        return render(request, action.dialog, {"desk": desk, "action": action, "once": once.new_token()})
    chosen = choosing.read(desk, request.user, request.POST)
    back = redirect(back_to(request, desk))
    if not chosen.ids and not chosen.everything:
        messages.warning(request, _("Choose some rows first."))
        return back
    try:
        result = _run(action, chosen, _asked(request.POST, key))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return back
    if isinstance(result, HttpResponseBase):
        return result
    if result:
        messages.success(request, result if isinstance(result, SafeString) else str(result))
    return back


def _run(action: Bulk, chosen: Chosen, asked: dict[str, str]) -> Any:
    if action.run_set is not None:
        return action.run_set(chosen, asked)
    assert action.run is not None
    return action.run(chosen.numbers(), by=chosen.viewer, **({"asked": asked} if action.dialog else {}))


def _asked(given: QueryDict, key: str) -> dict[str, str]:
    """What was filled into the dialog of a bulk action: its fields are called `<key>.<name>`."""
    sent = [name for name in given if name.startswith(f"{key}.")]
    return {name.removeprefix(f"{key}."): ",".join(given.getlist(name)) for name in sent}


def back_to(request: HttpRequest, desk: Desk) -> str:
    """The list as it was, from the form's `query`."""
    query = request.POST.get("query", "")
    address = list_url(desk.slug)
    return states.from_query(desk, request.user, query).url() if query else address


def _page(state: State, cursor: str = "") -> paging.Page:
    shown = loading(state.rows_in_order(), state.columns, state.order, state.viewer)
    return paging.page(shown, state.order, cursor, PAGE_SIZE)


def table(state: State, found: paging.Page) -> dict[str, Any]:
    """A page of rows as the table shows them."""
    desk = state.desk
    lead = next((column for column in state.columns if column.column.link), state.columns[0])
    editable = _editable(state)
    cells = [
        (display.Cells(column), _opening(column, column is lead, column.name in editable)) for column in state.columns
    ]
    lines = []
    for cell, _opened in cells:
        cell.prepare(found.rows)
    for row in found.rows:
        url = desk.url(row)
        lines.append({"pk": row.pk, "url": url, "cells": _cells(row, url, cells, lead)})
    following = state.url("desk:rows", after=found.next) if found.next else ""
    return {"state": state, "desk": desk, "lines": lines, "following": following, "width": len(state.columns) + 1}


def _cells(row: Any, url: str, cells: list[tuple[display.Cells, SafeString]], lead: Field) -> SafeString:
    """The cells of one row: put together here, for a loop of the template takes ten times as long."""
    parts: list[SafeString] = []
    for cell, opening in cells:
        html = cell.html(row)
        parts += (opening, format_html('<a href="{}">{}</a>', url, html) if cell.field is lead else html, CELL_ENDS)
    return SafeString("".join(parts))


CELL_ENDS = SafeString("</td>")


def _editable(state: State) -> set[str]:
    """The columns whose cells can be edited in place: those that are facts which the desk edits."""
    desk = state.desk
    if desk.edit_action is None or not visibility.may(state.viewer, "edit", desk.model):
        return set()
    return {one.name for one in desk.all_facts() if editing.is_editable(one)}


def _opening(column: Field, lead: bool, editable: bool) -> SafeString:
    """The cell's opening tag."""
    style = "card-title" if lead else "num" if column.kind.numeric else "quiet" if column.kind.temporal else ""
    name = format_html(' data-editable="{}"', column.name) if editable else ""
    return format_html('<td class="{}" data-label="{}"{}>', style, column.label, name)


def _buttons(desk: Desk, viewer: Viewer) -> list[Button]:
    """What hangs on `button:<slug>`, and on `button:*` for every general list."""
    own = [door(viewer) for door in hooks.get(f"button:{desk.slug}")]
    everywhere = [door(desk, viewer) for door in hooks.get("button:*")] if desk.general else []
    return [button for button in [*own, *everywhere] if button]


def _context(request: HttpRequest, state: State, views: list[Any]) -> dict[str, Any]:
    desk, viewer = state.desk, request.user
    looked_at = timezone.now().isoformat()
    shown = BODIES[state.layout.kind](request, state)
    narrow = {one.name for one in state.active}
    return {
        "state": state,
        "desk": desk,
        "layouts": _layouts(state),
        "looked_at": looked_at,
        "pills": [(one, state.url(drop=[f"f.{one.name}"])) for one in state.active],
        "offered": [item for item in desk.all_filters() if item.name not in narrow],
        "chooser": _chooser(state),
        "searchable": bool(desk.search_type or states.search_fields(desk)),
        "views": views,
        "this_view": next((view for view in views if state.view and view.pk == state.view.pk), None),
        "buttons": _buttons(desk, viewer),
        "may_create": bool(desk.create_action or desk.own_new_view) and visibility.may(viewer, "create", desk.model),
        "may_export": visibility.may(viewer, "export", desk.model),
        "bulk_actions": [one for one in desk.bulk_actions() if visibility.may(viewer, one.verb, desk.model)],
        "state_pairs": state.here,
        "summable": any(summing.can_be_summed(column) for column in state.columns),
        **shown,
    }


@form(layouts.LIST)
def _list(request: HttpRequest, state: State) -> dict[str, Any]:
    found = _page(state)
    heads = [head(state, column) for column in state.columns]
    return {**table(state, found), "heads": heads, **_known_count(state, found)}


LAYOUTS = {
    layouts.LIST: ("list", gettext_lazy("List")),
    layouts.GROUPED: ("list-tree", gettext_lazy("Grouped")),
    layouts.BOARD: ("layout-kanban", gettext_lazy("Board")),
    layouts.CALENDAR: ("calendar", gettext_lazy("Calendar")),
}


def _layouts(state: State) -> list[dict[str, Any]]:
    """The forms that the list can be shown in."""
    kinds = layouts.possible(state.desk)
    here = state.layout.kind
    return [
        {"icon": LAYOUTS[kind][0], "label": LAYOUTS[kind][1], "url": state.url_as(kind), "current": kind == here}
        for kind in kinds
        if len(kinds) > 1
    ]


def _known_count(state: State, found: paging.Page) -> dict[str, Any]:
    """The count, where it is known without asking for it."""
    if state.few is not None:
        return _counted(len(state.few), exact=True)
    return {} if found.next else _counted(len(found.rows), exact=True)


def _counted(number: int, exact: bool) -> dict[str, Any]:
    more = number > COUNTED and not exact
    return {"number": COUNTED if more else number, "more": more, "counted": True}


def head(state: State, column: Field) -> dict[str, Any]:
    """The head of a column, with the address that sorts by it."""
    here = state.order.field is not None and state.order.field.name == column.name
    direction = ("descending" if state.order.descending else "ascending") if here else ""
    return {"column": column, "url": state.url_sorted(column) if column.sortable else "", "direction": direction}


def _chooser(state: State) -> list[tuple[Field, bool, str]]:
    """The columns, whether they are shown, and what moving one is called."""
    shown = [column.name for column in state.columns]
    rest = [column for column in state.desk.all_columns() if column.name not in shown]
    move = _("Move %(column)s up")
    return [(column, column.name in shown, move % {"column": column.label}) for column in [*state.columns, *rest]]


def _shape(field: Field) -> str:
    if field.kind.textual:
        return "text"
    if field.kind.temporal:
        return "date"
    if field.kind.numeric:
        return "number"
    return {Kind.BOOLEAN: "boolean", Kind.DATA: "data"}.get(field.kind, "choice")


def _text_operators(active: filters.Active) -> list[tuple[str, str, bool]]:
    labels = {filters.HAS: _("contains"), filters.IS: _("is"), filters.NOT: _("is not")}
    present = next((operator for operator in labels if operator in active.asked), filters.HAS)
    param = f"f.{active.name}"
    return [(f"{param}__{key}" if key else param, label, key == present) for key, label in labels.items()]


def _can_be_empty(field: Field) -> bool:
    if field.column.condition is not None:
        return True
    return field.path is not None and (field.path.nullable or field.path.many or bool(field.path.field.blank))
