"""The actions of a type that needs nothing beyond checking, keeping, auditing and telling: made from its model.

create, edit, remove = standard.creating(Visit), standard.editing(Visit), standard.removing(Visit)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models

from guanxi.foundation import hooks
from guanxi.foundation.actions import action, change, create, delete
from guanxi.foundation.visibility import Viewer


def creating(model: type[models.Model]) -> Callable[..., Any]:
    """An action that makes a row of the fields of the “New” form."""

    @action
    def create_record(*, by: Viewer, **values: Any) -> models.Model:
        row = create(model, **{name: value for name, value in values.items() if value is not None})
        _tell("created", row, by, {})
        return row

    return create_record


def editing(model: type[models.Model]) -> Callable[..., Any]:
    """An action that changes fields of a row."""

    @action
    def edit_record(
        number: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
    ) -> models.Model:
        row = change(_seen(model, number, by), expected, **changes)
        _tell("changed", row, by, {"fields": sorted(changes)})
        return row

    return edit_record


def removing(model: type[models.Model]) -> Callable[..., Any]:
    """An action that takes a row away."""

    @action
    def remove_record(number: int, *, by: Viewer) -> None:
        row = _seen(model, number, by)
        _tell("removed", row, by, {})
        delete(row)

    return remove_record


def _seen(model: type[models.Model], number: int, viewer: Viewer) -> models.Model:
    row: models.Model = model._default_manager.visible_to(viewer).get(pk=number)  # type: ignore[attr-defined]
    return row


def _tell(what: str, row: models.Model, by: Viewer, payload: dict[str, Any]) -> None:
    kind = f"{row._meta.model_name}.{what}"
    for listener in hooks.get("told_of_record"):
        listener(kind, row, by=by, payload={"name": str(row)[:200], **payload})
