"""`fields=name,city` on any GET: of what it answers, only these and the number."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse


def only(response: HttpResponse, fields: str) -> HttpResponse:
    """`response` with those fields of its object, its list or the items of its page; of none of these, as it is."""
    names = {name.strip() for name in fields.split(",")} - {""}
    names |= {"id", "expanded"}  # what was asked for by `expand` stays too
    if "*" in names or not response.headers.get("Content-Type", "").startswith("application/json"):
        return response
    told = json.loads(response.content)
    if isinstance(told, dict) and isinstance(told.get("items"), list):
        told["items"] = [_chosen(item, names) for item in told["items"]]
    else:
        told = [_chosen(item, names) for item in told] if isinstance(told, list) else _chosen(told, names)
    response.content = json.dumps(told, ensure_ascii=False).encode()
    return response


def _chosen(item: Any, names: set[str]) -> Any:
    return {name: value for name, value in item.items() if name in names} if isinstance(item, dict) else item
