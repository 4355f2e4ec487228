"""What the audit log says of one record, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import hooks, sensitive, visibility
from guanxi.foundation.actions import Conflict
from guanxi.foundation.desk import display
from guanxi.foundation.desk.declaration import Desk, Field, Viewer, as_field, find_for
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.desk.names import MADE, worded
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.typed_json import TypedJSONField

AT_ONCE = 8
LOOKED_BACK = 200
LONGEST = 300


def changes_of(desk: Desk, row: Any, viewer: Viewer, before: int | None) -> dict[str, Any]:
    """The newest entries of a record, older than the entry `before`, and whether there are more."""
    entries = entries_of(row).order_by("-id")
    found = list((entries.filter(pk__lt=before) if before else entries)[: AT_ONCE + 1])
    in_sets = _of_sets(row, before)
    if in_sets:
        sets = AuditEntry.objects.filter(pk__in=in_sets)
        found = sorted([*found, *sets], key=lambda entry: entry.pk, reverse=True)[: AT_ONCE + 1]
    shown = found[:AT_ONCE]
    lines = [{"entry": entry, "changes": _told(desk.model, in_sets.get(entry.pk, entry.changes))} for entry in shown]
    return {"lines": lines, "more": shown[-1].pk if len(found) > AT_ONCE else None}


def _of_sets(row: Any, before: int | None) -> dict[int, Any]:
    """What the record's part in changes of many was, by the entry that the whole set has; older than `before`."""
    told: dict[int, Any] = {}
    for door in hooks.get("history_of_sets"):
        told |= door(row._meta.label_lower, row.pk)
    return {entry: changes for entry, changes in told.items() if before is None or entry < before}


def entries_of(row: Any) -> models.QuerySet[AuditEntry]:
    """What the log says of a record: who sees the record sees what was changed on it."""
    return AuditEntry.objects.filter(object_type=row._meta.label_lower, object_id=row.pk)


def veiled(model: type[models.Model], changes: Any, viewer: Viewer) -> dict[str, Any]:
    """Changes for programs, with what is sensitive masked and what is hidden from `viewer` left out."""
    if not isinstance(changes, dict):
        return {}
    hidden = visibility.hidden_fields(viewer, model)
    return {
        name: _without(name, _veiled(model, name, change), hidden)
        for name, change in changes.items()
        if name not in hidden
    }


def _without(name: str, change: Any, hidden: frozenset[str]) -> Any:
    """A change of a JSON field without the keys that are hidden."""
    if not isinstance(change, list):
        return change
    return [
        {key: item for key, item in value.items() if f"{name}.{key}" not in hidden}
        if isinstance(value, dict)
        else value
        for value in change
    ]


def _told(model: type[models.Model], changes: Any) -> list[tuple[str, str, str]]:
    """Changes for whoever looks at the record; the audit log tells also of what only programs know, and of the fields
    of a new record that were left empty."""
    if isinstance(changes, dict):
        changes = {name: change for name, change in changes.items() if not _is_of_programs(model, name)}
    return [line for line in in_words(model, changes) if line[1] or line[2]]


def _is_of_programs(model: type[models.Model], name: str) -> bool:
    """Whether nobody edits a field and nobody gave it a name for people: Django made one of the attribute's."""
    field = _field(model, name)
    if not isinstance(field, models.Field) or field.editable or _of_desk(model, field.name):
        return False
    if field.name == "changed_at":  # the entry says itself when
        return True
    name = str(field.verbose_name)
    return name == field.name.replace("_", " ") and name not in MADE


def in_words(model: type[models.Model] | None, changes: Any) -> list[tuple[str, str, str]]:
    """Changes as (field, from, to)."""
    if not isinstance(changes, dict):
        return []
    if "proof" in changes:  # a record of what was taken out of the log (foundation.sealing)
        changes = {name: value for name, value in changes.items() if name not in ("proof", "entries")}
    shown = {name: change for name, change in changes.items() if not _is_hidden(model, name)}
    return [line for name, change in shown.items() for line in _lines(model, name, change)]


