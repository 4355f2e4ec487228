"""How good the win score is, version by version."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.visibility import may, require
from guanxi.sales.winning import showing, tasks
from guanxi.sales.winning.models import WinModel, WinRun


@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """The model in use, what has moved since, and the versions before it."""
    require(request.user, "view", WinModel)
    context = showing.page(request.user) | {"may_score": may(request.user, "run", WinRun)}
    return render(request, "winning/models.html", context)


@require_GET
def model(request: HttpRequest, pk: int) -> HttpResponse:
    """One version with all that is kept of it."""
    known = WinModel.objects.visible_to(request.user).select_related("run")
    return render(request, "winning/model.html", {"one": showing.Version(get_object_or_404(known, pk=pk))})


@require_POST
def score(request: HttpRequest) -> HttpResponse:
    """Let it score now; shows the task."""
    task = tasks.score_now(by=request.user)
    messages.success(request, _("It scores as soon as a worker is free; you can leave this page."))
    return redirect("desk:record", "tasks", task.pk)
