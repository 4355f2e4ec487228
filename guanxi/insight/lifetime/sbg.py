"""sBG, the shifted beta-geometric model of contracts (Fader & Hardie 2007, 2010).

At the end of each period a customer does not renew with a probability θ, which differs as Beta(alpha, beta).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from guanxi.insight.lifetime.bg_bb import staying
from guanxi.insight.lifetime.errors import BadData, NotConverged
from guanxi.insight.lifetime.likelihood import Part, rising, rising_sum
from guanxi.insight.lifetime.model import Model, number, period, rate
from guanxi.insight.lifetime.newton import Objective, Point, best_of
from guanxi.insight.lifetime.quadrature import FORGOTTEN
from guanxi.insight.lifetime.rows import Array, column, refuse, whole


def fit_sbg(
    lost: ArrayLike | None = None, remaining: ArrayLike | None = None, *, survivors: ArrayLike | None = None
) -> Sbg:
    """Fit sBG to contracts that ended and contracts that still run; Raises BadData, NotConverged.

    Either `lost`, how many ended in their 1st, 2nd, 3rd … period, with `remaining`, how many were still running when
    they were last seen: one number, where all were watched for as many periods as `lost` has; or, of cohorts that began
    at different times, as long as `lost`, those seen last after 1, 2, 3 … periods.
    Or `survivors` of one cohort: how many began, and how many were left after 1, 2, 3 … periods.
    """
    lost, kept = _from_survivors(survivors, lost, remaining)
    if not kept.any():
        raise NotConverged(
            "unbounded", "every contract ended: how they differ beyond that cannot be told", ("alpha", "beta")
        )
    if not lost.any():
        raise NotConverged("all alike", "no contract has ended yet: nothing is known of leaving", ("alpha", "beta"))
    if np.count_nonzero(lost + kept) < 2:
        raise NotConverged("too little", "one period cannot tell 2 parameters")
    starts = [np.log(start) for start in ((1.0, 1.0), (0.7, 4.0), (3.0, 10.0), (1.0, 50.0))]
    return Sbg._at(best_of(_objective(lost, kept), starts, Sbg.names), float(lost.sum() + kept.sum()))


def _from_survivors(
    survivors: ArrayLike | None, lost: ArrayLike | None, remaining: ArrayLike | None
) -> tuple[Array, Array]:
    """Ended in, and last seen running after, the 1st, 2nd, 3rd … period."""
    if survivors is not None:
        if lost is not None or remaining is not None:
            raise BadData("survivors", "say either survivors, or lost and remaining")
        left = column("survivors", survivors)
        if left.ndim != 1 or len(left) < 2:
            raise BadData("survivors", "must be how many began, and how many were left after each period")
        lost = -np.diff(left)
        refuse("survivors", np.append(False, lost < 0), "must not grow", left)
        remaining = left[-1]
    if lost is None or remaining is None:
        raise BadData("lost", "say lost and remaining, or survivors")
    lost, kept = column("lost", lost), column("remaining", remaining)
    if lost.ndim != 1 or not len(lost):
        raise BadData("lost", "must be one number for each period")
    if kept.ndim == 0:
        kept = np.append(np.zeros(len(lost) - 1), kept)
    if kept.shape != lost.shape:
        raise BadData("remaining", "must be one number, or as many as there are in lost")
    return lost, kept


def _objective(lost: Array, kept: Array) -> Objective:
    """A contract ends in period t with B(alpha + 1, beta + t - 1) / B(alpha, beta).

    It outlasts period t with B(alpha, beta + t) / B(alpha, beta).
    """
    periods = np.arange(1, len(lost) + 1, dtype=np.float64)
    weight = np.concatenate([lost, kept])
    ended, stayed = np.repeat([1.0, 0.0], len(lost)), np.concatenate([periods - 1, periods])

    def at(logs: Array) -> Point:
        alpha, beta = np.exp(logs)
        part = Part.of(np.zeros(len(weight)), 2)
        rising(part, 0, alpha, ended)
        rising(part, 1, beta, stayed)
        rising_sum(part, ((0, alpha), (1, beta)), ended + stayed, -1.0)
        return Point(logs, *part.sums(weight))

    return at


@dataclass(frozen=True, eq=False)
class Sbg(Model):
    """The sBG model of contracts. Ages are whole periods."""

    names = ("alpha", "beta")

    def log_likelihood_of(self, lost: ArrayLike, remaining: ArrayLike) -> float:
        """The log-likelihood of other contracts at these parameters."""
        return _objective(*_from_survivors(None, lost, remaining))(np.log(self.values)).value

    def survival(self, t: ArrayLike) -> Array:
        """The share of new contracts that still run after t periods."""
        alpha, beta = self.values
        return number(np.exp(betaln(alpha, beta + period("t", t)) - betaln(alpha, beta)))

    def retention(self, t: ArrayLike) -> Array:
        """The share of contracts running before the end of period t = 1, 2, 3 … that are renewed then."""
        alpha, beta = self.values
        t = period("t", t)
        if np.any(t < 1):
            raise BadData("t", "periods are counted from 1")
        return number((beta + t - 1) / (alpha + beta + t - 1))

    def expected_renewals(self, age: ArrayLike, horizon: int) -> Array:
        """The renewals expected in the next `horizon` periods of a contract that has been renewed `age` times."""
        return self.discounted_expected_renewals(age, 0.0, horizon)

    def discounted_expected_renewals(self, age: ArrayLike, delta: float, horizon: int | None = None) -> Array:
        """The same with the kth renewal from now discounted by e**(-delta k), up to a horizon or for ever."""
        age, (delta, end) = whole("age", age), rate(delta, horizon)
        if end is not None and end != int(end):
            raise BadData("horizon", "must be a whole number of periods")
        periods = int(np.ceil(FORGOTTEN / delta)) if end is None else int(end)
        ages, back = np.unique(age, return_inverse=True)
        alpha, beta = self.values
        expected = np.array([staying(alpha, beta + one, periods, delta) for one in ages])
        return number(expected[back].reshape(age.shape))
