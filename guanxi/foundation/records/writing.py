"""Making, changing and removing records as the screens do, with values as programs send them."""

from __future__ import annotations

from typing import Any

from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import editing
from guanxi.foundation.desk.declaration import Desk, Field
from guanxi.foundation.records.values import cleaned


def create(desk: Desk, body: dict[str, Any], viewer: Any) -> int:
    """Make a record as the “New” form does; its number. Raises Refused."""
    visibility.require(viewer, "create", desk.model)
    assert desk.create_action is not None
    fields = of_new(desk)
    values = cleaned(fields, {**_defaults(fields), **body}, viewer)
    try:
        row = desk.create_action(**{name.replace(".", "__"): value for name, value in values.items()}, by=viewer)
    except Refused as refusal:
        raise Refused(refusal.message, (refusal.field or "").replace("__", ".") or None) from refusal
    return int(row.pk)


def of_new(desk: Desk) -> list[Field]:
    """What a program may say of a new record: the fields of the “New” form, and all custom ones."""
    mark = f"{desk.custom}."
    custom = [one for one in desk.all_facts() if desk.custom and one.name.startswith(mark) and editing.is_editable(one)]
    return list({one.name: one for one in [*desk.new_fields(), *custom, *desk.new_fields()]}.values())


def change(desk: Desk, number: int, body: dict[str, Any], viewer: Any) -> int:
    """Change a record as the fields of its page do; its number. Raises Refused, Conflict."""
    row = _found(desk, number, viewer)
    visibility.require(viewer, "edit", row)
    assert desk.edit_action is not None
    expected = body.get("expected")
    if expected is not None and not isinstance(expected, dict):
        raise Refused(_("These are the values that you saw, by the names of fields."), "expected")
    given = {name: value for name, value in body.items() if name != "expected"}
    facts = [field for field in desk.all_facts() if editing.is_editable(field)]
    if changes := cleaned(facts, given, viewer):
        desk.edit_action(row.pk, changes, expected, by=viewer)
    return int(row.pk)


def remove(desk: Desk, number: int, viewer: Any) -> None:
    """Take a record away. Raises Refused where something hangs on it."""
    row = _found(desk, number, viewer)
    visibility.require(viewer, "delete", row)
    work: Any = type(desk).remove
    try:
        work(row.pk, by=viewer)
    except ProtectedError as error:
        kinds = sorted({str(one._meta.verbose_name_plural) for one in error.protected_objects})
        raise Refused(_("Something hangs on this record: %(what)s.") % {"what": ", ".join(kinds)}) from error


def _found(desk: Desk, number: int, viewer: Any) -> Any:
    visibility.require(viewer, "view", desk.model)
    row = desk.rows(viewer).filter(pk=number).first()
    if row is None:
        raise desk.model.DoesNotExist  # type: ignore[attr-defined]
    return row


def _defaults(fields: list[Field]) -> dict[str, Any]:
    """What stands in the “New” form before anybody types."""
    found: dict[str, Any] = {}
    for field in fields:
        value = field.column.initial
        if value is None and field.path is not None and field.path.direct and field.path.field.has_default():
            value = field.path.field.get_default()
        value = value() if callable(value) else value
        found[field.name] = value if isinstance(value, str | int | float | bool) or value is None else str(value)
    return found
