"""The models of purchases at any time: fitting, likelihood of other data, and what is said of customers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from guanxi.insight.lifetime.errors import NotConverged
from guanxi.insight.lifetime.likelihood import Histories, Parts
from guanxi.insight.lifetime.model import Model, number, period, rate
from guanxi.insight.lifetime.newton import Objective, best_of
from guanxi.insight.lifetime.rows import (
    Array,
    Purchases,
    alike,
    coded,
    coded_integers,
    distinct,
    history,
    ticks,
    weights,
)

LONGEST = 100.0  # the longest time watched, in the unit that is fitted in
FIRST_SAMPLE, SECOND_SAMPLE = 1_500, 20_000


@dataclass(frozen=True, eq=False)
class PurchaseModel(Model):
    """A model of purchases at any time by customers who leave unseen.

    Histories are given as in the papers: `x` repeat purchases (the first one does not count), the last of them at
    `t_x` (0 where there is none), watched until `T`; times since the first purchase, in any one unit.
    """

    parts: ClassVar[Parts]
    times: ClassVar[tuple[str, ...]]  # the parameters that are times

    # Fitting

    @classmethod
    def fit(cls, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Maximum likelihood from several starts. Raises BadData, NotConverged."""
        data = _checked(x, t_x, T, weight, len(cls.names))
        factor = LONGEST / float(data.T.max())
        data = data.scaled(factor)
        starts = cls._starts(data)
        for size in (FIRST_SAMPLE, SECOND_SAMPLE):
            sample = data.sample(size)
            if sample is data or not _telling(sample):
                continue
            try:  # on a sample for speed only: what it cannot tell, all of the data may
                starts = [best_of(cls._objective(sample), starts, cls.names).logs]
            except NotConverged:
                starts = starts[:1] if size == SECOND_SAMPLE else starts
        point = best_of(cls._objective(data), starts, cls.names)
        shift = np.array([-np.log(factor) if name in cls.times else 0.0 for name in cls.names])
        return cls._at(point, data.total, shift, point.value + data.repeats * np.log(factor))

    @classmethod
    def _objective(cls, data: Purchases) -> Objective:
        histories = Histories.of(data)
        return lambda logs: histories.log_likelihood(cls.parts, np.exp(logs))

    @classmethod
    @abstractmethod
    def _starts(cls, data: Purchases) -> list[Array]:
        """Where to begin: logarithms of parameters, in the unit of the data."""

    def log_likelihood_of(
        self,
        x: ArrayLike,
        t_x: ArrayLike,
        T: ArrayLike,
        weight: ArrayLike | None = None,
    ) -> float:
        """The log-likelihood of other histories at these parameters."""
        return Histories.of(_gathered(x, t_x, T, weight)).log_likelihood(self.parts, self.values).value

    # What is said of customers

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Array:
        """The probability that a customer with this history is still there at T."""
        return number(self._alive(*np.broadcast_arrays(*history(x, t_x, T))))

    def expected_purchases(self, t: ArrayLike) -> Array:
        """The purchases expected of a new customer within a time t after the first one (which does not count)."""
        return self.conditional_expected_purchases(t, 0, 0, 0)

    def conditional_expected_purchases(
        self,
        t: ArrayLike,
        x: ArrayLike,
        t_x: ArrayLike,
        T: ArrayLike,
    ) -> Array:
        """The purchases expected of a customer with this history within a time t after T."""
        t = period("t", t)
        alive = self.p_alive(x, t_x, T)
        t, x, T = np.broadcast_arrays(t, np.asarray(x, float), np.asarray(T, float))
        result = np.empty(t.shape)
        for ahead in np.unique(t):
            chosen = t == ahead
            result[chosen] = self._by_pair(partial(self._purchases, t=float(ahead)), x[chosen], T[chosen])
        return number(alive * result)

    def chance_of_purchase(
        self,
        t: float,
        x: ArrayLike,
        t_x: ArrayLike,
        T: ArrayLike,
    ) -> Array:
        """The probability that a customer with this history buys at least once within a time t after T."""
        ahead = float(period("t", t))
        alive = self.p_alive(x, t_x, T)
        x, T = np.broadcast_arrays(np.asarray(x, float), np.asarray(T, float))
        return number(alive * self._by_pair(lambda a, b: self._again(a, b, ahead), x, T))

    def discounted_expected_purchases(
        self,
        x: ArrayLike,
        t_x: ArrayLike,
        T: ArrayLike,
        delta: float,
        horizon: float | None = None,
    ) -> Array:
        """The purchases expected after T, discounted continuously at the rate delta for the unit of time.

        Up to a time `horizon` after T, or for ever. Raises BadData where there is neither rate nor horizon.
        """
        delta, horizon = rate(delta, horizon)
        alive = self.p_alive(x, t_x, T)
        x, T = np.broadcast_arrays(np.asarray(x, float), np.asarray(T, float))
        return number(alive * self._by_pair(lambda a, b: self._present(a, b, delta, horizon), x, T))

    def _alive(self, x: Array, t_x: Array, T: Array) -> Array:
        left, right = self._by_pair(self._left, x, T), self._by_pair(self._right, x, t_x)
        return np.asarray(expit(left - right))

    @abstractmethod
    def _left(self, x: Array, time: Array) -> Array:
        """What `parts.left` says, without its derivatives."""

    @abstractmethod
    def _right(self, x: Array, time: Array) -> Array:
        """What `parts.right` says, without its derivatives."""

    @abstractmethod
    def _purchases(self, x: Array, T: Array, t: float) -> Array:
        """The purchases expected within t after T of customers who are there at T."""

    @abstractmethod
    def _again(self, x: Array, T: Array, t: float) -> Array:
        """The probability of a purchase within t after T of customers who are there at T."""

    @abstractmethod
    def _present(self, x: Array, T: Array, delta: float, horizon: float | None) -> Array:
        """The discounted purchases expected after T of customers who are there at T."""

    def _by_pair(self, function: Callable[[Array, Array], Array], x: Array, time: Array) -> Array:
        """A function of two columns (its last axis are places), computed once for each distinct pair."""
        times, code = ticks(time.ravel())
        if x.size < 32 or code is None:
            result = function(x.ravel(), time.ravel())
            return result.reshape((*result.shape[:-1], *x.shape))
        x_values, x_code = coded(x.ravel())
        pairs, back = coded_integers(x_code * len(times) + code)
        result = function(x_values[pairs // len(times)], times[pairs % len(times)])[..., back]
        return result.reshape((*result.shape[:-1], *x.shape))


def _gathered(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None) -> Purchases:
    """Histories for a likelihood: checked, each distinct row once."""
    x, t_x, T = alike(**dict(zip(("x", "t_x", "T"), history(x, t_x, T), strict=True)))
    weight = weights(weight, len(x))
    if weight is not None and (weight == 0).any():
        kept = weight > 0
        x, t_x, T, weight = x[kept], t_x[kept], T[kept], weight[kept]
    return distinct(x, t_x, T, weight)


def _checked(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None, parameters: int) -> Purchases:
    """Histories from which a model can be fitted. Raises NotConverged where they cannot tell it."""
    data = _gathered(x, t_x, T, weight)
    if not data.T.max() > 0:
        raise NotConverged("no time", "no customer has been watched for any time after the first purchase")
    if not data.repeats:
        raise NotConverged("no repeat purchase", "no customer bought again: nothing is known of how often they buy")
    if not _telling(data) or data.total < parameters:
        raise NotConverged("too little", f"{data.total:g} customers cannot tell {parameters} parameters")
    return data


def _telling(data: Purchases) -> bool:
    """Whether there are at least some rows that differ, and repeat purchases."""
    return len(data.weight) > 3 and data.repeats > 0
