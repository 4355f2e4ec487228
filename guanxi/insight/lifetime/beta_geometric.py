"""BG/NBD (Fader, Hardie & Lee 2005) and MBG/NBD (Batislam, Denizel & Filiztekin 2007).

A customer buys at a rate λ, which differs among customers as Gamma(r, alpha), and leaves after a purchase with a
probability p, which differs as Beta(a, b). In the modified model he may leave after his first purchase as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from guanxi.insight.lifetime.likelihood import Part, Parts, rising, rising_sum
from guanxi.insight.lifetime.purchases import PurchaseModel
from guanxi.insight.lifetime.quadrature import along_time, beta_rule, discounted
from guanxi.insight.lifetime.rows import Array, Purchases

R, ALPHA, A, B = range(4)
NEVER = -1e9  # the logarithm of no chance at all, such that it can be interpolated


def fit_bg_nbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None = None) -> BgNbd:
    """Fit BG/NBD to repeat purchases x, the last at t_x, watched until T. Raises BadData, NotConverged."""
    return BgNbd.fit(x, t_x, T, weight)


def fit_mbg_nbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None = None) -> MbgNbd:
    """Fit MBG/NBD to repeat purchases x, the last at t_x, watched until T. Raises BadData, NotConverged."""
    return MbgNbd.fit(x, t_x, T, weight)


def _still_there(parameters: Array, x: Array, time: Array) -> Part:
    """ln (alpha + T) ** -(r + x)."""
    r, alpha, _, _ = parameters
    log, share = np.log(alpha + time), alpha / (alpha + time)
    part = Part.of(-(r + x) * log, 4)
    part.add(R, -r * log, (R, -r * log), (ALPHA, -r * share))
    part.add(ALPHA, -(r + x) * share, (ALPHA, -(r + x) * share * (1 - share)))
    return part


def _left_after(parameters: Array, x: Array, time: Array, stays: Array) -> Part:
    """ln of a / (b + stays) * (alpha + t_x) ** -(r + x); never, where `stays` is below zero."""
    b = parameters[B]
    part = _still_there(parameters, x, time)
    possible = stays >= 0
    total = b + np.maximum(stays, 0)
    part.value[:] += np.where(possible, np.log(parameters[A]) - np.log(total), NEVER)
    part.add(A, 1.0)
    part.add(B, -b / total, (B, -b / total * (1 - b / total)))
    return part


def _heterogeneity(parameters: Array, x: Array, stays: Array) -> Part:
    """ln of Γ(r + x) / Γ(r) * alpha ** r * B(a, b + stays) / B(a, b)."""
    r, alpha, a, b = parameters
    part = Part.of(np.full(len(x), r * np.log(alpha)), 4)
    part.add(R, r * np.log(alpha), (R, r * np.log(alpha)), (ALPHA, r))
    part.add(ALPHA, r)
    rising(part, R, r, x)
    rising(part, B, b, stays)
    rising_sum(part, ((A, a), (B, b)), stays, -1.0)
    return part


@dataclass(frozen=True, eq=False)
class _BetaGeometric(PurchaseModel):
    """What BG/NBD and MBG/NBD share."""

    names = ("r", "alpha", "a", "b")
    times = ("alpha",)

    @classmethod
    def _starts(cls, data: Purchases) -> list[Array]:
        pace = data.repeats / data.total / max(data.mean_time, 1e-3)
        return [np.log([r, r / pace / 1.5, a, b]) for r, a, b in ((0.5, 0.6, 1.8), (1.5, 0.3, 3.0), (0.2, 1.5, 1.5))]

    def _stays(self, x: Array) -> Array:
        """How often a customer who is there has stayed after a purchase."""
        raise NotImplementedError

    def _left(self, x: Array, time: Array) -> Array:
        return -(self.params["r"] + x) * np.log(self.params["alpha"] + time)

    def _right(self, x: Array, time: Array) -> Array:
        stays = self._stays(x) - 1
        chance = np.log(self.params["a"]) - np.log(self.params["b"] + np.maximum(stays, 0))
        return np.where(stays >= 0, chance, -np.inf) + self._left(x, time)

    def _purchases(self, x: Array, T: Array, t: float) -> Array:
        r, alpha, a, b = self.values

        def expected(x: float, times: Array) -> Array:
            """ln E[(1 - (1 + p t / (alpha + T)) ** -(r + x)) / p] over p ~ Beta(a, b + stays)."""
            p, weights = beta_rule(a, b + float(self._stays(np.array(x))))
            ahead = t / (alpha + times[:, None])
            return np.asarray(np.log(-np.expm1(-(r + x) * np.log1p(p * ahead)) / p @ weights))

        return np.asarray(np.exp(along_time(expected, x, T, alpha))) if t > 0 else np.zeros(x.shape)

    def _again(self, x: Array, T: Array, t: float) -> Array:
        # Whoever is there leaves only at a purchase, so that only its time matters.
        r, alpha, _, _ = self.values
        return np.asarray(-np.expm1(-(r + x) * np.log1p(t / (alpha + T))))

    def _present(self, x: Array, T: Array, delta: float, horizon: float | None) -> Array:
        r, alpha, a, b = self.values

        def expected(x: float, times: Array) -> Array:
            """ln ∫ e**(-delta u) E[λ e**(-λ p u)] du over λ ~ Gamma(r + x, alpha + T), p ~ Beta(a, b + stays)."""
            p, weights = beta_rule(a, b + float(self._stays(np.array(x))))
            scale = alpha + times

            def buying(ahead: Array) -> Array:
                relative = ahead / scale[:, None]
                return np.asarray(np.exp(-(r + x + 1) * np.log1p(relative[..., None] * p)) @ weights)

            return np.asarray(np.log((r + x) / scale * discounted(buying, scale, delta, horizon)))

        return np.asarray(np.exp(along_time(expected, x, T, alpha))) if horizon != 0 else np.zeros(x.shape)


@dataclass(frozen=True, eq=False)
class BgNbd(_BetaGeometric):
    """The BG/NBD model: a customer may leave after each repeat purchase, never before the first one."""

    parts = Parts(
        lambda parameters, x: _heterogeneity(parameters, x, x),
        _still_there,
        lambda parameters, x, time: _left_after(parameters, x, time, x - 1),
    )

    def _stays(self, x: Array) -> Array:
        return x


@dataclass(frozen=True, eq=False)
class MbgNbd(_BetaGeometric):
    """The MBG/NBD model: a customer may leave after each purchase, the first one included."""

    parts = Parts(
        lambda parameters, x: _heterogeneity(parameters, x, x + 1),
        _still_there,
        lambda parameters, x, time: _left_after(parameters, x, time, x),
    )

    def _stays(self, x: Array) -> Array:
        return x + 1
