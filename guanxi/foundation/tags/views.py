"""The panel of tags on a record page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from guanxi.foundation import belonging
from guanxi.foundation.actions import Refused
from guanxi.foundation.tags import actions, queries
from guanxi.foundation.visibility import Viewer, may


def panel(record: Any, viewer: Viewer) -> dict[str, Any]:
    """The context of the panel."""
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "tags": queries.of(record),
        "may_edit": may(viewer, "edit", record),
    }


@require_http_methods(["GET", "POST"])
def of(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The panel; `name` adds tags (several with commas between), `off` takes one away."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    more: dict[str, Any] = {}
    if request.method == "POST":
        off, name = request.POST.get("off", ""), request.POST.get("name", "")
        try:
            if off.isdecimal() and len(off) < 19:
                actions.untag(record, int(off), by=request.user)
            else:
                names = [one for one in name.replace("，", ",").split(",") if one.strip()]
                actions.tag(record, names or [""], by=request.user)
        except Refused as refusal:
            more = {"error": refusal.message, "draft": name}
        more["focus"] = True
    answer = {**panel(record, request.user), **more}
    return render(request, "tags/panel.html", answer, status=422 if "error" in more else 200)


@require_GET
def suggestions(request: HttpRequest) -> HttpResponse:
    """Tags that fit what is being typed, as options of a data list."""
    typed = str(next(iter(request.GET.values()), ""))  # the field is called otherwise in each form
    words = typed.replace("，", ",").rpartition(",")[2]
    return render(request, "tags/suggestions.html", {"tags": queries.suggested(words, request.user)})
