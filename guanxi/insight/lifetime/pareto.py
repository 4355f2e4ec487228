"""Pareto/NBD (Schmittlein, Morrison & Colombo 1987; Fader & Hardie 2005).

A customer buys at a rate λ, which differs among customers as Gamma(r, alpha), and leaves at a rate μ, which differs as
Gamma(s, beta). The likelihood of (x, t_x, T) is

    Γ(r + x) / Γ(r) alpha^r beta^s [ (alpha + T)^-(r+x) (beta + T)^-s + s ∫ (alpha + τ)^-(r+x) (beta + τ)^-(s+1) dτ ]

with the integral from t_x to T. Integrated by parts from T to infinity, the bracket becomes a sum of two positive
terms, one of (x, T), one of (x, t_x), both of one kind of integral:

    (r + x) I(r + x + 1, s, T) + s I(r + x, s + 1, t_x),   I(k, l, t) = ∫ (alpha + τ)^-k (beta + τ)^-l dτ  from t to ∞

I is Gauss's hypergeometric function in another dress, but as an integral it neither overflows nor cancels, and its
derivatives are moments of logarithms and ratios under the same integrand.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from guanxi.insight.lifetime.likelihood import Part, Parts, rising
from guanxi.insight.lifetime.purchases import PurchaseModel
from guanxi.insight.lifetime.quadrature import along_time, discounted, finite_rule, ray_rule
from guanxi.insight.lifetime.rows import Array, Purchases

R, ALPHA, S, BETA = range(4)
CHUNK = 256  # pairs at a time, so that all their nodes stay in the processor's cache
NOTHING = 32.0  # e**-32 of an integrand is left out
THREADS = min(4, os.cpu_count() or 1)


def fit_pareto_nbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None = None) -> ParetoNbd:
    """Fit Pareto/NBD to repeat purchases x, the time of the last t_x and the time watched T.

    Raises BadData, NotConverged.
    """
    return ParetoNbd.fit(x, t_x, T, weight)


def _integral(parameters: Array, x: Array, time: Array, more: tuple[int, int], derivatives: bool = True) -> Part:
    """ln I(r + x + more[0], s + more[1], time), with its derivatives if they are asked for."""
    part = Part.of(np.empty(len(x)), 4)

    def work(start: int) -> None:
        chosen = slice(start, start + CHUNK)
        ahead, value, weight = _nodes(parameters, x[chosen], time[chosen], more)
        part.value[chosen] = value
        if derivatives:
            gradient, hessian = _moments(
                parameters, parameters[R] + x[chosen] + more[0], more[1], time[chosen], ahead, weight
            )
            part.gradient[:, chosen] = gradient
            part.hessian[:, :, chosen] = hessian

    _spread_out(work, range(0, len(x), CHUNK))
    return part


def _spread_out(work: Callable[[int], None], starts: range) -> None:
    """Do pieces of work on several threads: NumPy lets go of the interpreter while it computes."""
    if len(starts) < 2 or THREADS < 2:
        for start in starts:
            work(start)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, starts))


def _nodes(parameters: Array, x: Array, time: Array, more: tuple[int, int]) -> tuple[Array, Array, Array]:
    """Times after t (pairs, nodes), ln I, and the share of I at each node.

    The integrand begins to fall at 1 / (k / (alpha + t) + l / (beta + t)) after t, and falls as τ^-(k + l) in the end.
    """
    r, alpha, s, beta = parameters
    k, by_alpha, by_beta = r + x + more[0], alpha + time, beta + time
    exponent = s + more[1]
    slope = k / by_alpha + exponent / by_beta
    turn = np.log(np.maximum(by_alpha, by_beta) * slope)
    node, node_weight = ray_rule(float((turn + (NOTHING + turn) / (k + exponent - 1)).max()))
    ahead = node / slope[:, None]
    density = np.log1p(ahead / by_alpha[:, None])
    density *= -k[:, None]
    density -= exponent * np.log1p(ahead / by_beta[:, None])
    np.exp(density, out=density)
    density *= node_weight
    whole = density.sum(axis=1)
    density /= whole[:, None]
    return ahead, np.log(whole / slope) - k * np.log(by_alpha) - exponent * np.log(by_beta), density


def _moments(parameters: Array, k: Array, more: int, time: Array, ahead: Array, weight: Array) -> tuple[Array, Array]:
    """The derivatives of ln I by the logarithms of the parameters.

    They are the mean of the derivatives of the integrand's logarithm, and for the second ones also their covariance.
    """
    r, alpha, s, beta = parameters
    exponent = s + more
    scores, means = [], []
    for scale in (alpha, beta):
        by = (scale + time)[:, None]
        relative = ahead / by
        relative += 1
        for feature, middle in ((np.log(relative), np.log(by)), (scale / by / relative, scale / by)):
            mean = np.einsum("ij,ij->i", feature, weight)
            feature -= mean[:, None]
            scores.append(feature)
            means.append(mean + (middle[:, 0] if len(scores) % 2 else 0.0))
    factors = (np.full(len(k), -r), -k, np.full(len(k), -s), np.full(len(k), -exponent))
    hessian = np.zeros((4, 4, len(k)))
    for i in range(4):
        weighted = scores[i] * weight
        for j in range(i, 4):
            covariance = np.einsum("ij,ij->i", weighted, scores[j])
            hessian[i, j] = hessian[j, i] = factors[i] * factors[j] * covariance
            if i == j and i in (ALPHA, BETA):  # of u (1 - u), the mean is that of u less its mean square
                hessian[i, i] += factors[i] * (means[i] - means[i] ** 2 - covariance)
    gradient = np.stack([factor * mean for factor, mean in zip(factors, means, strict=True)])
    for log, ratio, value in ((R, ALPHA, -r), (S, BETA, -s)):
        hessian[log, log] += gradient[log]
        hessian[log, ratio] += value * means[ratio]
        hessian[ratio, log] += value * means[ratio]
    return gradient, hessian


def _still_there(parameters: Array, x: Array, time: Array) -> Part:
    """ln of (r + x) I(r + x + 1, s, T): with what `right` would be at T, the customer who is still there."""
    part = _integral(parameters, x, time, (1, 0))
    r = parameters[R]
    part.value[:] += np.log(r + x)
    share = r / (r + x)
    part.add(R, share, (R, share * (1 - share)))
    return part


def _left_after(parameters: Array, x: Array, time: Array) -> Part:
    """ln of s I(r + x, s + 1, t_x)."""
    part = _integral(parameters, x, time, (0, 1))
    part.value[:] += np.log(parameters[S])
    part.add(S, 1.0)
    return part


def _heterogeneity(parameters: Array, x: Array) -> Part:
    """ln of Γ(r + x) / Γ(r) alpha ** r beta ** s."""
    part = Part.of(np.zeros(len(x)), 4)
    for shape, scale in ((R, ALPHA), (S, BETA)):
        value = parameters[shape] * np.log(parameters[scale])
        part.value[:] += value
        part.add(shape, value, (shape, value), (scale, parameters[shape]))
        part.add(scale, parameters[shape])
    rising(part, R, parameters[R], x)
    return part


@dataclass(frozen=True, eq=False)
class ParetoNbd(PurchaseModel):
    """The Pareto/NBD model: a customer may leave at any time."""

    names = ("r", "alpha", "s", "beta")
    times = ("alpha", "beta")
    parts = Parts(_heterogeneity, _still_there, _left_after)

    @classmethod
    def _starts(cls, data: Purchases) -> list[Array]:
        pace = data.repeats / data.total / max(data.mean_time, 1e-3)
        starts = ((0.5, 0.6, 0.3), (1.5, 1.5, 1.0), (0.3, 0.3, 0.1))
        return [np.log([r, r / pace / 1.5, s, beta * data.mean_time]) for r, s, beta in starts]

    def _alive(self, x: Array, t_x: Array, T: Array) -> Array:
        def left_and_there(x: Array, time: Array) -> Array:
            r, alpha, s, beta = self.values
            there = -(r + x) * np.log(alpha + time) - s * np.log(beta + time)
            return np.stack([self._left(x, time), there])

        left, there = self._by_pair(left_and_there, x, T)
        return np.asarray(np.exp(there - np.logaddexp(left, self._by_pair(self._right, x, t_x))))

    def dert(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, delta: float) -> Array:
        """Discounted expected residual transactions (Fader, Hardie & Lee 2005), delta for the unit of time."""
        return self.discounted_expected_purchases(x, t_x, T, delta)

    def _left(self, x: Array, time: Array) -> Array:
        return np.asarray(np.log(self.params["r"] + x)) + self._log_integral(x, time, (1, 0))

    def _right(self, x: Array, time: Array) -> Array:
        return float(np.log(self.params["s"])) + self._log_integral(x, time, (0, 1))

    def _log_integral(self, x: Array, time: Array, more: tuple[int, int]) -> Array:
        def value(x: float, times: Array) -> Array:
            return _integral(self.values, np.full(len(times), x), times, more, derivatives=False).value

        return along_time(value, x, time, min(self.params["alpha"], self.params["beta"]))

    def _purchases(self, x: Array, T: Array, t: float) -> Array:
        r, alpha, s, beta = self.values
        grown = np.log1p(t / (beta + T))
        # (1 - e**((1 - s) grown)) / (s - 1), which is `grown` where s is 1
        ahead = grown * _mean_exponential((1 - s) * grown)
        return np.asarray((r + x) / (alpha + T) * (beta + T) * ahead)

    def _again(self, x: Array, T: Array, t: float) -> Array:
        """E[∫ λ e**(-(λ + μ) u) du] from 0 to t, over λ ~ Gamma(r + x, alpha + T) and μ ~ Gamma(s, beta + T)."""
        r, alpha, s, beta = self.values
        nodes, weights = finite_rule()

        def expected(x: float, times: Array) -> Array:
            """In ln(1 + u / (alpha + T)), where the integrand is smooth however long t is."""
            scale = (alpha + times)[:, None]
            longest = np.log1p(t / scale)
            grown = longest * nodes
            staying = np.log1p(scale * np.expm1(grown) / (beta + times)[:, None])
            integral = longest[:, 0] * (np.exp(-(r + x) * grown - s * staying) @ weights)
            return np.asarray(np.log((r + x) * integral))

        return np.asarray(np.exp(along_time(expected, x, T, alpha))) if t > 0 else np.zeros(x.shape)

    def _present(self, x: Array, T: Array, delta: float, horizon: float | None) -> Array:
        r, alpha, s, beta = self.values

        def staying(_: float, times: Array) -> Array:
            """ln ∫ e**(-delta u) E[e**(-μ u)] du over μ ~ Gamma(s, beta + T)."""
            scale = beta + times
            return np.log(
                discounted(lambda ahead: np.exp(-s * np.log1p(ahead / scale[:, None])), scale, delta, horizon)
            )

        if horizon == 0:
            return np.zeros(x.shape)
        return np.asarray((r + x) / (alpha + T) * np.exp(along_time(staying, np.zeros(len(T)), T, beta)))


def _mean_exponential(z: Array) -> Array:
    """(e**z - 1) / z, and 1 where z is 0."""
    small = np.abs(z) < 1e-8
    safe = np.where(small, 1.0, z)
    return np.where(small, 1 + z / 2, np.expm1(safe) / safe)
