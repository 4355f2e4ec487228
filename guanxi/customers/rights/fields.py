"""The fields of customers that can be marked as sensitive."""

from __future__ import annotations

from typing import Any

from guanxi.customers import profile
from guanxi.customers.models import Party
from guanxi.customers.survivorship import FIELDS


def worded(name: str) -> Any:
    """How a field of the record itself is called."""
    return next(field.verbose_name for field in Party._meta.concrete_fields if field.name == name)


def choices() -> list[tuple[str, Any]]:
    """The fields that can be marked. Name and kind are how people and screens tell customers apart."""
    own = [name for name in FIELDS if name not in ("kind", "name")]
    labels: list[tuple[str, Any]] = [(name, worded(name)) for name in own]
    return labels + [(field.path, field.label) for field in profile.fields()]


def label_of(name: str) -> str:
    """How a field is called."""
    return str(dict(choices()).get(name, name))
