"""Mistakes in declarations, found by `check` before anybody opens the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from guanxi.foundation.desk import state
from guanxi.foundation.desk.declaration import Desk, registered
from guanxi.foundation.desk.paging import Order


def check_desks(app_configs: Any, **_options: Any) -> Sequence[CheckMessage]:
    """Every path of every desk leads somewhere, default orders can be sorted by, models can be narrowed to a viewer."""
    return [error for desk in registered() for error in _check(desk)]


def _check(desk: Desk) -> list[CheckMessage]:
    parts: list[Callable[[], Any]] = [desk.all_columns, desk.all_filters, desk.all_facts, desk.new_fields]
    errors: list[CheckMessage] = [error for part in parts if (error := _tried(desk, part))]
    if not errors and (error := _tried(desk, lambda: _sortable(state.default_order(desk)))):
        errors.append(error)
    if type(desk).rows is Desk.rows and not hasattr(desk.model._default_manager.all(), "visible_to"):
        errors.append(
            Error(f"The manager of {desk.model.__name__} is no VisibleQuerySet.", obj=type(desk), id="desk.E002")
        )
    return errors


def _tried(desk: Desk, part: Callable[[], Any]) -> CheckMessage | None:
    try:
        part()
    except ImproperlyConfigured as error:
        return Error(f"The desk “{desk.slug}”: {error}", obj=type(desk), id="desk.E001")
    return None


def _sortable(order: Order) -> None:
    if order.field is not None and not order.field.sortable:
        raise ImproperlyConfigured(f"its default order “{order.name}” is no column that can be sorted.")
