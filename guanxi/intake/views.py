"""The file of an import's rejected rows."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from guanxi.intake.models import ImportRun


def rejects(request: HttpRequest, run_id: int) -> FileResponse:
    """Download the rejected rows of a run."""
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=run_id)
    try:
        file = run.rejects_path.open("rb")
    except OSError as error:
        raise Http404(_("This import has no file of rejected rows.")) from error
    name = f"rejected-{run.pk}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")
