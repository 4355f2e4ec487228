"""What can be wrong with records that are to be matched."""

from __future__ import annotations

from django.conf import settings
from django.utils.functional import Promise


class CannotMatch(ValueError):
    """Records cannot be matched as they are; the message says what is wrong, where, and how to mend it."""


def said(message: str | Promise, values: dict[str, object] | None = None) -> str:
    """A lazy message with its values, in the reader's language; in English where Django is not set up."""
    if isinstance(message, Promise) and not settings.configured:
        message = message._args[0]  # type: ignore[attr-defined]
    return str(message) % values if values else str(message)
