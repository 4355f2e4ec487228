"""The fields of a type of record as a file may hold them, from its desk's own declaration, custom fields included."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import translation

from guanxi.foundation.custom_fields import known
from guanxi.foundation.desk import Desk, editing
from guanxi.foundation.desk.declaration import Field as DeskField
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.records import writing
from guanxi.intake.field import DAY, MOMENT, NUMBER, TEXT, WORD, Field, can_be_said, custom_field, plain
from guanxi.intake.words import YES_NO

KINDS = {
    Kind.NUMBER: NUMBER,
    Kind.MONEY: NUMBER,
    Kind.QUANTITY: NUMBER,
    Kind.DATE: DAY,
    Kind.MOMENT: MOMENT,
    Kind.BOOLEAN: WORD,
    Kind.CHOICE: WORD,
}
LONGEST = 10_000
EXAMPLES = {NUMBER: "1", DAY: "2026-01-05", MOMENT: "2026-01-05 10:30"}


def written(desk: Desk) -> dict[str, DeskField]:
    """What can be written of a record by name: the key first, then what a new one takes, then what can be edited."""
    facts = [one for one in desk.all_facts() if editing.is_editable(one)] if desk.edit_action is not None else []
    found = {one.name: one for one in [*writing.of_new(desk), *facts]}
    return {name: found[name] for name in sorted(found, key=lambda name: name != desk.importable)}


def fields(desk: Desk) -> list[Field]:
    """The fields of a file of this type."""
    made = [_field(desk, one) for one in written(desk).values()]
    return [one for one in made if one is not None]


def _field(desk: Desk, one: DeskField) -> Field | None:
    column, _dot, key = one.name.partition(".")
    custom = known.find(desk.model._meta.label_lower, key) if key and column == desk.custom else None
    if custom is not None:
        return custom_field(one.name, custom) if can_be_said(custom) else None
    kind = KINDS.get(one.kind, TEXT)
    words = None
    if kind == WORD:
        words = YES_NO if one.kind is Kind.BOOLEAN else _words(one)
    return Field(
        one.name,
        one.label,
        kind,
        required=one.name == desk.importable,
        longest=_longest(one),
        synonyms=_synonyms(one),
        words=words,
        ahead=True,
    )


def _longest(one: DeskField) -> int:
    own = getattr(one.path.field, "max_length", None) if one.path is not None and one.kind is Kind.TEXT else None
    return own or LONGEST


def _words(one: DeskField) -> dict[str, str]:
    """What a file may say of a choice: what is stored, and its name in every language."""
    words = {str(value).lower(): str(value) for value, _label in one.choices if value not in ("", None)}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            words |= {str(label).lower(): str(value) for value, label in one.choices if value not in ("", None)}
    return words


def _synonyms(one: DeskField) -> tuple[str, ...]:
    """The names of a field in every language."""
    names = [one.name]
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            names.append(str(one.label))
    return tuple(dict.fromkeys(plain(name) for name in names))


def sample(desk: Desk) -> list[list[str]]:
    """A small file: its header, and a row by which one sees how the values are written."""
    known_fields = fields(desk)
    return [[one.name for one in known_fields], [_example(one) for one in known_fields]]


def _example(one: Field) -> str:
    if one.words:
        return next(iter(one.words))
    given: Any = EXAMPLES.get(one.kind)
    return given or ("A-1" if one.required else "")
