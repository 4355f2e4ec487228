"""Customer equity over time: the expected value of all customers at the ends of months, and what moved it.

From one month to the next every customer's expected value v becomes v':

    acquired  v' of those who bought for the first time
    retained  min(v, v') of those known before
    developed what v' is above v
    lost      what v was above v'

so that equity now = acquired + retained + developed, and equity before = retained + lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from guanxi.insight.history import Floats, History, Ints, Statistics

Value = Callable[[Statistics], Floats]  # the expected value of each customer, in units


@dataclass(frozen=True)
class Point:
    """Equity at the end of a day (number) and its parts."""

    day: int
    equity: float
    acquired: float
    developed: float
    retained: float
    lost: float
    customers: int


def month_ends(history: History, most: int) -> list[int]:
    """The last days (numbers) of at most `most` whole months of the data, and the last day of all."""
    months = np.arange(
        np.datetime64(history.begin, "D").astype("datetime64[M]") + 1,
        np.datetime64(history.until, "D").astype("datetime64[M]") + 1,
    )
    ends = (months.astype("datetime64[D]") - 1).astype(np.int64)
    days = [int(end) for end in ends if history.begin < end < history.until]
    return [*days[-most:], history.until]


def over_time(
    history: History, days: list[int], statistics: Callable[[History], Statistics], value: Value
) -> list[Point]:
    """Equity at the ends of `days`, each with what moved it since the one before (the first: since nothing)."""
    points: list[Point] = []
    before: tuple[Ints, Floats] = (np.zeros(0, np.int64), np.zeros(0))
    for day in days:
        known = statistics(history if day >= history.until else history.before(day))
        worth = value(known)
        points.append(_point(day, known.party, worth, *before))
        before = known.party, worth
    return points


def _point(day: int, party: Ints, worth: Floats, earlier: Ints, was: Floats) -> Point:
    old = np.isin(party, earlier, assume_unique=True)
    now = worth[old]  # in the order of `earlier`: whoever bought once is known ever after, and both are sorted
    retained = np.minimum(now, was)
    return Point(
        day=day,
        equity=float(worth.sum()),
        acquired=float(worth[~old].sum()),
        developed=float((now - retained).sum()),
        retained=float(retained.sum()),
        lost=float((was - retained).sum()),
        customers=len(party),
    )
