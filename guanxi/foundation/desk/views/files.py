"""A list as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from guanxi.foundation import clock, hooks, sensitive, visibility
from guanxi.foundation.desk import actions, choosing, export, paging
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.among import Among
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.rows import loading
from guanxi.foundation.desk.state import State

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "POST"])
def csv_file(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """The list, or the chosen rows, as CSV."""
    state, rows = _asked(request, desk, "csv")
    if state.broken:
        return _mend_first(request, state)
    lines = visibility.seen_by(request.user, export.csv_lines(state.columns, rows))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_filename(desk)}.csv"'
    return response


@require_http_methods(["GET", "POST"])
def xlsx_file(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """The list, or the chosen rows, as XLSX."""
    state, rows = _asked(request, desk, "xlsx")
    if state.broken:
        return _mend_first(request, state)
    from guanxi.foundation.desk import spreadsheet  # it brings openpyxl, and that much else

    file = spreadsheet.xlsx(str(desk.plural), state.columns, rows)
    return FileResponse(file, as_attachment=True, filename=f"{_filename(desk)}.xlsx", content_type=XLSX)


def _asked(request: HttpRequest, desk: Desk, shape: str) -> tuple[State, Iterator[Any]]:
    visibility.require(request.user, "export", desk.model)
    posted = request.method == "POST"
    query = request.POST.get("query", "") if posted else request.GET.urlencode()
    state = states.from_query(desk, request.user, query)
    rows = state.rows()
    said = state.query
    if posted and not request.POST.get("all"):
        ids = choosing.read(desk, request.user, request.POST).ids
        rows = rows.filter(Among("pk", ids))
        said = f"{said}&ids={','.join(str(number) for number in ids)}"
    for narrowed in hooks.get(f"export:{desk.slug}"):
        rows = narrowed(rows)
    if not state.broken:
        actions.note_export(desk, shape, said, by=request.user)
        for field in state.columns:
            if sensitive.is_sensitive(field.path):
                sensitive.note(field.name, sensitive.EXPORT, None, by=request.user, why=said)
    return state, paging.everything(loading(rows, state.columns, state.order, request.user), state.order)


def _mend_first(request: HttpRequest, state: State) -> HttpResponseBase:
    messages.error(request, _("A filter of this list cannot be understood. Mend it before you export."))
    return redirect(state.url())


def _filename(desk: Desk) -> str:
    return f"{slugify(desk.slug)}-{clock.today().isoformat()}"
