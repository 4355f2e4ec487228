"""Every address leads to the view that it was declared for, whatever else was declared before it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver, resolve

SAMPLES = {
    "int": "7",
    "slug": "some",
    "str": "some",
    "uuid": "0b8f1c9e-8a55-4d7c-9a51-2f5f5f0e7f11",
    "path": "some/where",
}
LEFT = ("<desk:", "static", "accounts/", "api/")  # of many types; of others


def addresses(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        else:
            yield route, pattern


def test_no_address_is_taken_by_another_one() -> None:
    wrong = []
    for route, pattern in addresses(get_resolver()):
        if any(left in route for left in LEFT) or re.search(r"[\\^$(]", route):
            continue
        sample = "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], route)
        if resolve(sample).func is not pattern.callback:
            wrong.append(f"{route}: {resolve(sample).route}")
    assert not wrong, wrong
