"""What the form of a custom field says, as the actions take it; and as it is shown again when it is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from guanxi.foundation.custom_fields import definitions, homes
from guanxi.foundation.custom_fields.models import CustomField

K = CustomField.Kind
FLAGS = ("required", "in_list", "searchable", "filterable", "sensitive")
PLAIN_OPTIONS = ("pattern", "unit", "currency", "least", "most", "formula", "result")
ROLL_UP = ("source", "function", "of", "days", "where")


@dataclass
class Typed:
    """One sending of the form."""

    object_type: str
    kind: str
    key: str = ""
    names: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, Any]:
        """All but what never changes, as `edit_field` takes it."""
        return {"names": self.names, "options": self.options, **self.more}

    def draft(self) -> CustomField:
        """The field as it would be, not kept; options that are wrong are left as they were typed."""
        more = {name: value for name, value in self.more.items() if name != "default"}
        options = {name: value for name, value in self.options.items() if value not in ("", None, [])}
        made = CustomField(
            object_type=self.object_type, key=self.key or "key", names=self.names, kind=self.kind, **more
        )
        made.options = options
        made.default = self.more.get("default") or None
        return made


def read(given: QueryDict, before: CustomField | None = None) -> Typed:
    """What was sent; type, kind and key of a field that is there already stay what they are."""
    kind = before.kind if before else given.get("kind", K.TEXT)
    options: dict[str, Any] = {name: given.get(name, "").strip() for name in PLAIN_OPTIONS if name in given}
    if kind in (K.CHOICE, K.CHOICES):
        options["choices"] = _choices(given)
    if kind == K.ROLL_UP:
        options["roll_up"] = {name: given.get(f"roll_up.{name}", "").strip() for name in ROLL_UP}
    more: dict[str, Any] = {name: given.get(name) == "on" for name in FLAGS}
    more |= {name: given.get(name, "").strip() for name in ("help", "section")}
    more["default"] = given.get("default", "").strip() or None
    return Typed(
        object_type=before.object_type if before else given.get("object_type", ""),
        kind=kind if kind in K.values else K.TEXT,
        key=before.key if before else given.get("key", "").strip(),
        names={code: given.get(f"name.{code}", "").strip() for code in definitions.LANGUAGES},
        options=options,
        more=more,
    )


def of(row: CustomField) -> Typed:
    """A field as its form shows it."""
    more = {name: getattr(row, name) for name in (*FLAGS, "help", "section", "default")}
    return Typed(row.object_type, row.kind, row.key, dict(row.names), dict(row.options), more)


def fresh(object_type: str, kind: str = "") -> Typed:
    """The form of a new field."""
    known = [home.label for home in homes.homes()]
    more = dict.fromkeys(FLAGS, False) | {"filterable": True, "help": "", "section": "", "default": None}
    return Typed(
        object_type if object_type in known else known[0], kind if kind in K.values else K.TEXT, "", {}, {}, more
    )


def _choices(given: QueryDict) -> list[dict[str, Any]]:
    """The rows of the table of choices, in the order in which they stand; blank ones are left out."""
    columns = {code: given.getlist(f"choice.{code}") for code in definitions.LANGUAGES}
    codes, colours = given.getlist("choice.code"), given.getlist("choice.colour")
    rows = []
    for place, code in enumerate(codes):
        names = {language: said[place].strip() for language, said in columns.items() if place < len(said)}
        if code or any(names.values()):
            colour = colours[place] if place < len(colours) else "grey"
            rows.append({"code": code, "names": {k: v for k, v in names.items() if v}, "colour": colour})
    return rows
