"""What a program wants to hear of what it said: the record, or with `Prefer: return=minimal` (RFC 7240) its address.

Who brings one system up to date from another has no use for the record, and making it takes a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters
from ninja import Status

HEADER, MINIMAL = "Prefer", "return=minimal"
NUMBERED = "/by/"  # what stands in an address before the number of another system
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "204 and the record's address as `Location`, in place of the record (RFC 7240).",
    "schema": {"type": "string", "enum": [MINIMAL, "return=representation"]},
}


def told(request: HttpRequest, number: int, new: bool, whole: Callable[[], Any]) -> Any:
    """The answer to what was said of a record by the number of another system; `whole` finds the record, where it is
    wanted."""
    if not wants_little(request):
        return Status(201 if new else 200, whole())
    collection = request.path.partition(NUMBERED)[0]
    return HttpResponse(status=204, headers={"Location": f"{collection}/{number}", "Preference-Applied": MINIMAL})


def wants_little(request: HttpRequest) -> bool:
    """Whether the caller wants no record back."""
    preferred = (parse_header_parameters(part)[0] for part in request.headers.get(HEADER, "").split(","))
    return MINIMAL in (one.replace(" ", "").replace('"', "") for one in preferred)
