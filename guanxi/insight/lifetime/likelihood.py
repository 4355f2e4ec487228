"""The log-likelihood of purchase histories: ln shared(x) + ln(left(x, T) + right(x, t_x)), and its derivatives.

`left` is the customer still being there at T, `right` his having left after t_x; this holds for BG/NBD, MBG/NBD and
Pareto/NBD alike, which differ in the three functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import gammaln, polygamma, psi

from guanxi.insight.lifetime.newton import Point
from guanxi.insight.lifetime.rows import Array, Purchases


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


def log_likelihood(parts: Parts, parameters: Array, data: Purchases) -> Point:
    """The log-likelihood with its first and second derivatives by the logarithms of the parameters."""
    left = parts.left(parameters, data.x_values[data.left_x], data.left_time)
    right = parts.right(parameters, data.x_values[data.right_x], data.right_time)
    value, gradient, hessian = parts.shared(parameters, data.x_values).sums(data.x_weight)
    both, gone = _either(left.value, right.value, data)
    value += float(data.weight @ both)
    gone_weight = data.weight * gone
    right_weight = np.bincount(data.right, gone_weight, len(right.value))
    left_weight = data.left_weight - np.add.reduceat(gone_weight, data.left_start)
    for part, weight in ((left, left_weight), (right, right_weight)):
        gradient = gradient + part.gradient @ weight
        hessian = hessian + part.hessian @ weight
    hessian = hessian + _spread(left.gradient, right.gradient, gone_weight * (1 - gone), data)
    return Point(np.log(parameters), value, gradient, hessian)


def _either(left: Array, right: Array, data: Purchases) -> tuple[Array, Array]:
    """Of each row, ln(e**left + e**right) and the share of the right one."""
    left_row = np.repeat(left, np.diff(data.left_start, append=len(data.weight)))
    difference = right[data.right] - left_row
    smaller = np.exp(-np.abs(difference))
    share = 1 / (1 + smaller)
    return (
        left_row + np.maximum(difference, 0.0) + np.log1p(smaller),
        np.where(difference > 0, share, 1 - share),
    )


def _spread(left: Array, right: Array, weight: Array, data: Purchases) -> Array:
    """The sum over rows of weight * (∇left - ∇right)(∇left - ∇right)ᵀ."""
    ends = np.append(data.left_start, len(weight))
    table = sparse.csr_array((weight, data.right, ends), shape=(left.shape[1], right.shape[1]))
    mixed = left @ (table @ right.T)
    by_left = np.add.reduceat(weight, data.left_start)
    by_right = np.bincount(data.right, weight, right.shape[1])
    return (left * by_left) @ left.T + (right * by_right) @ right.T - mixed - mixed.T
