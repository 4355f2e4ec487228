"""Which fields of customers are sensitive: declared so (`ProfileField(sensitive=True)`) or marked by somebody."""

from __future__ import annotations

from django.db import models

from guanxi.customers import profile
from guanxi.customers.models import Party
from guanxi.customers.rights import actions
from guanxi.customers.rights.models import SensitiveField
from guanxi.foundation.custom_fields import known
from guanxi.foundation.visibility import Viewer


def fields(label: str) -> frozenset[str]:
    """The sensitive fields of customers; of other models none."""
    return known.besides("sensitive", _read) if label == Party._meta.label_lower else frozenset()


def _read() -> frozenset[str]:
    declared = {field.path for field in profile.fields() if field.sensitive}
    return frozenset(declared | set(SensitiveField.objects.values_list("field", flat=True)))


def note(field: str, via: str, row: models.Model | None, *, by: Viewer, why: str = "") -> None:
    """Record a look at a field of a customer (None: of many)."""
    if row is None or isinstance(row, Party):
        actions.note_look(field, via, by=by, party=row, why=why)