def _is_hidden(model: type[models.Model] | None, name: str) -> bool:
    viewer = visibility.viewer_now()
    return model is not None and viewer is not None and name in visibility.hidden_fields(viewer, model)


def _lines(model: type[models.Model] | None, name: str, change: Any) -> list[tuple[str, str, str]]:
    """One change in words; of a column with typed keys, key by key."""
    change = _veiled(model, name, change)
    field = _field(model, name)
    if not isinstance(field, TypedJSONField) or not isinstance(change, list) or len(change) != 2:
        return [_one(model, name, change)]
    old, new = (side if isinstance(side, dict) else {} for side in change)
    return [_of_key(field, key, old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)]


def _of_key(field: TypedJSONField, key: str, *sides: Any) -> tuple[str, str, str]:
    leaf = field.leaf(key)
    words = leaf.text if leaf else (lambda value: display.text(Kind.TEXT, value))
    old, new = (_short("" if side is None else side if side == sensitive.MASK else words(side)) for side in sides)
    return str(leaf.label if leaf else worded(key)), old, new


def _field(model: type[models.Model] | None, name: str) -> Any:
    try:
        return model._meta.get_field(name) if model is not None else None
    except FieldDoesNotExist:
        return None


def _veiled(model: type[models.Model] | None, name: str, change: Any) -> Any:
    """A change with what is sensitive masked."""
    if model is None or not isinstance(change, list):
        return change
    return [sensitive.masked(model, name, value) for value in change]


def both_sides(desk: Desk, row: Any, field: Field, conflict: Conflict, raw: str) -> dict[str, Any]:
    """What the other wrote, who and when; and what was typed here."""
    entry = _last_change(row, field.name)
    return {
        "theirs": plain_text(field, conflict.theirs) or "—",
        "yours": plain_text(field, conflict.yours) or raw or "—",
        "who": entry.actor_name if entry else "",
        "when": display.text(Kind.MOMENT, entry.at) if entry else "",
    }


def lost_track() -> str:
    """When a browser did not say which value it saw."""
    return _("Somebody may have changed this meanwhile. Look at it again before you save.")


def plain_text(field: Field, value: Any) -> str:
    """A JSON-plain value of the audit log as people read it."""
    if value is None or value == "":
        return ""
    if field.column.words is not None:
        return field.column.words(value)
    if field.kind is Kind.REFERENCE and field.path is not None and field.path.field.related_model is not None:
        return str(field.path.field.related_model._base_manager.filter(pk=value).first() or value)
    if field.kind.numeric or field.kind.temporal:
        try:
            value = field.path.field.to_python(value) if field.path and not field.path.keys else value
        except ValidationError:
            return str(value)
    return display.text(field.kind, value, field.choices)


def _one(model: type[models.Model] | None, name: str, change: Any) -> tuple[str, str, str]:
    label, field = str(worded(name)), None
    if model is not None:
        try:
            model._meta.get_field(name)
            field = _of_desk(model, name) or as_field(model, name)
            label = str(field.label)
        except FieldDoesNotExist:
            pass
    if not isinstance(change, list) or len(change) != 2:
        return label, "", _short(display.text(Kind.TEXT, change))
    old, new = (plain_text(field, value) if field else display.text(Kind.TEXT, value) for value in change)
    return label, _short(old), _short(new)


def _of_desk(model: type[models.Model], name: str) -> Field | None:
    """The fact that its desk declares of a field, where that says how its values are told."""
    desk = find_for(model._meta.label_lower)
    column = desk.fact(name) if desk is not None else None
    return as_field(model, column) if column is not None and column.words else None


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _last_change(row: Any, name: str) -> AuditEntry | None:
    recent: Iterable[AuditEntry] = entries_of(row).order_by("-id")[:LOOKED_BACK]
    names = {name, name.split(".", maxsplit=1)[0]}
    return next((entry for entry in recent if names & set(entry.changes)), None)
