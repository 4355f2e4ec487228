"""Texts in which a customer may be named though they are no record of his: notifications, kept filters, errors.

A package names its own at the door "loose_text": `(model, ["title", "body"])`.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from guanxi.customers.models import Party
from guanxi.customers.rights.kept import Subject
from guanxi.foundation import hooks
from guanxi.foundation.custom_fields import homes
from guanxi.foundation.custom_fields.homes import Home
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.sealing import redacting

GONE = "…"
Kind = CustomField.Kind
FREE = (Kind.TEXT, Kind.LONG_TEXT, Kind.LINK)


def blank(subject: Subject) -> int:
    """Take his name and addresses out of all loose texts; how many rows were changed."""
    return sum(_blank(model, names, subject) for model, names in hooks.get("loose_text")) if subject.values else 0


def _blank(model: type[models.Model], names: list[str], subject: Subject) -> int:
    changed, in_log = 0, {}
    for row in _rows(model, names, subject.values):
        before = {name: getattr(row, name) for name in names}
        after = {name: without(value, subject.values) for name, value in before.items()}
        if after != before and not _of_another(row, subject):
            if model is AuditEntry:
                in_log[row.pk] = after["object_label"], after["changes"]
            else:
                model._base_manager.filter(pk=row.pk).update(**after)
            changed += 1
    redacting.replace(in_log)
    return changed


def _of_another(row: Any, subject: Subject) -> bool:
    """Of somebody else of the same name nothing is taken away."""
    if not isinstance(row, AuditEntry) or row.object_type != Party._meta.label_lower:
        return False
    return row.object_id is not None and row.object_id not in subject.ids


def _rows(model: type[models.Model], names: list[str], values: list[str]) -> QuerySet[Any]:
    wanted = Q()
    rows = model._base_manager.all()
    for name in names:
        searched = name
        if isinstance(model._meta.get_field(name), models.JSONField):
            searched = f"{name}_as_text"
            rows = rows.alias(**{searched: Cast(name, TextField())})
        for value in values:
            for form in {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
                wanted |= Q(**{f"{searched}__contains": form})
    return rows.filter(wanted)


def customs_without(rows: QuerySet[Any], subject: Subject) -> None:
    """Take him out of the custom fields of records that are kept without him: out of their texts, and out of fields
    that name a customer. Choices stay: they are codes that were not written about him.
    """
    home = homes.of(rows.model._meta.label_lower)
    stored = rows.exclude(**{f"{home.column}__isnull": True, f"{homes.COMPUTED}__isnull": True})
    for pk, said, computed in stored.values_list("pk", home.column, homes.COMPUTED):
        after = _custom_without(home, said or {}, subject) or None
        worked_out = without(computed, subject.values)
        if (after, worked_out) != (said, computed):
            rows.model._base_manager.filter(pk=pk).update(**{home.column: after, homes.COMPUTED: worked_out})


def _custom_without(home: Home, said: dict[str, Any], subject: Subject) -> dict[str, Any]:
    kinds = {field.key: field.kind for field in home.fields(archived=True)}
    kept = {key: value for key, value in said.items() if kinds.get(key) != Kind.PARTY or value not in subject.ids}
    return {key: without(value, subject.values) if kinds.get(key) in FREE else value for key, value in kept.items()}


def without(value: Any, values: list[str]) -> Any:
    """`value`, a text or JSON, with each of `values` in it blanked."""
    if isinstance(value, str):
        for gone in values:
            value = value.replace(gone, GONE)
        return value
    if isinstance(value, dict):
        return {without(key, values): without(item, values) for key, item in value.items()}
    return [without(item, values) for item in value] if isinstance(value, list) else value
