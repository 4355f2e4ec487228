"""Those who open a page without log-in: where they come from, and whether they ask too often."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from django.http import HttpRequest

WINDOW = 60  # seconds


def address(request: HttpRequest) -> str:
    """The address that a request came from."""
    return str(request.META.get("REMOTE_ADDR", ""))


def too_many(request: HttpRequest, what: str, most: int, window: int = WINDOW) -> bool:
    """Whether this address asked more than `most` times for `what` within so many seconds; counted in the cache that
    all processes share, by a hash of the address."""
    key = f"{what}:{hashlib.sha256(address(request).encode()).hexdigest()[:32]}"
    if cache.add(key, 1, window):
        return False
    try:
        return cache.incr(key) > most
    except ValueError:  # it ran out meanwhile
        return False
