"""The panel of files on a record page; uploads, downloads and previews."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from guanxi.foundation import belonging
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments import actions, kinds, storing, uploading
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.visibility import Viewer, may

SHOWN = 50
AT_ONCE = 20
CSP = "default-src 'none'; sandbox; img-src 'self'; frame-ancestors 'none'"


def panel(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The context of the panel."""
    rows = Attachment.objects.of(record).select_related("content", "by")
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "files": [(row, picture_of(row)) for row in rows.order_by("-id")[:SHOWN]],
        "may_edit": may(viewer, "edit", record),
        "limit": settings.GUANXI_FILE_LIMIT,
    }


ICONS = [
    ("image/", "photo"), ("audio/", "music"), ("video/", "video"), ("application/pdf", "file-type-pdf"),
    ("text/csv", "file-spreadsheet"), ("text/", "file-text"), ("zip", "file-zip"), ("spreadsheet", "file-spreadsheet"),
    ("excel", "file-spreadsheet"), ("word", "file-word"), ("presentation", "presentation"), ("message/", "mail"),
]  # fmt: skip


def picture_of(row: Attachment) -> str:
    """The icon of a file."""
    return next((icon for part, icon in ICONS if part in row.media_type), "file")


def _panel(request: HttpRequest, record: Any, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "attachments/panel.html", {**panel(record, request.user), **more}, status=status)


@require_http_methods(["GET", "POST"])
def of(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The panel (GET); files are attached (POST), each for itself: what is wrong with some does not keep others out."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    if request.method == "GET":
        return _panel(request, record)
    files = request.FILES.getlist("files")
    wrong = [actions.too_large(name).message for name in getattr(request, uploading.SKIPPED, [])]
    if len(files) > AT_ONCE:
        wrong.append(_("At most %(most)s files at once; the rest was left out.") % {"most": AT_ONCE})
    for file in files[:AT_ONCE]:
        try:
            actions.attach(record, file.name or "", file, by=request.user)
        except Refused as refusal:
            wrong.append(refusal.message)
    if not files and not wrong:
        wrong.append(_("Choose a file first."))
    return _panel(request, record, 422 if wrong else 200, wrong=wrong)


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The file, to be saved: never shown by the browser, whatever it holds."""
    row = _row(request, pk)
    try:
        file = storing.shelf().open(row.content.path)
    except OSError as error:
        raise Http404(_("The content of this file is missing.")) from error
    response = FileResponse(file, as_attachment=True, filename=row.name, content_type=kinds.served_as(row.media_type))
    response["Content-Length"] = row.content.size
    return _harmless(response)


@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The small picture of a picture, made here."""
    row = _row(request, pk)
    if not row.content.preview:
        raise Http404
    response = FileResponse(storing.shelf().open(row.content.preview_path), content_type="image/webp")
    response["Cache-Control"] = "private, max-age=86400"
    return _harmless(response)


@require_safe
def open_(request: HttpRequest, pk: int) -> HttpResponse:
    """The record that a file hangs on."""
    row = _row(request, pk)
    return redirect(f"{belonging.url_of(belonging.find_record(row.object_type, row.object_id, request.user))}#files")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file away."""
    if not Attachment.objects.visible_to(request.user).filter(pk=pk).exists():
        return HttpResponse(_("This file is gone already; load the page again."), status=404)
    return _panel(request, actions.remove(pk, by=request.user))


def _row(request: HttpRequest, pk: int) -> Attachment:
    return get_object_or_404(Attachment.objects.visible_to(request.user).select_related("content"), pk=pk)


def _harmless(response: FileResponse) -> FileResponse:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = CSP
    return response
