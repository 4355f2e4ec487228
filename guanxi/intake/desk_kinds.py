"""The types of record whose desk says `importable`: each is one more kind of import, made from its declaration."""

from __future__ import annotations

from typing import Any

from guanxi.foundation import hooks
from guanxi.foundation.desk import Desk

# What has a way of its own into the house (ImportRun.Kind), whatever its desk says.
OWN = ("sales", "parties", "relationships", "products", "prices", "events", "consents")


def desks() -> list[Desk]:
    """The desks of those types."""
    return [desk for desk in hooks.get("desk") if desk.importable and desk.create_action and desk.slug not in OWN]


def desk_of(kind: str) -> Desk | None:
    """The desk of such a kind of import; None for the kinds of this package's own."""
    return next((desk for desk in desks() if desk.slug == kind), None)


def choices() -> list[tuple[str, Any]]:
    """The kinds with their names."""
    return [(desk.slug, desk.plural) for desk in desks()]
