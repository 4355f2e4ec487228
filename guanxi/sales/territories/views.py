"""Doing a re-cut from its page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import require
from guanxi.sales.territories import actions
from guanxi.sales.territories.models import Recut


@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the customers as it was simulated."""
    require(request.user, "run", Recut)
    recut = get_object_or_404(Recut.objects.visible_to(request.user), pk=pk)
    try:
        actions.carry_out(recut.pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("desk:record", "recuts", pk)
