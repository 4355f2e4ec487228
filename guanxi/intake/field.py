"""One field of an import, and a custom field as one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from guanxi.foundation.custom_fields.models import CustomField
from guanxi.intake.words import YES_NO

TEXT, MOMENT, DAY, NUMBER, WORD = "text", "moment", "day", "number", "word"


@dataclass(frozen=True)
class Field:
    """One field of an import. `many`: several columns may feed it (discounts add up, categories join to a path)."""

    name: str
    label: Any
    kind: str = TEXT
    required: bool = False
    longest: int = 200
    many: bool = False
    synonyms: tuple[str, ...] = ()
    words: dict[str, str] | None = None  # for WORD: what the file may say -> what is stored
    ahead: bool = False  # a day that may lie in the future
    several: bool = False  # for WORD: a cell may hold several, with commas between


def plain(name: str) -> str:
    """A column's name as names are compared: full width folded, lower case, only letters and digits."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def names(text: str) -> tuple[str, ...]:
    """Names with bars between, as names are compared."""
    return tuple(plain(name) for name in text.split("|"))


def can_be_said(field: CustomField) -> bool:
    """Whether a file can hold values of a custom field."""
    return not (field.worked_out or field.kind in ("person", "party") or "turning" in field.options)


def custom_field(path: str, field: CustomField) -> Field:
    """A custom field of any type: its names in all languages are synonyms, its choices go by code or by any name."""
    kind, words, longest = _CUSTOM_KINDS.get(field.kind, TEXT), None, 200
    if kind == WORD:
        words = YES_NO
    if field.kind in ("choice", "choices"):
        words = {
            said.lower(): one["code"]
            for one in field.choice_list
            if not one.get("gone")
            for said in (one["code"], *one["names"].values())
        }
    if field.kind in ("long_text", "link"):
        longest = 10_000 if field.kind == "long_text" else 500
    known = [field.key, path, *field.names.values()]
    synonyms = tuple(dict.fromkeys(plain(name) for name in known))
    several = field.kind == "choices"
    return Field(
        path,
        field.label,
        kind,
        longest=longest,
        synonyms=synonyms,
        words=words,
        ahead=True,
        several=several,
    )


_CUSTOM_KINDS = {
    "number": NUMBER,
    "money": NUMBER,
    "date": DAY,
    "moment": MOMENT,
    "yes_no": WORD,
    "choice": WORD,
    "choices": WORD,
}
