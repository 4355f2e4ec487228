"""Days of purchase in NumPy: what the transaction models need to know of each customer, at any moment of the past."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
WEEK = 7.0  # days; the models count in weeks


@dataclass(frozen=True)
class Statistics:
    """What is sufficient of each customer's purchases up to a day: rows in the order of `party`.

    `x` repeat purchases (purchases on one day are one), `t_x` the time of the last and `T` of the end, in weeks since
    the first; `amount` spent in all and `repeat_amount` after the first day, in units of money.
    """

    party: Ints
    first: Ints  # day numbers
    last: Ints
    x: Ints
    amount: Ints
    repeat_amount: Ints
    until: int

    @property
    def t_x(self) -> Floats:
        return (self.last - self.first) / WEEK

    @property
    def T(self) -> Floats:  # noqa: N802  the papers' name
        return (self.until - self.first) / WEEK

    @property
    def mean_spend(self) -> Floats:
        """Mean of the repeat purchases in units of money; 0 where there are none."""
        return np.divide(self.repeat_amount, self.x, out=np.zeros(len(self.x)), where=self.x > 0)

    def __len__(self) -> int:
        return len(self.party)

    def of(self, chosen: NDArray[np.bool_]) -> Statistics:
        """The rows where `chosen` holds."""
        return Statistics(
            self.party[chosen],
            self.first[chosen],
            self.last[chosen],
            self.x[chosen],
            self.amount[chosen],
            self.repeat_amount[chosen],
            self.until,
        )


@dataclass(frozen=True)
class History:
    """All days of purchase, sorted by party and day: party, day (number), amount (units of money, less refunds)."""

    party: Ints
    day: Ints
    amount: Ints
    until: int  # the last day that the data tell of

    def __len__(self) -> int:
        return len(self.party)

    @cached_property
    def starts(self) -> Ints:
        """Where each party's rows begin."""
        fresh = np.ones(len(self.party), bool)
        fresh[1:] = self.party[1:] != self.party[:-1]
        return np.flatnonzero(fresh)

    @cached_property
    def parties(self) -> Ints:
        """Every party that ever bought, sorted."""
        return self.party[self.starts]

    @cached_property
    def first(self) -> Ints:
        """The first day of each of `parties`."""
        return self.day[self.starts]

    @property
    def begin(self) -> int:
        """The first day of all."""
        return int(self.day.min())

    def at(self, until: int | None = None) -> Statistics:
        """The statistics as they were at the end of the day `until` (everything if not given)."""
        until = self.until if until is None else until
        rows = self if until >= self.until else self.before(until)
        starts = rows.starts
        count = np.diff(np.append(starts, len(rows)))
        ends = starts + count - 1
        total = np.add.reduceat(rows.amount, starts) if len(starts) else rows.amount[:0]
        return Statistics(
            party=rows.party[starts],
            first=rows.day[starts],
            last=rows.day[ends],
            x=count - 1,
            amount=total,
            repeat_amount=total - rows.amount[starts],
            until=until,
        )

    def before(self, until: int) -> History:
        """The history as it was at the end of the day `until`."""
        kept = self.day <= until
        return History(self.party[kept], self.day[kept], self.amount[kept], until)

    def purchases_after(self, until: int) -> Ints:
        """How often each of those who had bought by `until` bought after it, in the order of `at(until)`."""
        known = self.first <= until
        later = np.add.reduceat((self.day > until).astype(np.int64), self.starts)
        return later[known]

    def panel(self, length: int, periods: int) -> Panel:
        """The last `periods` periods of `length` days, for all of `parties`."""
        begin = self.until + 1 - length * periods
        row = np.repeat(np.arange(len(self.parties)), np.diff(np.append(self.starts, len(self))))
        column = (self.day - begin) // length
        kept = column >= 0
        place = row[kept] * periods + column[kept]
        size = len(self.parties) * periods
        counts = np.bincount(place, minlength=size).reshape(-1, periods)
        spend = np.bincount(place, weights=self.amount[kept], minlength=size).reshape(-1, periods)
        started = np.clip((self.first - begin) // length, 0, periods - 1)
        return Panel(
            counts.astype(np.int32), spend.astype(float), started.astype(np.int64), self.first >= begin, begin, length
        )


@dataclass(frozen=True)
class Panel:
    """Purchases and spend (units of money) of customers (rows) by periods (columns) of equal length, the last one
    ending with the data. `started` is each customer's first period in it.
    """

    purchases: NDArray[Any]
    spend: Floats
    started: Ints
    acquired: NDArray[np.bool_]  # whether the first purchase of all is in it, which says nothing of how often he buys
    begin: int  # day number
    length: int  # days

    def mean_spend(self, rows: slice) -> Floats:
        """Spend per purchase of some of the customers by period; nan where there was none, or nothing left of it."""
        bought = (self.purchases[rows] > 0) & (self.spend[rows] > 0)
        nothing = np.full(bought.shape, np.nan)
        return np.asarray(np.divide(self.spend[rows], self.purchases[rows], out=nothing, where=bought))

    def end_of(self, period: int | Ints) -> Any:
        """The last day (number) of a period."""
        return self.begin + self.length * (period + 1) - 1
