"""Customers by contract: they renew period by period, or are seen to have left (sBG).

A contract runs from the first purchase on in periods of equal length. A renewal counts for the period whose beginning
it is nearest to, so that a few days early or late do not matter; half a period after its due day a renewal that has not
come is missed, and the customer has left. What he was paid per renewal is his spend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from guanxi.insight import lifetime
from guanxi.insight.history import WEEK, Floats, History, Ints, Statistics

DAYS_A_WEEK = int(WEEK)


def known(history: History, length: int) -> Statistics:
    """The statistics of contracts of `length` days: `x` renewals in unbroken sequence."""
    plain = history.at()
    counted = np.diff(np.append(history.starts, len(history)))
    row = np.repeat(np.arange(len(history.starts)), counted)
    period = np.rint((history.day - history.first[row]) / length).astype(np.int64)
    pairs = np.unique(row * (int(period.max(initial=0)) + 2) + period)
    width = int(period.max(initial=0)) + 2
    row, period = pairs // width, pairs % width
    # A renewal is in sequence where as many different periods come before it as its own number says.
    begin = np.searchsorted(row, np.arange(len(history.starts)))
    place = np.arange(len(pairs)) - begin[row]
    x = np.bincount(row[place == period], minlength=len(history.starts)) - 1
    last = np.minimum(history.first + x * length, history.until)
    repeat = np.where(x > 0, plain.repeat_amount, 0)
    return Statistics(plain.party, plain.first, last, x, plain.amount, repeat, history.until)


def due(T: Floats, length: int) -> Ints:  # noqa: N803
    """How many renewals should have come by now, T weeks after the first purchase."""
    return np.maximum(np.floor(np.asarray(T) * WEEK / length - 0.5), 0).astype(np.int64)


@dataclass(frozen=True)
class Renewals:
    """sBG with the questions of a model of purchases; times in weeks."""

    model: Any  # lifetime.Sbg
    length: int  # of a period, in days

    @classmethod
    def fit(cls, contracts: Statistics, length: int) -> Renewals:
        """Fit to contracts that ended and that run. Raises NotConverged, BadData."""
        left = contracts.x < due(contracts.T, length)
        longest = int(contracts.x.max(initial=0)) + 1
        lost = np.bincount(contracts.x[left], minlength=longest)
        # Who still runs after x renewals has outlasted x periods; those of none say nothing yet.
        running = contracts.x[~left & (contracts.x > 0)]
        remaining = np.bincount(running - 1, minlength=longest)
        return cls(lifetime.fit_sbg(lost, remaining), length)

    @property
    def params(self) -> dict[str, float]:
        return dict(self.model.params)

    def p_alive(self, x: Any, t_x: Any, T: Any) -> Floats:  # noqa: N803
        """1 while the contract runs, 0 once a renewal was missed: by contract, one sees it."""
        return (np.asarray(x) >= due(T, self.length)).astype(float)

    def conditional_expected_purchases(self, t: float, x: Any, t_x: Any, T: Any) -> Floats:  # noqa: N803
        """Renewals expected within the next t weeks."""
        periods = max(round(t * WEEK / self.length), 1)
        return self.p_alive(x, t_x, T) * self._by_age(lambda age: self.model.expected_renewals(age, periods), x)

    def discounted_expected_purchases(self, x: Any, t_x: Any, T: Any, delta: float, horizon: float | None) -> Floats:  # noqa: N803
        """Renewals expected from now on, discounted; `delta` per week, `horizon` in weeks."""
        rate = delta * self.length / WEEK
        periods = None if horizon is None else max(round(horizon * WEEK / self.length), 1)
        ahead = self._by_age(lambda age: self.model.discounted_expected_renewals(age, rate, periods), x)
        return self.p_alive(x, t_x, T) * ahead

    def chance_of_purchase(self, t: float, x: Any, t_x: Any, T: Any) -> Floats:  # noqa: N803
        """The chance that the contract goes on through the next t weeks: of renewal where that falls due in them."""
        until_due = (np.asarray(x) + 1) * self.length / WEEK - np.asarray(T)
        stays = self._by_age(lambda age: self.model.retention(age + 1), x)
        return self.p_alive(x, t_x, T) * np.where(until_due <= t, stays, 1.0)

    def draw(self, count: int, seed: int) -> list[Renewals]:
        """The same at parameters drawn from the sampling distribution of their estimates."""
        return [Renewals(model, self.length) for model in self.model.draw(count, seed)]

    @staticmethod
    def _by_age(ask: Any, x: Any) -> Floats:
        ages, back = np.unique(np.asarray(x, np.int64), return_inverse=True)
        return np.asarray(ask(ages), float)[back].reshape(np.shape(x))
