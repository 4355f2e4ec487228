"""Values on their way in: the control that edits a field, and what was typed turned into a value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import audit, visibility
from guanxi.foundation.desk.declaration import Field, Viewer, is_closed
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.models import User

MOST_CHOICES = 200
INPUTS = {
    Kind.LONG_TEXT: "textarea",
    Kind.CHOICE: "select",
    Kind.BOOLEAN: "select",
    Kind.REFERENCE: "select",
    Kind.DATE: "date",
    Kind.MOMENT: "datetime-local",
    Kind.NUMBER: "number",
    Kind.MONEY: "number",
    Kind.QUANTITY: "number",
}


@dataclass
class Control:
    """One control of a form: what it looks like, what stands in it, what is wrong with it."""

    field: Field
    name: str
    raw: str
    required: bool
    options: list[tuple[str, Any]]
    error: str = ""

    @property
    def input(self) -> str:
        kind = INPUTS.get(self.field.kind, "text")
        if self.field.column.suggest:
            return "suggest"
        if kind == "select" and self.field.many and self.field.path is not None and self.field.path.keys:
            return "several"
        return "number" if kind == "select" and self.field.kind is Kind.REFERENCE and not self.options else kind

    @property
    def label(self) -> Any:
        return self.field.label

    @property
    def help(self) -> Any:
        return self.field.column.help

    @property
    def chosen(self) -> list[str]:
        """What is ticked where several may be."""
        return self.raw.split(",")

    @property
    def max_length(self) -> int | None:
        return (
            getattr(self.field.path.field, "max_length", None) if self.field.path and not self.field.path.keys else None
        )


def control(field: Field, raw: str, viewer: Viewer, name: str = "value", error: str = "") -> Control:
    """The control that edits `field`, with `raw` in it."""
    required = is_required(field)
    options: list[tuple[str, Any]] = []
    if INPUTS.get(field.kind) == "select" and not field.column.suggest:
        options = [(_raw(value), label) for value, label in choices_of(field, viewer)]
        if options and (not required or not raw):
            options = [("", "—"), *[option for option in options if option[0] != ""]]
        if field.many:
            options = [option for option in options if option[0]]
        elif raw and raw not in dict(options) and options:
            options.append((raw, raw))
    if field.column.suggest and field.column.words and raw.isdecimal():
        raw = f"{field.column.words(int(raw))} #{raw}"
    return Control(field, name, raw, required, options, error)


def choices_of(field: Field, viewer: Viewer) -> list[tuple[Any, Any]]:
    """What may be chosen: the declared choices, yes and no, or records (none where there are above MOST_CHOICES)."""
    if field.kind is Kind.BOOLEAN:
        return [(True, _("Yes")), (False, _("No"))]
    if field.kind is Kind.REFERENCE and field.path is not None:
        if field.path.keys:
            return []
        model = field.path.field.related_model or field.path.field.model
        found = list(_selectable(model, viewer).order_by("pk")[: MOST_CHOICES + 1])
        return [(row.pk, str(row)) for row in found] if len(found) <= MOST_CHOICES else []
    return [choice for choice in field.choices if choice[0] not in ("", None)]


def is_editable(field: Field) -> bool:
    """Whether a fact can be edited in place (if the desk edits and the viewer may): not what he may only read."""
    viewer = visibility.viewer_now()
    if viewer is not None and field.path is not None and is_closed(field, field.path.model, viewer):
        return False
    if field.column.editable is not None:
        return field.column.editable
    path = field.path
    return bool(
        path and path.direct and path.field.editable and not path.field.primary_key and field.kind is not Kind.DATA
    )


def is_required(field: Field) -> bool:
    """Whether a field may not be left empty."""
    if field.column.required is not None:
        return field.column.required
    return bool(field.path and field.path.direct and not field.path.field.blank)


def raw_of(field: Field, row: Any) -> str:
    """The stored value as its control writes it."""
    return _raw(stored(field, row))


def stored(field: Field, row: Any) -> Any:
    """The value as the audit log keeps it: references by number."""
    if field.path is not None and field.path.direct:
        return field.path.field.value_from_object(row)
    return field.value(row)


def seen(field: Field, row: Any) -> str:
    """The stored value as JSON, sent along with an edit to find out whether somebody else changed it meanwhile."""
    return json.dumps(audit.plain(stored(field, row)), ensure_ascii=False, default=str)


def raw_plain(field: Field, value: Any) -> str:
    """A JSON-plain value (from the audit log or a conflict) as the control writes it."""
    if value is None or field.kind is not Kind.MOMENT:
        return _raw(value)
    return _raw(models.DateTimeField().to_python(value))


def _raw(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, list | tuple):
        return ",".join(_raw(item) for item in value)
    return str(value)


def clean(field: Field, raw: str, viewer: Viewer) -> Any:
    """The value that was typed; raises ValidationError with how to mend it."""
    raw = raw.strip()
    if "\x00" in raw:
        raise ValidationError(_("This text holds characters that cannot be stored."))
    if not raw and is_required(field):
        raise ValidationError(_("This cannot be left empty."))
    if field.column.clean is not None:
        return field.column.clean(raw)
    if field.kind is Kind.BOOLEAN:
        return {"1": True, "0": False}.get(raw)
    if field.path is not None and field.path.direct:
        return _form_field(field, viewer).clean(raw)
    return _clean_by_kind(field, raw) if raw else None


def _form_field(field: Field, viewer: Viewer) -> Any:
    assert field.path is not None
    given: dict[str, Any] = {"required": False}
    if field.kind is Kind.REFERENCE:
        given["queryset"] = _visible(field.path.field.related_model, viewer)
    return field.path.field.formfield(**given)


def _clean_by_kind(field: Field, raw: str) -> Any:
    if field.kind is Kind.CHOICE:
        values = {_raw(value): value for value, _label in field.choices}
        if raw not in values:
            raise ValidationError(_("“%(value)s” is not one of the choices.") % {"value": raw})
        return values[raw]
    if field.kind.numeric:
        return forms.DecimalField().clean(raw)
    if field.kind is Kind.DATE:
        return forms.DateField().clean(raw)
    if field.kind is Kind.MOMENT:
        return forms.DateTimeField().clean(raw)
    return raw


def _selectable(model: Any, viewer: Viewer) -> Any:
    """The records that may be chosen: of colleagues those who work here."""
    rows = _visible(model, viewer)
    return rows.filter(is_active=True, is_staff=True) if issubclass(model, User) else rows


def _visible(model: Any, viewer: Viewer) -> Any:
    rows = model._default_manager.all()
    return rows.visible_to(viewer) if hasattr(rows, "visible_to") else rows
