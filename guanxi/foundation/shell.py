"""What every page shows around its content: the side bar, the user, the bell."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def context(request: HttpRequest) -> dict[str, Any]:
    """Context for the base template."""
    return {}
