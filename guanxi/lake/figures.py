"""Figures as reports show them: values with their comparison in words, and links to the records behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation.desk.display import rounded

__all__ = ["Note", "Tile", "as_float", "change", "money", "percent_change", "rounded", "share", "whole"]

Number = Decimal | int | float | None


@dataclass(frozen=True)
class Note:
    """A remark beneath a figure; `tone` is up, down or nothing."""

    text: str
    tone: str = ""


@dataclass
class Tile:
    """One figure at the head of a report."""

    label: str
    text: str
    url: str = ""
    notes: list[Note] = field(default_factory=list)


def money(value: Number) -> str:
    """An amount as people read it: no cents from ten thousand on."""
    return rounded(value, 0 if abs(float(value or 0)) >= 10_000 else 2)


def whole(value: Number) -> str:
    """A count as people read it."""
    return rounded(int(value or 0))


def share(part: Number, total: Number) -> str:
    """`part` of `total` in per cent, or a dash where there is no total."""
    return f"{rounded(100 * float(part or 0) / float(total), 1)} %" if total else "–"


def percent_change(now: Number, before: Number) -> Note:
    """The change alone, such as “+8.2 %”; a dash where there is nothing to compare with."""
    if not before:
        return Note("–")
    difference = float(now or 0) / float(before) - 1
    sign = "+" if difference >= 0 else "−"
    return Note(f"{sign}{rounded(abs(difference) * 100, 1)} %", "up" if difference >= 0 else "down")


def change(now: Number, before: Number, words: str) -> Note:
    """How `now` compares: “+8.2 % on last Saturday”; says so where there is nothing to compare with."""
    note = percent_change(now, before)
    if not note.tone:
        return Note(_("%(when)s: no sales") % {"when": words[:1].upper() + words[1:]})
    return Note(_("%(change)s on %(when)s") % {"change": note.text, "when": words}, note.tone)


def as_float(value: Any) -> float | None:
    """For plots."""
    return None if value is None else float(value)
