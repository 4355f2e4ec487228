"""The status page, and the button that starts a backup."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.visibility import may, require
from guanxi.operations import reporting, tasks
from guanxi.operations.models import Backup


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """How everything stands that keeps the installation running; the list renews itself."""
    require(request.user, "view", Backup)
    lines = reporting.lines()
    troubles = sum(line.tone != reporting.GOOD for line in lines)
    context = {"lines": lines, "troubles": troubles}
    if request.headers.get("HX-Request"):
        return render(request, "operations/lines.html", context)
    more = {
        "versions": reporting.versions(),
        "plan": reporting.backup_plan(),
        "may_run": may(request.user, "run", Backup),
    }
    return render(request, "operations/status.html", {**context, **more})


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Let a worker make a backup now; leads to its task."""
    task = tasks.start(by=request.user)
    messages.success(request, _("The backup will be made now; you may leave this page."))
    return redirect(f"/tasks/{task.pk}/")
