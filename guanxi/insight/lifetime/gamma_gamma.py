"""Gamma-Gamma, the model of spend (Fader, Hardie & Lee 2005; Fader & Hardie 2013).

What a customer spends at a purchase differs from time to time as Gamma(p, ν), and ν differs among customers as
Gamma(q, v). How much he spends has nothing to do with how often he buys.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, polygamma, psi

from guanxi.insight.lifetime.errors import NotConverged
from guanxi.insight.lifetime.model import Model, number
from guanxi.insight.lifetime.newton import Point, best_of
from guanxi.insight.lifetime.rows import Array, alike, coded, column, refuse, weights, whole

SAMPLE = 10_000


def fit_gamma_gamma(x: ArrayLike, mean_spend: ArrayLike, weight: ArrayLike | None = None) -> GammaGamma:
    """Fit Gamma-Gamma to the purchases counted x and the mean spend at them.

    Customers with x = 0 tell nothing of spend and are passed over, whatever stands at their `mean_spend`. The papers
    count repeat purchases only, both in x and in the mean. Raises BadData, NotConverged.
    """
    x, spend, weight = _checked(x, mean_spend, weight)
    data = Spending.of(x, spend, weight)
    unit = data.mean
    data = data.in_units_of(unit)
    if data.total < 3:
        raise NotConverged("too little", f"{data.total:g} customers who bought cannot tell 3 parameters")
    if data.variance < 1e-20:
        raise NotConverged(
            "all alike", "every customer spends the same: nothing is known of how they differ", ("p", "q")
        )
    starts = [np.log([p, q, (q - 1) / p]) for p, q in ((4.0, 4.0), (1.5, 2.5), (20.0, 6.0))]
    sample = data.sample(SAMPLE)
    if sample is not data:
        with suppress(NotConverged):  # on a sample for speed only
            starts = [best_of(sample.log_likelihood, starts, GammaGamma.names).logs]
    point = best_of(data.log_likelihood, starts, GammaGamma.names)
    shift = np.array([0.0, 0.0, np.log(unit)])
    return GammaGamma._at(point, data.total, shift, point.value - data.total * shift[2])


def _checked(x: ArrayLike, mean_spend: ArrayLike, weight: ArrayLike | None) -> tuple[Array, Array, Array | None]:
    """The customers who bought. Raises NotConverged where there are none."""
    x = whole("x", x)
    x, spend = alike(x=x, mean_spend=np.where(x > 0, _numbers(mean_spend, x), 1.0))
    spend = column("mean_spend", spend)
    refuse("mean_spend", spend == 0, "must be greater than 0 where x is not 0", spend)
    weight = weights(weight, len(x))
    kept = x > 0 if weight is None else (x > 0) & (weight > 0)
    if not kept.any():
        raise NotConverged("no repeat purchase", "no customer has a purchase that counts: nothing is known of spend")
    return x[kept], spend[kept], None if weight is None else weight[kept]


def _numbers(values: ArrayLike, like: Array) -> Array:
    """Spend as numbers, nan where there is none; of the shape that x has."""
    array = np.asarray(values, dtype=np.float64)
    alike(x=like, mean_spend=array)
    return array


@dataclass(frozen=True)
class Spending:
    """Customers in order of their purchases x; those with the same x stand together."""

    x: Array  # distinct
    start: Array  # the first customer with each x
    by_x: Array  # how many there are
    spend: Array  # the sum of a customer's purchases: x times the mean
    weight: Array | None
    log_mean: float  # the weighted sums of ln(mean spend) and of x ln(mean spend) + x ln(x)
    log_sum: float
    total: float

    @classmethod
    def of(cls, x: Array, mean: Array, weight: Array | None) -> Spending:
        """Put customers in order."""
        distinct, code = coded(x)
        narrow = code.astype(np.int16) if len(distinct) < 30_000 else code  # small whole numbers sort quickest
        order = np.argsort(narrow, kind="stable")
        code, x, mean = code[order], x[order], mean[order]
        weight = None if weight is None else weight[order]
        log = np.log(mean)
        each = np.ones(len(x)) if weight is None else weight
        return cls(
            distinct,
            np.flatnonzero(np.diff(code, prepend=-1)),
            np.bincount(code, weight, len(distinct)).astype(np.float64),
            x * mean,
            weight,
            float(each @ log),
            float(each @ (x * (log + np.log(x)))),
            float(each.sum()),
        )

    @property
    def mean(self) -> float:
        """The mean spend at a purchase."""
        spent = self.spend.sum() if self.weight is None else self.weight @ self.spend
        return float(spent / (self.x @ self.by_x))

    @property
    def variance(self) -> float:
        """How far the mean spends of customers lie from each other, against their mean."""
        each = self.spend / np.repeat(self.x, np.diff(self.start, append=len(self.spend)))
        return float(np.var(each) / np.mean(each) ** 2)

    def in_units_of(self, unit: float) -> Spending:
        """The same in another unit of money."""
        log, purchases = np.log(unit), float(self.x @ self.by_x)
        log_mean, log_sum = self.log_mean - self.total * log, self.log_sum - purchases * log
        return Spending(self.x, self.start, self.by_x, self.spend / unit, self.weight, log_mean, log_sum, self.total)

    def sample(self, size: int) -> Spending:
        """Every nth customer, so that about `size` remain; itself where there are not more."""
        step = len(self.spend) // size
        if step < 2:
            return self
        x = np.repeat(self.x, np.diff(self.start, append=len(self.spend)))[::step]
        weight = None if self.weight is None else self.weight[::step]
        return Spending.of(x, self.spend[::step] / x, weight)

    def log_likelihood(self, logs: Array) -> Point:
        """The log-likelihood with its derivatives by ln p, ln q, ln v."""
        p, q, v = np.exp(logs)
        shapes = p * self.x
        above = v + self.spend
        share = v / above
        log, one, two = self._sums(np.log(above)), self._sums(share), self._sums(share * share)
        both = shapes + q
        each = gammaln(both) - gammaln(shapes) - gammaln(q)
        value = float(self.by_x @ each - both @ log) + self.total * q * logs[2] + p * self.log_sum - self.log_mean
        digamma, trigamma = psi(both), polygamma(1, both)
        by_p = float(self.by_x @ (shapes * (digamma - psi(shapes))) - shapes @ log) + p * self.log_sum
        by_q = q * float(self.by_x @ (digamma - psi(q)) - log.sum() + self.total * logs[2])
        by_v = self.total * q - float(both @ one)
        hessian = np.empty((3, 3))
        hessian[0, 0] = by_p + float(self.by_x @ (shapes**2 * (trigamma - polygamma(1, shapes))))
        hessian[0, 1] = hessian[1, 0] = q * float(self.by_x @ (shapes * trigamma))
        hessian[1, 1] = by_q + q * q * float(self.by_x @ (trigamma - polygamma(1, q)))
        hessian[0, 2] = hessian[2, 0] = -float(shapes @ one)
        hessian[1, 2] = hessian[2, 1] = q * (self.total - float(one.sum()))
        hessian[2, 2] = -float(both @ (one - two))
        return Point(logs, value, np.array([by_p, by_q, by_v]), hessian)

    def _sums(self, values: Array) -> Array:
        """Weighted sums over the customers with each x."""
        return np.add.reduceat(values if self.weight is None else values * self.weight, self.start)


@dataclass(frozen=True, eq=False)
class GammaGamma(Model):
    """The Gamma-Gamma model of spend at a purchase."""

    names = ("p", "q", "v")

    def log_likelihood_of(self, x: ArrayLike, mean_spend: ArrayLike, weight: ArrayLike | None = None) -> float:
        """The log-likelihood of other customers at these parameters."""
        return Spending.of(*_checked(x, mean_spend, weight)).log_likelihood(np.log(self.values)).value

    def expected_spend(self, x: ArrayLike, mean_spend: ArrayLike) -> Array:
        """What a customer is expected to spend at a purchase to come; of one with x = 0, what anybody is.

        Infinite where p x + q <= 1: with so heavy a tail a mean does not exist.
        """
        p, q, v = self.values
        x, spend = np.broadcast_arrays(whole("x", x), np.asarray(mean_spend, dtype=np.float64))
        spend = column("mean_spend", np.where(x > 0, spend, 0.0))
        refuse("mean_spend", (x > 0) & (spend == 0), "must be greater than 0 where x is not 0", spend)
        known = p * x + q - 1
        return number(np.where(known > 0, p * (v + x * spend) / np.where(known > 0, known, 1.0), np.inf))
