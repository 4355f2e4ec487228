"""Filters of the wizard's templates."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def of(labels: dict[str, Any], name: str) -> Any:
    """The label of a field, or its name where it has none."""
    return labels.get(name, name)
