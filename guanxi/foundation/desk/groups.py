"""The groups of a grouped list: lanes as on a board, or the values of a text in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from guanxi.foundation.desk import axes, boards, filters
from guanxi.foundation.desk.axes import Axis
from guanxi.foundation.desk.boards import Figures
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.state import State

MOST_GROUPS = 100


def found(state: State, sums: Sequence[Field]) -> tuple[list[tuple[Lane, Figures]], bool]:
    """The groups with counts and sums, in one query, and whether there are more. Raises axes.TooMany."""
    axis = state.layout.axis
    assert axis is not None
    if axis.open_ended:
        return _by_text(state, axis, sums)
    lanes = axis.lanes(state.viewer)
    pairs = list(zip(lanes, boards.capped(state, lanes, sums) if lanes else [], strict=True))
    return [(lane, one) for lane, one in pairs if one.count], False


def lane_at(state: State, key: str) -> Lane | None:
    """The group called `key`. Raises axes.TooMany."""
    axis = state.layout.axis
    assert axis is not None
    if axis.open_ended:
        return _of_text(axis, None if key == axes.NONE else key)
    return next((lane for lane in axis.lanes(state.viewer) if lane.key == key), None)


def _by_text(state: State, axis: Axis, sums: Sequence[Field]) -> tuple[list[tuple[Lane, Figures]], bool]:
    """Values in their order; the index of that order is walked no further than the groups shown."""
    assert axis.field is not None and axis.field.path is not None
    rows = state.rows_walked().order_by().annotate(group_value=F(axis.field.path.orm))
    values = rows.values("group_value").annotate(group_count=Count("pk"), **boards.totals(sums))
    lines = list(values.order_by("group_value")[: MOST_GROUPS + 1])
    groups: list[tuple[Lane, Figures]] = []
    nothing = Figures(0, False, [None for _one in sums])
    for line in lines[:MOST_GROUPS]:
        added = boards.read_totals(sums, line)
        if line["group_value"] in (None, ""):  # both stand for nothing, and come together at the end
            kept = [_added(old, new) for old, new in zip(nothing.sums, added, strict=True)]
            nothing = Figures(nothing.count + line["group_count"], False, kept)
        else:
            groups.append((_of_text(axis, line["group_value"]), Figures(line["group_count"], False, added)))
    if nothing.count:
        groups.append((_of_text(axis, None), nothing))
    return groups, len(lines) > MOST_GROUPS


def _added(old: Any, new: Any) -> Any:
    if boards.SEVERAL in (old, new):
        return boards.SEVERAL
    return old if new is None else new if old is None else old + new


def _of_text(axis: Axis, value: str | None) -> Lane:
    assert axis.field is not None and axis.field.path is not None
    name = axis.field.path.orm
    if value is None:
        return Lane(axes.NONE, _("None"), filters.missing(axis.field, name))
    return Lane(value, value, Q(**{name: value}), value)
