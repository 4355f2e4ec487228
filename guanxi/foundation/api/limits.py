"""How often a caller may ask: so many requests a minute, over all processes, told in the headers of each answer.

A process takes a part of the minute's allowance from the database at once and deals it out from memory: one write for
dozens of requests, and at most that many are lost where it stops. Headers as in the IETF's draft `RateLimit`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from ninja.errors import Throttled

from guanxi.foundation.api.models import Allowance

WINDOW = 60  # seconds
PARTS = 40  # of a minute's allowance: what a process takes at once
MOST_KEYS = 10_000


@dataclass
class Held:
    """What this process holds of a caller's allowance."""

    window: int
    left: int = 0
    used: int = 0  # by all, as far as known


_held: dict[str, Held] = {}


def spend(request: HttpRequest, key: str) -> None:
    """Count this request, once. Raises Throttled where the caller's minute is used up."""
    limit = settings.GUANXI_API_LIMIT
    if not limit or hasattr(request, "allowance_left"):
        return
    window, part = int(time.time()) // WINDOW, max(1, limit // PARTS)
    held = _held.get(key)
    if held is None or held.window != window:
        if len(_held) > MOST_KEYS:
            _held.clear()
        held = _held[key] = Held(window)
    if held.left <= 0:
        held.left = _take(key, window, part, limit, held)
    held.left -= 1
    request.allowance_left = max(0, limit - held.used + held.left)  # type: ignore[attr-defined]
    if held.left < 0:
        held.left = 0
        request.allowance_left = 0  # type: ignore[attr-defined]
        raise Throttled(wait=_rest())


def _take(key: str, window: int, part: int, limit: int, held: Held) -> int:
    """Take a part from the database; how many requests that gives."""
    try:
        with transaction.atomic():
            row, _new = Allowance.objects.get_or_create(key=key, window=window)
            part = min(part, max(0, limit - row.used))
            taken = part and Allowance.objects.filter(pk=row.pk, used__lte=limit - part).update(used=F("used") + part)
        held.used = min(limit, row.used + (part if taken else 0))
        return part if taken else 0
    except DatabaseError:
        return part  # a busy database shall not turn callers away


def _rest() -> int:
    """The seconds until the next window."""
    return WINDOW - int(time.time()) % WINDOW


def tell(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """`response` with what is left of the minute."""
    left = getattr(request, "allowance_left", None)
    if left is not None:
        response["RateLimit-Policy"] = f'"minute";q={settings.GUANXI_API_LIMIT};w={WINDOW}'
        response["RateLimit"] = f'"minute";r={left};t={_rest()}'
    return response


def forget() -> int:
    """Forget the minutes that are over; how many."""
    return Allowance.objects.filter(window__lt=int(time.time()) // WINDOW - 1).delete()[0]
