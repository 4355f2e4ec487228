"""Which types of record take custom fields: those whose desk says `custom = "…"`, the JSON column for their values.

What the house works out (formulas, roll-ups) and what retyping kept aside stand in a second column, `computed`: neither
sources nor people say it, so neither the survivorship of customers nor the audit log has to do with it. There, “!key”
holds why a value could not be worked out, and “~key” what retyping kept aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import desk as desks
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields import known
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.desk import Desk

COMPUTED = "computed"


@dataclass(frozen=True)
class Home:
    """A type of record that takes custom fields."""

    desk: Desk

    @property
    def model(self) -> Any:
        return self.desk.model

    @property
    def label(self) -> str:
        return str(self.desk.model._meta.label_lower)

    @property
    def name(self) -> str:
        return str(self.desk.plural)

    @property
    def column(self) -> str:
        """The column of what people and sources say."""
        return self.desk.custom

    @property
    def table(self) -> str:
        return str(self.desk.model._meta.db_table)

    def path(self, field: CustomField) -> str:
        """The field as lists and addresses know it."""
        return f"{COMPUTED if field.worked_out else self.column}.{field.key}"

    def fields(self, *, archived: bool = False) -> list[CustomField]:
        """Its fields, in order."""
        return known.of_type(self.label, archived=archived)


def homes() -> list[Home]:
    """All types that take custom fields."""
    found: dict[str, Home] = {}
    for desk in desks.registered():
        if desk.custom:
            found.setdefault(desk.model._meta.label_lower, Home(desk))
    return list(found.values())


def of(object_type: str) -> Home:
    """One of them; raises Refused where the type takes none."""
    found = find(object_type)
    if found is None:
        names = ", ".join(home.label for home in homes())
        message = _("Records of the type “%(type)s” take no custom fields; those that do are %(known)s.")
        raise Refused(message % {"type": object_type[:60], "known": names}, "object_type")
    return found


def find(object_type: str) -> Home | None:
    """One of them, if it takes custom fields."""
    return next((home for home in homes() if home.label == object_type), None)


def values_of(row: models.Model, home: Home) -> dict[str, Any]:
    """The stored values of all fields of a record by key, worked-out ones too."""
    said, computed = getattr(row, home.column) or {}, getattr(row, COMPUTED) or {}
    return {field.key: (computed if field.worked_out else said).get(field.key) for field in home.fields()}
