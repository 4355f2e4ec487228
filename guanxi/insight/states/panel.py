"""The customers' periods, checked and laid out for the recursions: one row per period, one column per customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.lifetime.errors import BadData

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

CHUNK = 2048  # customers at a time: what one holds of them stays in the processor's cache
DIRECT = 4096  # counts up to this are their own code


@dataclass(frozen=True)
class Given:
    """What the caller handed over, checked. Rows are customers in his order, columns are periods."""

    purchases: NDArray[Any]
    spend: Floats | None
    start: Integers
    covariates: Floats | None
    weight: Floats
    acquired: NDArray[np.bool_]

    @property
    def customers(self) -> int:
        """Number of rows."""
        return len(self.purchases)

    @property
    def periods(self) -> int:
        """Number of columns."""
        return int(self.purchases.shape[1])

    def explained(self) -> NDArray[Any]:
        """The purchases that the model is to explain: all but the one by which a customer was acquired."""
        if not self.acquired.any():
            return self.purchases
        counts = self.purchases.astype(np.int64)
        counts[self.acquired, self.start[self.acquired]] -= 1
        return counts

    def levels(self) -> Floats:
        """The counts that occur, from 0 up; all up to the highest, where that is not far."""
        highest = int(self.purchases.max())
        if highest < DIRECT:
            return np.arange(highest + 1, dtype=float)
        return np.union1d(self.purchases, [0]).astype(float)

    def rows(self, which: Any) -> Given:
        """Some of the customers, by slice or by numbers."""
        return Given(
            self.purchases[which],
            None if self.spend is None else self.spend[which],
            self.start[which],
            None if self.covariates is None else self.covariates[which],
            self.weight[which],
            self.acquired[which],
        )


def checked(
    purchases: Any,
    spend: Any = None,
    start: Any = None,
    covariates: Any = None,
    weight: Any = None,
    acquired: Any = None,
) -> Given:
    """The data as arrays that belong together. Raises BadData with the first customer where something is wrong."""
    counts = _counts(purchases)
    customers, periods = counts.shape
    begin = _start(start, customers, periods)
    if begin.any():
        before = (counts > 0) & (np.arange(periods) < begin[:, None])
        _refuse(before, "purchases", "lies before the customer's start; take it out, or let him start earlier")
    money = None if spend is None else _spend(spend, counts, begin)
    extra = None if covariates is None else _covariates(covariates, customers, periods)
    share = np.ones(customers) if weight is None else _numbers(weight, "weight", (customers,))
    _refuse(share < 0, "weight", "is negative; a weight says how many customers a row stands for")
    if not share.any():
        raise BadData("weight", "all are 0, so there is no customer")
    new = np.zeros(customers, bool) if acquired is None else _numbers(acquired, "acquired", (customers,)) > 0
    silent = new & (counts[np.arange(customers), begin] == 0)
    _refuse(silent, "acquired", "is so said, but there is no purchase in his first period")
    return Given(counts, money, begin, extra, share, new)


def _numbers(values: Any, name: str, shape: tuple[int, ...], *, finite: bool = True) -> Floats:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise BadData(name, f"something is not a number ({error})") from error
    if array.shape != shape:
        raise BadData(name, f"has the shape {array.shape}; {shape} belongs to these purchases")
    if finite:
        _refuse(~np.isfinite(array), name, "is not a finite number")
    return array


def _refuse(wrong: NDArray[np.bool_], name: str, why: str) -> None:
    if wrong.any():
        row, *period = (int(index) for index in np.argwhere(wrong)[0])
        raise BadData(name, (f"period {period[0]} " if period else "") + why, row)


def _counts(purchases: Any) -> NDArray[Any]:
    counts = np.asarray(purchases)
    if counts.ndim != 2:
        raise BadData("purchases", f"give a row per customer and a column per period, not the shape {counts.shape}")
    if counts.size == 0:
        raise BadData("purchases", f"is empty: {counts.shape[0]} customers, {counts.shape[1]} periods")
    if counts.dtype.kind not in "iub":
        counts = _numbers(purchases, "purchases", counts.shape)
        _refuse(counts != np.floor(counts), "purchases", "is not a whole number; give counts")
    if counts.dtype.kind != "u" and counts.min() < 0:
        _refuse(counts < 0, "purchases", "is negative; take refunds out of the count")
    return counts if counts.dtype.kind in "iu" else counts.astype(np.int64)


def _start(start: Any, customers: int, periods: int) -> Integers:
    if start is None:
        return np.zeros(customers, np.intp)
    begin = _numbers(start, "start", (customers,))
    _refuse((begin < 0) | (begin >= periods) | (begin != np.floor(begin)), "start", f"is no period 0 … {periods - 1}")
    return begin.astype(np.intp)


def _spend(spend: Any, counts: NDArray[Any], begin: Integers) -> Floats:
    money = _numbers(spend, "spend", counts.shape, finite=False)
    bought = counts > 0
    wrong = bought & ((money <= 0) | np.isinf(money))
    _refuse(wrong, "spend", "is not above 0 though there was a purchase; give nan where it is not known")
    return money


def _covariates(covariates: Any, customers: int, periods: int) -> Floats:
    shape = np.shape(covariates)
    if len(shape) == 2:
        return _numbers(covariates, "covariates", (customers, periods))[:, :, None]
    return _numbers(covariates, "covariates", (customers, periods, *shape[2:3]))


@dataclass(frozen=True)
class Panel:
    """Customers in order of their start, as codes of counts (periods, customers).

    Code c < len(levels) is the count levels[c]; `silent` is a zero after the customer's last purchase, where alone he
    can be lost; `absent` a period before his start. That a customer who buys again was not lost before is certain, and
    saying so beforehand keeps the recursions exact over any number of silent periods.
    """

    codes: NDArray[np.int32]
    levels: Floats
    start: Integers
    weight: Floats
    log_spend: Floats | None
    covariates: Floats | None
    customers: int
    acquired: NDArray[np.bool_]

    @property
    def silent(self) -> int:
        """The code of a zero after the last purchase."""
        return len(self.levels)

    @property
    def absent(self) -> int:
        """The code of a period before the start."""
        return len(self.levels) + 1

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.codes)

    def begun(self) -> list[int]:
        """How many customers began before each period, and at last all."""
        counted = np.searchsorted(self.start, np.arange(self.periods + 1), side="left")
        return [int(count) for count in counted]

    def chunks(self) -> Iterator[Panel]:
        """The panel a few customers at a time."""
        for first in range(0, len(self.start), CHUNK):
            which = slice(first, first + CHUNK)
            yield replace(
                self,
                codes=self.codes[:, which],
                start=self.start[which],
                weight=self.weight[which],
                log_spend=None if self.log_spend is None else self.log_spend[:, which],
                covariates=None if self.covariates is None else self.covariates[:, :, which],
                acquired=self.acquired[which],
            )

    @classmethod
    def of(
        cls, given: Given, levels: Floats | None = None, centre: Floats | None = None, *, causal: bool = False
    ) -> Self:
        """Lay the customers out; their order is `np.argsort(given.start, kind="stable")`.

        With `causal` no code tells of what came later: a zero is a zero, wherever it stands.
        """
        levels = given.levels() if levels is None else levels
        order = np.argsort(given.start, kind="stable")
        rows = given.rows(order)
        counts = np.ascontiguousarray(rows.explained().T)
        direct = len(levels) == levels[-1] + 1
        codes = (counts if direct else np.searchsorted(levels, counts)).astype(np.int32)
        if not causal:
            period = np.arange(given.periods)[:, None]
            last = np.where(counts > 0, period, np.where(rows.acquired, rows.start, -1)).max(axis=0)
            codes[period > last] = len(levels)
            codes[period < rows.start] = len(levels) + 1
        covariates = log_spend = None
        if rows.spend is not None:
            known = (rows.purchases.T > 0) & (rows.spend.T > 0)
            log_spend = np.log(np.where(known, rows.spend.T, np.nan))
        if rows.covariates is not None:
            middle = np.zeros(rows.covariates.shape[2]) if centre is None else centre
            covariates = np.ascontiguousarray((rows.covariates - middle).transpose(1, 2, 0))
        return cls(codes, levels, rows.start, rows.weight, log_spend, covariates, given.customers, rows.acquired)


def merged(given: Given) -> Given:
    """Equal customers as one row with their weights added: the likelihood is the same, the work less.

    Rows are compared by a 64-bit sum of their values times random odd numbers, then one by one, so a chance equality
    of sums cannot merge what differs.
    """
    random = np.random.default_rng(0)
    rows = [given.purchases.astype(np.int64), given.start[:, None].astype(np.int64)]
    rows.append(given.acquired[:, None].astype(np.int64))
    if given.spend is not None:
        known = (given.purchases > 0) & (given.spend > 0)
        rows.append(np.where(known, given.spend, 0.0).view(np.int64))
    if given.covariates is not None:
        rows.append((given.covariates + 0.0).reshape(given.customers, -1).view(np.int64))
    sums = np.zeros(given.customers, np.uint64)
    for part in rows:
        for column in part.T:
            sums += (column.view(np.uint64) if column.flags.c_contiguous else column.astype(np.uint64)) * (
                random.integers(1, 2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
            )
    _, first, group = np.unique(sums, return_index=True, return_inverse=True)
    same = all((part[first[group]] == part).all() for part in rows)
    if not same or len(first) > 0.8 * given.customers:
        return given
    weight: Floats = np.bincount(group, given.weight).astype(float)
    return replace(given.rows(first), weight=weight)
