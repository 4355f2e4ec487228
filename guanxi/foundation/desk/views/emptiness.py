"""What to do about a list that shows nothing because it is asked too narrowly: which filter to drop, and what is there
without it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from guanxi.foundation import visibility
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.rows import COUNTED, capped_count
from guanxi.foundation.desk.state import State

MOST = 6  # filters tried


@require_GET
def narrow(request: HttpRequest, desk: Desk) -> HttpResponse:
    """How many rows there would be without each filter; those that help come first, each dropped by a click."""
    visibility.require(request.user, "view", desk.model)
    state = states.read(desk, request.user, request.GET)
    offers = [_without(state, f"f.{one.name}", one.text) for one in state.active[:MOST]]
    if state.text:
        offers.append(_without(state, "q", _("“%(text)s” in the search box") % {"text": state.text[:60]}))
    helpful = sorted((one for one in offers if one["count"]), key=lambda one: -one["count"])
    anything = bool(helpful) or desk.rows(request.user).exists()
    context = {"offers": helpful, "tried": len(offers), "anything": anything, "state": state, "desk": desk}
    return render(request, "desk/narrow.html", context)


def _without(state: State, name: str, words: str) -> dict[str, Any]:
    """What is there without one filter."""
    given = [(key, value) for key, value in state.here if key != name and not key.startswith(f"{name}__")]
    query = urlencode(given)
    other = states.from_query(state.desk, state.viewer, query)
    count = 0 if other.broken else capped_count(other.rows())
    return {"words": words, "url": state.url(drop=[name]), "count": min(count, COUNTED), "more": count > COUNTED}
