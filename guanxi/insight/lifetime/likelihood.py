"""The log-likelihood of purchase histories: ln shared(x) + ln(left(x, T) + right(x, t_x)), and its derivatives.

`left` is the customer still being there at T, `right` his having left after t_x; this holds for BG/NBD, MBG/NBD and
Pareto/NBD alike, which differ in the three functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, polygamma, psi

from guanxi.insight.lifetime.newton import Point
from guanxi.insight.lifetime.rows import Array, Places, Purchases, coded, places


@dataclass(frozen=True)
class Part:
    """The logarithm of a factor at n places, with its derivatives by the logarithms of the parameters."""

    value: Array  # (n,)
    gradient: Array  # (parameters, n)
    hessian: Array  # (parameters, parameters, n)

    @classmethod
    def of(cls, value: Array, parameters: int) -> Part:
        """A part whose derivatives are still zero."""
        shape = value.shape
        return cls(value, np.zeros((parameters, *shape)), np.zeros((parameters, parameters, *shape)))

    def add(self, first: int, gradient: Array | float, *seconds: tuple[int, Array | float]) -> None:
        """Add to the derivative by one parameter, and to those by it and each second one."""
        self.gradient[first] += gradient
        for second, value in seconds:
            self.hessian[first, second] += value
            if second != first:
                self.hessian[second, first] += value

    def at(self, where: Places) -> Array:
        """Value and gradient at the rows (rows, 1 + parameters)."""
        return np.asarray(where.blend @ np.vstack([self.value, self.gradient]).T)

    def sums(self, weight: Array) -> tuple[float, Array, Array]:
        """Value and derivatives summed over the places with weights."""
        return float(self.value @ weight), self.gradient @ weight, self.hessian @ weight


@dataclass(frozen=True)
class Parts:
    """What makes a model: each function takes the natural parameters and the places."""

    shared: Callable[[Array, Array], Part]
    left: Callable[[Array, Array, Array], Part]
    right: Callable[[Array, Array, Array], Part]


def rising(part: Part, index: int, z: float, steps: Array, sign: float = 1.0) -> None:
    """Add sign * ln(Γ(z + steps) / Γ(z)) to a part, where z is the parameter at `index`."""
    rising_sum(part, ((index, z),), steps, sign)


def rising_sum(part: Part, terms: tuple[tuple[int, float], ...], steps: Array, sign: float = 1.0) -> None:
    """The same where z is the sum of several parameters."""
    z = sum(value for _, value in terms)
    part.value[:] += sign * (gammaln(z + steps) - gammaln(z))
    first = sign * (psi(z + steps) - psi(z))
    second = sign * (polygamma(1, z + steps) - polygamma(1, z))
    for number, (i, one) in enumerate(terms):
        part.add(i, one * first, (i, one * first + one * one * second))
        for j, other in terms[number + 1 :]:
            part.add(i, 0.0, (j, one * other * second))


@dataclass(frozen=True)
class Histories:
    """Purchase histories, made ready for a likelihood."""

    rows: Purchases
    x_values: Array
    x_weight: Array
    left: Places  # of (x, T)
    right: Places  # of (x, t_x)

    @classmethod
    def of(cls, rows: Purchases) -> Histories:
        """Find the places where the parts of the likelihood have to be known."""
        x_values, x_code = coded(rows.x)
        weight = np.bincount(x_code, rows.weight, len(x_values))
        return cls(rows, x_values, weight, places(rows.x, rows.T), places(rows.x, rows.t_x))

    def log_likelihood(self, parts: Parts, parameters: Array) -> Point:
        """The log-likelihood with its first and second derivatives by the logarithms of the parameters."""
        left = parts.left(parameters, self.left.x, self.left.time)
        right = parts.right(parameters, self.right.x, self.right.time)
        value, gradient, hessian = parts.shared(parameters, self.x_values).sums(self.x_weight)
        left_row, right_row = left.at(self.left), right.at(self.right)
        both, gone = _either(left_row[:, 0], right_row[:, 0])
        weight = self.rows.weight
        gone *= weight
        for part, where, share in ((left, self.left, weight - gone), (right, self.right, gone)):
            at_places = where.blend.T @ share
            gradient = gradient + part.gradient @ at_places
            hessian = hessian + part.hessian @ at_places
        apart = left_row[:, 1:] - right_row[:, 1:]
        mixed = gone * (1 - gone / weight)
        hessian = hessian + apart.T @ (apart * mixed[:, None])
        return Point(np.log(parameters), value + float(weight @ both), gradient, hessian)


def _either(left: Array, right: Array) -> tuple[Array, Array]:
    """ln(e**left + e**right), and the share of the right one."""
    difference = right - left
    smaller = np.exp(-np.abs(difference))
    share = 1 / (1 + smaller)
    return left + np.maximum(difference, 0.0) + np.log1p(smaller), np.where(difference > 0, share, 1 - share)
