"""Custom fields of customers: declared profile fields like any other, so that sources, imports, survivorship, merges,
the lake and erasure know them (docs/decisions: one mechanism for what is known of a customer).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from guanxi.customers import profile, queries
from guanxi.customers.merged import root_of
from guanxi.customers.models import Party
from guanxi.foundation.custom_fields import kinds, known, values
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.desk import record_url
from guanxi.foundation.visibility import SYSTEM, Viewer

LABEL = "customers.party"
K = CustomField.Kind
_KINDS = {
    K.NUMBER: profile.NUMBER,
    K.MONEY: profile.NUMBER,
    K.PERSON: profile.NUMBER,
    K.PARTY: profile.NUMBER,
    K.YES_NO: profile.YES_NO,
    K.CHOICE: profile.CHOICE,
    K.CHOICES: profile.LIST,
}


@dataclass(frozen=True)
class CustomProfileField(profile.ProfileField):
    """A custom field of customers, as a key of the profile."""

    field: CustomField | None = None

    @property
    def custom(self) -> CustomField | None:
        return self.field

    def label_of(self, value: Any) -> str:
        return kinds.text(self.field, value) if self.field is not None else ""

    def clean(self, value: Any) -> Any:
        assert self.field is not None
        if "turning" in self.field.options:
            raise ValidationError(_("“%(name)s” is being retyped; try again in a moment."), params={"name": self.label})
        found = kinds.clean(self.field, value)
        if found is None and self.field.required:
            raise ValidationError(_("“%(name)s” cannot be left empty."), params={"name": self.label})
        return found


def profile_fields() -> list[profile.ProfileField]:
    """What hangs on `profile_field`: the custom fields of customers that somebody says, rather than the house."""
    return [
        CustomProfileField(
            name=field.key,
            label=field.label,
            kind=_KINDS.get(K(field.kind), profile.TEXT),
            choices=tuple(kinds.choices(field)) if field.kind == K.CHOICE else (),
            sensitive=field.sensitive,
            field=field,
        )
        for field in known.of_type(LABEL)
        if not field.worked_out
    ]


def keys_taken(object_type: str) -> list[str]:
    """The keys of the profile that packages declare."""
    return [field.name for field in profile.fields() if field.custom is None] if object_type == LABEL else []


def defaults() -> dict[str, Any]:
    """What stands in the custom fields of a new customer unless somebody says otherwise."""
    return values.defaults(LABEL)


class Parties:
    """How custom fields refer to customers: what hangs on `custom_party`."""

    def exists(self, number: int) -> bool:
        return Party.objects.filter(pk=number).exists()

    def names(self, numbers: Iterable[int]) -> dict[int, str]:
        """The names of customers by number; of those that became part of another, the other's."""
        rows = Party.objects.filter(pk__in=set(numbers)).select_related("merged_into")
        return {row.pk: (row.merged_into or row).name for row in rows}

    def url(self, number: int) -> str:
        return record_url("customers", root_of(number))

    def like(self, text: str, viewer: Viewer, limit: int = 8) -> list[tuple[int, str]]:
        """Customers whose name begins like `text`, as `viewer` may see them."""
        rows = queries.parties(viewer).filter(name__gte=text, name__lt=text + "\U0010ffff").order_by("name")
        return [(row.pk, row.name) for row in rows[:limit]]

    def called(self, name: str) -> int | None:
        """The one customer of that name."""
        found = list(Party.objects.visible_to(SYSTEM).filter(name=name).values_list("pk", flat=True)[:2])
        return found[0] if len(found) == 1 else None
