"""The days of a calendar as lanes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from guanxi.foundation import clock
from guanxi.foundation.desk import axes
from guanxi.foundation.desk.declaration import Row
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.state import State


def lanes_of(state: State) -> list[Lane]:
    """One lane for each day shown."""
    return [_lane(state, day) for day in state.layout.days]


def again(state: State, lanes: Sequence[Lane]) -> list[tuple[Row, Lane]]:
    """What stands on the days shown a further time, with its day."""
    axis, declared = state.layout.axis, state.desk.calendar
    if declared is None or declared.again is None or axis is None or axis.name != declared.by or axis.field is None:
        return []
    first, last = (clock.start_of(day) for day in (lanes[0].value, lanes[-1].value + timedelta(days=1)))
    by_day = {lane.value: lane for lane in lanes}
    field = axis.field
    copies = [(row, by_day.get(clock.day_of(field.value(row)))) for row in declared.again(state.rows(), first, last)]
    return [(row, lane) for row, lane in copies if lane is not None]


def lane_at(state: State, key: str) -> Lane | None:
    """The lane of any day, by its ISO date."""
    try:
        day = date.fromisoformat(key)
    except ValueError:
        return None
    return _lane(state, day) if 1000 < day.year < 9000 else None


def _lane(state: State, day: date) -> Lane:
    axis = state.layout.axis
    assert axis is not None and axis.field is not None
    return Lane(day.isoformat(), day, axes.between(axis.field, day, day + timedelta(days=1)), day)
