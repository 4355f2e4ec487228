"""BG/BB (Fader, Hardie & Shang 2010): purchases that can happen once a period (a yearly gift, a weekly visit).

While he is there, a customer buys in a period with a probability p, which differs as Beta(alpha, beta); at the
beginning of each period he leaves with a probability θ, which differs as Beta(gamma, delta).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, polygamma, psi

from guanxi.insight.lifetime.errors import BadData, NotConverged
from guanxi.insight.lifetime.model import Model, number, rate
from guanxi.insight.lifetime.newton import Objective, Point, best_of
from guanxi.insight.lifetime.quadrature import FORGOTTEN
from guanxi.insight.lifetime.rows import Array, Purchases, alike, distinct, history, refuse, weights, whole


def fit_bg_bb(x: ArrayLike, t_x: ArrayLike, n: ArrayLike, weight: ArrayLike | None = None) -> BgBb:
    """Fit BG/BB to purchases x in n periods, the last in period t_x (0 where x is 0). Raises BadData, NotConverged."""
    data = _gathered(x, t_x, n, weight)
    if not data.T.max() > 0:
        raise NotConverged("no time", "no customer has been watched for a period after the first purchase")
    if not data.repeats:
        raise NotConverged("no repeat purchase", "no customer bought again: nothing is known of how often they buy")
    if len(data.weight) < 4:
        raise NotConverged("too little", f"{len(data.weight)} different histories cannot tell 4 parameters")
    terms = Terms.of(data)
    starts = [np.log(start) for start in ((1.0, 1.0, 0.7, 3.0), (0.5, 2.0, 0.5, 8.0), (3.0, 1.5, 1.5, 3.0))]
    return BgBb._at(best_of(terms.objective, starts, BgBb.names), data.total)


def _history(x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> tuple[Array, Array, Array]:
    x, t_x, n = history(x, whole("t_x", t_x), whole("n", n), "n")
    refuse(
        "x",
        x > t_x,
        "must not be greater than t_x: there is one purchase in a period at most",
        np.broadcast_arrays(x, t_x)[0],
    )
    return x, t_x, n


def _gathered(x: ArrayLike, t_x: ArrayLike, n: ArrayLike, weight: ArrayLike | None) -> Purchases:
    x, t_x, n = alike(**dict(zip(("x", "t_x", "n"), _history(x, t_x, n), strict=True)))
    weight = weights(weight, len(x))
    kept = np.ones(len(x), bool) if weight is None else weight > 0
    return distinct(x[kept], t_x[kept], n[kept], None if weight is None else weight[kept])


@dataclass(frozen=True)
class Terms:
    """The likelihood of each row as a sum over the period in which the customer may have left, or that he did not.

    A term is B(alpha + x, beta + m - x) B(gamma + gone, delta + m) / B(alpha, beta) / B(gamma, delta): m periods there.
    """

    x: Array
    there: Array  # m
    gone: Array  # 0 or 1
    start: Array  # the first term of each row
    weight: Array  # of rows

    @classmethod
    def of(cls, data: Purchases) -> Terms:
        """The terms of distinct rows: still there at n; or left after m = t_x … n - 1 periods."""
        x, t_x, n, weight = data.x, data.t_x, data.T, data.weight
        counts = (n - t_x).astype(np.int64) + 1
        start = np.cumsum(counts) - counts
        step = np.arange(counts.sum()) - np.repeat(start, counts)
        there = np.repeat(n, counts) - step
        return cls(np.repeat(x, counts), there, (step > 0).astype(float), start, weight)

    @property
    def objective(self) -> Objective:
        """The log-likelihood by the logarithms of the parameters."""
        return self.log_likelihood

    def values(self, parameters: Array) -> tuple[Array, Array]:
        """The logarithm of each term, and of each row's sum."""
        alpha, beta, gamma, delta = parameters
        value = betaln(alpha + self.x, beta + self.there - self.x) + betaln(gamma + self.gone, delta + self.there)
        value -= betaln(alpha, beta) + betaln(gamma, delta)
        top = np.maximum.reduceat(value, self.start)
        return value, top + np.log(np.add.reduceat(np.exp(value - self._spread(top)), self.start))

    def log_likelihood(self, logs: Array) -> Point:
        """The log-likelihood with its derivatives."""
        parameters = np.exp(logs)
        value, total = self.values(parameters)
        share = np.exp(value - self._spread(total)) * self._spread(self.weight)
        gradient, hessian = self._derivatives(parameters)
        by_row = np.stack([np.add.reduceat(g * share, self.start) for g in gradient])
        second = hessian @ share + (gradient * share) @ gradient.T - (by_row / self.weight) @ by_row.T
        return Point(logs, float(total @ self.weight), by_row.sum(axis=1), second)

    def _derivatives(self, parameters: Array) -> tuple[Array, Array]:
        """The derivatives of the logarithm of each term."""
        size = len(self.x)
        gradient, hessian = np.zeros((4, size)), np.zeros((4, 4, size))
        steps = ((self.x, self.there - self.x), (self.gone, self.there))
        for first, (up, down) in zip((0, 2), steps, strict=True):
            a, b = parameters[first : first + 2]
            both = psi(a + b) - psi(a + b + up + down)
            both_second = polygamma(1, a + b) - polygamma(1, a + b + up + down)
            for i, (z, step) in enumerate(((a, up), (b, down))):
                gradient[first + i] = z * (psi(z + step) - psi(z) + both)
                curve = z * z * (polygamma(1, z + step) - polygamma(1, z) + both_second)
                hessian[first + i, first + i] = gradient[first + i] + curve
            hessian[first, first + 1] = hessian[first + 1, first] = a * b * both_second
        return gradient, hessian

    def _spread(self, rows: Array) -> Array:
        return np.repeat(rows, np.diff(self.start, append=len(self.x)))


