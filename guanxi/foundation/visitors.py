"""Those who open a page without log-in: whether they ask too often, and how a page is given to them."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from guanxi.foundation.middleware import address_of

WINDOW = 60  # seconds


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page behind a link that is as good as a key: found by no search engine, and told to no other site."""
    response = render(request, template, context, status=status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def too_many(request: HttpRequest, what: str, most: int, window: int = WINDOW) -> bool:
    """Whether this address asked more than `most` times for `what` within so many seconds; counted in the cache that
    all processes share, by a hash of the address."""
    key = f"{what}:{hashlib.sha256(address_of(request).encode()).hexdigest()[:32]}"
    if cache.add(key, 1, window):
        return False
    try:
        return cache.incr(key) > most
    except ValueError:  # it ran out meanwhile
        return False
