"""References that the database does not check itself: the tables that imports fill are checked in sets, by
`guanxi check` (docs/decisions/0015-references-checked-in-sets.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models


def unchecked_references() -> Iterator[tuple[type[models.Model], Any]]:
    """The foreign keys of all models that have no constraint in the database."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and not getattr(field, "db_constraint", True):
                yield model, field


def find() -> str | None:
    """The first row that refers to something that is not there, in words for `guanxi check`; None where all is well."""
    for model, field in unchecked_references():
        known = field.related_model._base_manager.filter(pk=models.OuterRef(field.attname))
        lost = model._base_manager.filter(~models.Exists(known), **{f"{field.attname}__isnull": False})
        row = lost.values_list("pk", field.attname).first()
        if row is not None:
            return (
                f"{model._meta.label} {row[0]} refers to {field.related_model._meta.label} {row[1]}, "
                "which is not there; restore a backup"
            )
    return None
