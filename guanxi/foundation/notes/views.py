"""The panel of notes on a record page, and what is done in it; each answers with the panel as it then is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.foundation import belonging
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.notes import actions, queries
from guanxi.foundation.notes.models import LONGEST, Note
from guanxi.foundation.once import FIELD, new_token, once
from guanxi.foundation.visibility import Viewer, may


def panel(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The context of the panel."""
    lines = queries.of(record, viewer)
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "lines": lines,
        "more": lines[-1].note.pk if len(lines) == queries.SHOWN else None,
        "may_edit": may(viewer, "edit", record),
        "longest": LONGEST,
        "once": new_token(),
    }


def _panel(request: HttpRequest, record: Any, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "notes/panel.html", {**panel(record, request.user), **more}, status=status)


def _note(request: HttpRequest, pk: int) -> tuple[Note, Any]:
    note = get_object_or_404(Note.objects.visible_to(request.user), pk=pk)
    return note, belonging.record_or_404(note.object_type, note.object_id, request.user)


@require_http_methods(["GET", "POST"])
def of(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The panel (GET; `before` gives older notes), a new note (POST)."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    if request.method == "GET":
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < 19:
            lines = queries.of(record, request.user, before=int(before))
            more = lines[-1].note.pk if len(lines) == queries.SHOWN else None
            return render(request, "notes/lines.html", {**panel(record, request.user), "lines": lines, "more": more})
        return _panel(request, record)
    text, untold = request.POST.get("text", ""), []

    def work() -> int:
        written = actions.write(record, text, by=request.user)
        untold.extend(written.untold)
        return written.note.pk

    try:
        once(request.user, request.POST.get(FIELD, ""), work)
    except Refused as refusal:
        return _panel(request, record, 422, draft=text, error=refusal.message)
    return _panel(request, record, untold=untold)


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor of a note (GET), its new text (POST)."""
    note, record = _note(request, pk)
    if request.method == "GET":
        return _panel(request, record, editing=note.pk, draft=note.text, seen=note.text)
    text, seen = request.POST.get("text", ""), request.POST.get("seen", "").replace("\r\n", "\n")
    try:
        written = actions.edit(pk, text, seen or None, by=request.user)
    except Conflict as conflict:
        message = _("Meanwhile somebody changed this note; it now says: “%(theirs)s”. Save again to replace it.")
        error = message % {"theirs": conflict.theirs}
        return _panel(request, record, 409, editing=pk, draft=text, seen=conflict.theirs, error=error)
    except Refused as refusal:
        return _panel(request, record, 422, editing=pk, draft=text, seen=seen, error=refusal.message)
    return _panel(request, record, untold=written.untold)


@require_POST
def pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin a note, or let it go."""
    _note_row, record = _note(request, pk)
    actions.pin(pk, request.POST.get("pinned") == "1", by=request.user)
    return _panel(request, record)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a note."""
    note = Note.objects.visible_to(request.user).filter(pk=pk).first()
    if note is None:
        return HttpResponse(_("This note is gone already; load the page again."), status=404)
    return _panel(request, actions.remove(pk, by=request.user))


@require_GET
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """What a note said before."""
    note, _record_row = _note(request, pk)
    told = [(entry, (entry.changes.get("text") or [None, None])[0]) for entry in queries.versions(note, request.user)]
    return render(request, "notes/versions.html", {"note": note, "told": [line for line in told if line[1]]})


@require_GET
def colleagues(request: HttpRequest) -> HttpResponse:
    """Whom one may mean by what was typed after an @."""
    return render(
        request, "notes/colleagues.html", {"found": queries.colleagues(request.GET.get("q", ""), request.user)}
    )


@require_GET
def open_(request: HttpRequest, pk: int) -> HttpResponse:
    """The record that a note is on, at the note."""
    note, record = _note(request, pk)
    return redirect(f"{belonging.url_of(record)}#note-{note.pk}")
