"""Moving a row from one lane to another: what a drag on a board or a calendar does."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from guanxi.foundation import audit, clock
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.desk import axes, editing
from guanxi.foundation.desk.axes import NONE, Axis
from guanxi.foundation.desk.declaration import Row, Viewer
from guanxi.foundation.desk.kinds import Kind, kind_of
from guanxi.foundation.desk.shapes import Lane


def seen(axis: Axis, row: Row, lane: Lane | None) -> str:
    """What a card says of its place, as JSON, to find out whether somebody else moved it meanwhile."""
    if axis.field is None:
        return json.dumps(lane.key if lane else None)
    return editing.seen(axis.fact or axis.field, row)


def move(axis: Axis, row: Row, to: Lane, text: str, *, by: Viewer) -> None:
    """Move `row` to the lane `to`; `text` is what its card said (`seen`). Raises Conflict, Refused."""
    if not axis.movable(by) or not to.accepts:
        raise Refused(_("Nothing can be moved to “%(lane)s” by hand.") % {"lane": to.label})
    try:
        expected = json.loads(text)
    except json.JSONDecodeError:
        raise Refused(_("Somebody may have changed this meanwhile. Look at it again before you move it.")) from None
    if axis.declared is not None and axis.declared.move is not None:
        _by_action(axis, row, to, expected, by)
        return
    fact = axis.fact
    assert fact is not None and axis.desk.edit_action is not None
    try:
        value = editing.clean(fact, _raw(axis, row, to), by)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), axis.name) from error
    axis.desk.edit_action(row.pk, {axis.name: value}, {axis.name: expected}, by=by)


def _by_action(axis: Axis, row: Row, to: Lane, expected: Any, by: Viewer) -> None:
    assert axis.declared is not None and axis.declared.move is not None
    if axis.field is not None:
        axis.declared.move(row.pk, to.value, expected, by=by)
        return
    now = axes.lane_of(row, axis.lanes(by))
    if now is not None and now.key not in (expected, to.key):
        raise Conflict(axis.name, expected, to.key, now.key)
    axis.declared.move(row.pk, to.key, expected, by=by)


def _raw(axis: Axis, row: Row, to: Lane) -> str:
    """What the editor of the field would hold for the lane: of a moment the day changes, its time stays."""
    if not isinstance(to.value, date):
        return "" if to.key == NONE else to.key
    assert axis.field is not None and axis.field.path is not None
    if kind_of(axis.field.path.field) is not Kind.MOMENT:
        return to.key
    was = axis.field.value(row)
    time = was.astimezone(clock.zone()).time() if isinstance(was, datetime) else datetime.min.time()
    return datetime.combine(to.value, time).strftime("%Y-%m-%dT%H:%M:%S")


def words(axis: Axis, value: Any, lanes: list[Lane]) -> str:
    """A place in words: the label of the lane with this key or value."""
    for lane in lanes:
        if value in (lane.key, audit.plain(lane.value)) or (value in (None, "") and lane.key == NONE):
            return str(lane.label)
    return str(value)
