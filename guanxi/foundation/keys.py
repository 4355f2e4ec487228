"""What single keys do: declared once, for the scripts that listen and for the dialogue that tells (key “?”).

hooks.register("shortcut", Shortcut("x", "choose", _("Choose the row"), LIST))

A page reacts to the name: `body` gets the event "shortcut" with it. Menu entries have their own letter after “g”
(`MenuEntry.key`). Whoever does not want single keys (they get in the way of speech
input) switches them off for himself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks

ANYWHERE, LIST, RECORD = "anywhere", "list", "record"
PLACES = {ANYWHERE: _("Anywhere"), LIST: _("In a list"), RECORD: _("On a record")}
GO = "g"  # before the letter of a menu entry


@dataclass(frozen=True)
class Shortcut:
    """A key, the name of what it does, and that in words."""

    key: str
    name: str
    label: Any
    where: str = ANYWHERE
    shown: str = ""  # how people read the key, where that is not the key itself
    order: int = 100

    @property
    def words(self) -> str:
        """The key as people read it."""
        return self.shown or self.key


for number, shortcut in enumerate(
    [
        Shortcut("?", "help", _("Show all keys")),
        Shortcut("/", "search", _("Search")),
        Shortcut("n", "new", _("Make something new")),
        Shortcut(GO, "go", _("Go to: then the letter of a place")),
        Shortcut("j", "down", _("Next row"), LIST),
        Shortcut("k", "up", _("Previous row"), LIST),
        Shortcut("Enter", "open", _("Open the row"), LIST, "↵"),
        Shortcut("e", "edit", _("Edit the cell, or the first that can be"), LIST, "e, F2"),
        Shortcut("x", "choose", _("Choose the row"), LIST),
        Shortcut("X", "choose-range", _("Choose all rows from the last chosen one to here"), LIST, "⇧ x"),
        Shortcut("[", "previous", _("Previous record of the list"), RECORD, "[, Ctrl ←"),
        Shortcut("]", "next", _("Next record of the list"), RECORD, "], Ctrl →"),
        Shortcut("e", "edit", _("Edit the first fact"), RECORD),
        Shortcut("s", "star", _("Star the record, or take the star away"), RECORD),
    ]
):
    hooks.register("shortcut", shortcut, order=number)


def declared() -> list[Shortcut]:
    """All of them, in order."""
    return hooks.get("shortcut")


def names() -> dict[str, str]:
    """What each key is called by the scripts."""
    return {one.key: one.name for one in declared()}


def by_place() -> list[tuple[Any, list[Shortcut]]]:
    """For the dialogue: where they work, and which."""
    return [(label, [one for one in declared() if one.where == place]) for place, label in PLACES.items()]