@dataclass(frozen=True, eq=False)
class BgBb(Model):
    """The BG/BB model. Times are whole periods."""

    names = ("alpha", "beta", "gamma", "delta")

    def log_likelihood_of(self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, weight: ArrayLike | None = None) -> float:
        """The log-likelihood of other histories at these parameters."""
        data = _gathered(x, t_x, n, weight)
        return float(Terms.of(data).values(self.values)[1] @ data.weight)

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> Array:
        """The probability that a customer with this history is there in the period n + 1, as the paper reckons."""
        gamma, delta = self.params["gamma"], self.params["delta"]
        x, t_x, n = np.broadcast_arrays(*_history(x, t_x, n))
        return number(self._there(x, t_x, n) * (delta + n) / (gamma + delta + n))

    def expected_purchases(self, n: ArrayLike) -> Array:
        """The purchases expected of a new customer in n periods."""
        return self.conditional_expected_purchases(n, 0, 0, 0)

    def conditional_expected_purchases(self, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> Array:
        """The purchases expected of a customer with this history in the t periods after n."""
        t = whole("t", t)
        x, t_x, n, t = np.broadcast_arrays(*_history(x, t_x, n), t)
        result = np.empty(t.shape)
        for ahead in np.unique(t):
            chosen = t == ahead
            result[chosen] = self._buying(x[chosen], t_x[chosen], n[chosen], int(ahead), 0.0)
        return number(result)

    def discounted_expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, delta: float, horizon: float | None = None
    ) -> Array:
        """The purchases expected after n, those in period n + k discounted by e**(-delta k)."""
        discount, horizon = rate(delta, horizon)
        if horizon is not None and horizon != int(horizon):
            raise BadData("horizon", "must be a whole number of periods")
        periods = int(np.ceil(FORGOTTEN / discount)) if horizon is None else int(horizon)
        x, t_x, n = np.broadcast_arrays(*_history(x, t_x, n))
        return number(self._buying(x, t_x, n, periods, discount))

    def _buying(self, x: Array, t_x: Array, n: Array, periods: int, discount: float) -> Array:
        """Purchases in the next periods: there at n, mean of p given that, and staying for k periods more."""
        alpha, beta, gamma, delta = self.values
        times, back = np.unique(n, return_inverse=True)
        stay = np.array([staying(gamma, delta + time, periods, discount) for time in times])
        mean = (alpha + x) / (alpha + beta + n)
        return np.asarray(self._there(x, t_x, n) * mean * stay[back].reshape(x.shape))

    def _there(self, x: Array, t_x: Array, n: Array) -> Array:
        """The probability that a customer was there in period n; each distinct history once."""
        data = np.stack([x.ravel(), t_x.ravel(), n.ravel()])
        rows, back = np.unique(data, axis=1, return_inverse=True)
        one = distinct(rows[0], rows[1], rows[2], None)
        terms = Terms.of(one)
        value, total = terms.values(self.values)
        by_row = np.exp(value[terms.start] - total)
        order = np.lexsort((rows[1], rows[2], rows[0]))  # in which `distinct` puts them
        result = np.empty(len(by_row))
        result[order] = by_row
        return result[back.ravel()].reshape(x.shape)


def staying(gone: float, stayed: float, periods: int, discount: float) -> float:
    """The sum over k = 1 … periods of e**(-discount k) times the chance to stay for k, θ ~ Beta(gone, stayed)."""
    k = np.arange(1, periods + 1)
    chance = np.exp(np.cumsum(np.log((stayed + k - 1) / (gone + stayed + k - 1))))
    return float(chance @ np.exp(-discount * k))
