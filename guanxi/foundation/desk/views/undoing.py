"""The button of the history that puts a change back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.desk import history
from guanxi.foundation.desk import undoing as steps
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.views.records import row_of


@require_POST
def put_back(request: HttpRequest, desk: Desk, pk: int, entry: int) -> HttpResponse:
    """Write the values from before a change; where one was changed since, both are shown first."""
    row = row_of(request, desk, pk)
    found = steps.find(row, entry) if entry < 2**63 else None
    if found is None or not desk.history:
        raise Http404(str(entry))
    line: dict[str, Any] = {
        "entry": found,
        "changes": history.in_words(desk.model, found.changes),
        "can_put_back": True,
    }
    try:
        seen = json.loads(request.POST.get("seen") or "{}")
        steps.put_back(desk, row, found, by=request.user, seen=seen if isinstance(seen, dict) else None)
    except json.JSONDecodeError:
        line["error"] = history.lost_track()
    except Conflict as conflict:
        line["conflict"] = steps.present(desk, row_of(request, desk, pk), found, conflict)
    except Refused as refusal:
        line["error"] = refusal.message
    else:
        messages.success(request, _("Put back."))
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": desk.url(row)})
        return redirect(desk.url(row))
    status = 409 if "conflict" in line else 422
    return render(request, "desk/history_entry.html", {"desk": desk, "record": row, "line": line}, status=status)
