"""Choices of the wizard in words: what options can be, how dates may be written, which fields there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from guanxi.customers.models import Party, PartyRole
from guanxi.intake.field import WORD, Field
from guanxi.intake.probing import ENCODINGS
from guanxi.intake.values import DATE_FORMATS, ISO
from guanxi.ledger.models import Channel, Direction
from guanxi.orders.models import Order

LABELS: dict[tuple[str, str], type[TextChoices]] = {
    ("parties", "kind"): Party.Kind,
    ("parties", "role"): PartyRole.Role,
    ("sales", "kind"): Order.Kind,
    ("sales", "channel"): Channel,
    ("events", "channel"): Channel,
    ("events", "direction"): Direction,
}
EXAMPLE = date(2026, 12, 31)


def choices(kind: str, one: Field) -> list[tuple[str, str]]:
    """What an option can be, as (value, words); empty where anything can be written."""
    if one.kind != WORD:
        return []
    labels = LABELS.get((kind, one.name))
    known = {str(value): str(label) for value, label in labels.choices} if labels else {}
    return [(value, known.get(value, value)) for value in dict.fromkeys((one.words or {}).values())]


def date_formats() -> list[tuple[str, str]]:
    """The ways to write a day, each with an example."""
    return [(ISO, f"{EXAMPLE:%Y-%m-%d}"), *((name, EXAMPLE.strftime(name)) for name in DATE_FORMATS)]


def encodings(found: str) -> list[tuple[str, str]]:
    """The encodings that files of our users have."""
    words = {
        "utf-8": "UTF-8",
        "utf-16": "UTF-16",
        "gb18030": _("Simplified Chinese (GB 18030)"),
        "big5hkscs": _("Traditional Chinese (Big5)"),
        "cp1252": _("Western European (Windows 1252)"),
    }
    names = [*ENCODINGS, *([found] if found not in ENCODINGS else [])]
    return [(name, words.get(name, name)) for name in names]


def separators() -> list[tuple[str, str]]:
    """What may stand between two cells; a tab goes by its name."""
    return [(",", _("comma")), (";", _("semicolon")), ("tab", _("tab")), ("|", _("bar"))]


def picks(known: Iterable[Field]) -> list[dict[str, Any]]:
    """The fields of a kind as the picker shows them."""
    return [
        {
            "value": one.name,
            "label": str(one.label),
            "required": one.required,
            "many": one.many,
            "words": " ".join([one.name, *one.synonyms]),
        }
        for one in known
    ]
