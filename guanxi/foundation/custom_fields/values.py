"""Setting the values of custom fields of one record, and what may stand in their column at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import hooks, search
from guanxi.foundation.actions import Refused, action, change, clash
from guanxi.foundation.custom_fields import homes, kinds, known
from guanxi.foundation.custom_fields.homes import Home
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.desk import Desk
from guanxi.foundation.visibility import Viewer, may


def cleaned(home: Home, key: str, value: Any) -> Any:
    """`value` as the field `key` stores it. Raises Refused with field and reason, also where there is no such field."""
    field = known.find(home.label, key)
    where = f"{home.column}.{key}"
    if field is None:
        names = ", ".join(one.key for one in home.fields() if not one.worked_out) or "—"
        message = _("There is no custom field “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": key[:60], "known": names}, where)
    if field.worked_out:
        raise Refused(_("“%(name)s” is worked out, not written.") % {"name": field.label}, where)
    if "turning" in field.options:
        raise Refused(_("“%(name)s” is being retyped; try again in a moment.") % {"name": field.label}, where)
    try:
        found = kinds.clean(field, value)
    except ValidationError as error:
        raise Refused(error.messages[0], where) from error
    if found is None and field.required:
        raise Refused(_("“%(name)s” cannot be left empty.") % {"name": field.label}, where)
    return found


def merged(
    home: Home, before: dict[str, Any], changes: dict[str, Any], expected: dict[str, Any] | None = None
) -> dict[str, Any]:
    """`before` with `changes` (by key), cleaned. `expected` holds what the caller saw; raises Conflict, Refused."""
    after = dict(before)
    for key, value in changes.items():
        yours, theirs = cleaned(home, key, value), before.get(key)
        saw = _plainly(home, key, (expected or {}).get(key, theirs))
        if saw != theirs != yours:
            raise clash(home.model, f"{home.column}.{key}", saw, yours, theirs)
        after[key] = yours
    return {key: value for key, value in after.items() if value is not None}


@action
def set_values(
    record: models.Model, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> models.Model:
    """Set custom fields of a record, by key; None empties one. Raises Conflict, Refused with field and reason."""
    home = homes.of(record._meta.label_lower)
    row = home.model._base_manager.select_for_update().get(pk=record.pk)
    values = merged(home, getattr(row, home.column) or {}, changes, expected)
    stored: models.Model = change(row, **{home.column: values or None})
    if any(source.model is home.model for source in hooks.get("search")):
        search.touch(stored)
    return stored


def edit(
    desk: Desk,
    own: Callable[..., Any] | None,
    row_id: int,
    changes: dict[str, Any],
    expected: dict[str, Any] | None = None,
    *,
    by: Viewer,
) -> Any:
    """A desk's edit that takes custom fields too (`custom.budget`); what it does not know goes to the desk's `own`."""
    mark = f"{desk.custom}."
    custom, plain = _parted(changes, mark)
    saw, saw_plain = _parted(expected or {}, mark)
    return _edit(desk, own, row_id, (custom, saw), (plain, saw_plain), by=by)


@action
def _edit(
    desk: Desk,
    own: Callable[..., Any] | None,
    row_id: int,
    custom: tuple[dict[str, Any], dict[str, Any]],
    plain: tuple[dict[str, Any], dict[str, Any]],
    *,
    by: Viewer,
) -> Any:
    row = None
    if plain[0]:
        if own is None:
            raise Refused(_("This cannot be changed here."), next(iter(plain[0])))
        row = own(row_id, plain[0], plain[1], by=by)
    if custom[0]:
        row = set_values(desk.rows(by).get(pk=row_id), custom[0], custom[1], by=by)
    return row


def create(desk: Desk, own: Callable[..., Any], *, by: Viewer, **values: Any) -> Any:
    """A desk's create that takes custom fields too (`custom__budget`)."""
    custom, plain = _parted(values, f"{desk.custom}__")
    return _create(own, {key: value for key, value in custom.items() if value is not None}, plain, by=by)


@action
def _create(own: Callable[..., Any], custom: dict[str, Any], plain: dict[str, Any], *, by: Viewer) -> Any:
    row = own(**plain, by=by)
    if custom:
        set_values(row, custom, by=by)
    return row


def checked(object_type: str, values: Any) -> dict[str, Any]:
    """What may stand in the column: declared fields only, each of its kind.

    Values of removed fields stay as they are. Raises ValidationError.
    """
    if not isinstance(values, dict):
        raise ValidationError(_("Custom fields are given as an object, by key."))
    kept = {}
    for key, value in values.items():
        field = known.find(object_type, key, archived=True)
        if field is None or field.worked_out:
            raise ValidationError(_("There is no custom field “%(name)s”."), params={"name": str(key)[:60]})
        try:
            kept[key] = value if field.archived_at else kinds.clean(field, value)
        except ValidationError as error:
            raise ValidationError(f"{field.label}: {error.messages[0]}") from error
    return {key: one for key, one in kept.items() if one is not None}


def defaults(object_type: str) -> dict[str, Any]:
    """What stands in the fields of a new record unless somebody says otherwise."""
    found = {}
    for field in known.of_type(object_type):
        if field.default is not None and not field.worked_out:
            try:
                found[field.key] = kinds.clean(field, field.default)
            except ValidationError:  # a choice that is gone since
                continue
    return found


def may_define(viewer: Viewer, verb: str = "edit") -> bool:
    """Whether `viewer` may add and change custom fields."""
    return may(viewer, verb, CustomField)


def _parted(values: dict[str, Any], mark: str) -> tuple[dict[str, Any], dict[str, Any]]:
    custom = {key.removeprefix(mark): value for key, value in values.items() if key.startswith(mark)}
    return custom, {key: value for key, value in values.items() if not key.startswith(mark)}


def _plainly(home: Home, key: str, value: Any) -> Any:
    """What somebody saw, as it is stored."""
    field = known.find(home.label, key)
    try:
        return kinds.clean(field, value) if field else value
    except ValidationError:
        return value
