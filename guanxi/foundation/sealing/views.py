"""The page that says whether the audit log is untouched."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation import visibility
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.sealing import tasks
from guanxi.foundation.sealing.models import Head
from guanxi.foundation.tasks import enqueue
from guanxi.foundation.tasks.models import BackgroundTask, State

FUNCTION = "guanxi.foundation.sealing.tasks.verify"


@require_GET
def chain(request: HttpRequest) -> HttpResponse:
    """The head of the chain, and what the latest look at all of it found."""
    visibility.require(request.user, "view", AuditEntry)
    looks = BackgroundTask.objects.filter(function=FUNCTION).order_by("-id")
    context = {
        "head": Head.objects.first(),
        "running": looks.filter(state__in=[State.WAITING, State.RUNNING]).first(),
        "look": looks.filter(state=State.DONE).first(),
        "may_look": visibility.may(request.user, "run", AuditEntry),
    }
    return render(request, "sealing/chain.html", context)


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Look at the whole chain in the background."""
    visibility.require(request.user, "run", AuditEntry)
    enqueue(tasks.verify, key="sealing.verify", by=request.user)
    messages.success(request, _("Every entry is being looked at; the result will stand here."))
    return redirect("sealing:chain")
