"""The days of a calendar as lanes."""

from __future__ import annotations

from datetime import date, timedelta

from guanxi.foundation.desk import axes
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.state import State


def lanes_of(state: State) -> list[Lane]:
    """One lane for each day shown."""
    return [_lane(state, day) for day in state.layout.days]


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
