"""The records before and after one in a list, with its filter and order: found by key, however far down it stands."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from guanxi.foundation.desk import paging
from guanxi.foundation.desk.paging import Order
from guanxi.foundation.desk.state import State


def beside(state: State, row: Any) -> tuple[Any, Any]:
    """The rows before and after `row`; None at the ends. The row itself need not fit the filter (any more)."""
    if state.broken:
        return None, None
    rows = state.rows_in_order().exclude(pk=row.pk)
    return _before(rows, state.order, row), paging.after(rows, state.order, row)


def _before(rows: QuerySet[Any], order: Order, row: Any) -> Any:
    """The last row before it: the first after it, when one walks the other way."""
    back = Order(order.field, not order.descending)
    if not order.by_value or paging.value_of(order, row) is not None:
        return paging.after(rows, back, row, further=False)
    return paging.after(rows, back, row) or paging.first_with_value(rows, back)
