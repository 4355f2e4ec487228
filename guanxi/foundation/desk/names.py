"""What fields are called that do not say it themselves: Django makes their names of the attributes, in English."""

from __future__ import annotations

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy, gettext_noop

# Collected for translation; what is missing here stands there in English.
MADE = [
    gettext_noop("actor"),
    gettext_noop("address"),
    gettext_noop("created"),
    gettext_noop("created at"),
    gettext_noop("digest"),
    gettext_noop("external id"),
    gettext_noop("hint"),
    gettext_noop("import run"),
    gettext_noop("last used at"),
    gettext_noop("level"),
    gettext_noop("order"),
    gettext_noop("other"),
    gettext_noop("parent"),
    gettext_noop("party"),
    gettext_noop("payload"),
    gettext_noop("place"),
    gettext_noop("read"),
    gettext_noop("read at"),
    gettext_noop("received at"),
    gettext_noop("requested by"),
    gettext_noop("rows"),
    gettext_noop("updated"),
]


def worded(name: Any) -> Any:
    """`name` with a capital and, where it was made of an attribute, in the reader's language."""
    if isinstance(name, str):
        return capfirst(gettext_lazy(name.replace("_", " ").replace(".", " ")))
    return capfirst(name)
