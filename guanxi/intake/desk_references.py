"""Which records are meant by what a file writes for them: customers as everywhere in files, colleagues by mail, user
name or name, others by the key of their type, or by their number in the house.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from guanxi.customers.models import Party
from guanxi.foundation.desk import declaration
from guanxi.foundation.desk.declaration import Field as DeskField
from guanxi.foundation.models import User
from guanxi.intake.importing import Job
from guanxi.intake.naming import AT_ONCE, parties_named
from guanxi.intake.owners import colleagues_called

KEYS = ("code", "number", "slug", "name")


def find(job: Job, field: DeskField, texts: list[str]) -> dict[str, int]:
    """The number of the one record that each of `texts` leads to; what leads to none, or to several, is left out."""
    assert field.path is not None
    model: Any = field.path.field.related_model
    if model is Party:
        return _parties(job, texts)
    if model is User:
        called = colleagues_called()
        found = {text: called.get(text.casefold(), set()) for text in texts}
        return {text: next(iter(users)).pk for text, users in found.items() if len(users) == 1}
    return _records(job, model, texts)


def _parties(job: Job, texts: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(texts), AT_ONCE):
        with job.transaction() as db:
            rows = parties_named(db, job.plan.source, pa.array(texts[start : start + AT_ONCE], pa.string()))
        found |= dict(zip(rows.column("code").to_pylist(), rows.column("party_id").to_pylist(), strict=True))
    return found


def _records(job: Job, model: Any, texts: list[str]) -> dict[str, int]:
    desk = declaration.find_for(model._meta.label_lower)
    rows = desk.rows(job.by) if desk is not None else model._default_manager.all()
    key = (desk.importable if desk is not None else "") or _key_of(model)
    found: dict[str, set[int]] = {}
    for start in range(0, len(texts), AT_ONCE):
        for text, number in rows.filter(**{f"{key}__in": texts[start : start + AT_ONCE]}).values_list(key, "pk"):
            found.setdefault(str(text), set()).add(number)
    return {text: next(iter(numbers)) for text, numbers in found.items() if len(numbers) == 1}


def _key_of(model: Any) -> str:
    names = {one.name for one in model._meta.concrete_fields}
    return next((name for name in KEYS if name in names), "pk")
