"""Integrals that have no closed form, by rules whose nodes suit them; all are exact to about ten digits.

The double-exponential rule (Takahasi & Mori 1974) puts its nodes so that the integrand dies away twice exponentially at
both ends; it does not mind steep ends or features on very different scales.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import polygamma

from guanxi.insight.lifetime.rows import Array

FORGOTTEN = 40.0  # beyond delta * time = 40 nothing of a discounted stream is left
CHEBYSHEV = 28  # nodes in time, for functions that are smooth in ln(scale + time)


def finite_rule(step: float = 0.09, farthest: float = 3.1) -> tuple[Array, Array]:
    """Nodes and weights for integrals over [0, 1]."""
    u = np.arange(-farthest, farthest + step / 2, step)
    inner = 0.5 * np.pi * np.sinh(u)
    return 1 / (1 + np.exp(-2 * inner)), step * 0.25 * np.pi * np.cosh(u) / np.cosh(inner) ** 2


def ray_rule(highest: float, step: float = 0.3) -> tuple[Array, Array]:
    """Nodes and weights for integrals over [0, e**highest], of functions smooth in ln u that begin to fall at u = 1."""
    v = np.arange(-3.4, min(highest, 650.0) + step, step)
    nodes = np.exp(v - np.exp(-v))
    return nodes, step * nodes * (1 + np.exp(-v))


def beta_rule(a: float, b: float, step: float = 0.1) -> tuple[Array, Array]:
    """Nodes in (0, 1) and weights for expectations over Beta(a, b), of functions smooth in ln p and ln(1 - p)."""
    spread = float(np.sqrt(polygamma(1, a) + polygamma(1, b)))
    scale = min(spread, 2.0)
    middle = np.log(a / b)
    low = np.arcsinh((37 / a + 8 * spread) / scale if a < 40 else 10 * spread / scale)
    high = np.arcsinh((37 / b + 8 * spread) / scale if b < 40 else 10 * spread / scale)
    u = np.arange(-low, high + step, step)
    logit = middle + scale * np.sinh(u)
    ln_p, ln_q = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    ln_weight = a * ln_p + b * ln_q + np.log(np.cosh(u))
    weight = np.exp(ln_weight - ln_weight.max())
    kept = weight > 1e-18
    return np.maximum(np.exp(ln_p[kept]), 1e-290), weight[kept] / weight[kept].sum()


def discounted(survival: Callable[[Array], Array], scale: Array, delta: float, horizon: float | None) -> Array:
    """∫ e**(-delta u) survival(u) du from 0 to the horizon (None: for ever), for each scale of time.

    `survival` takes times of shape (len(scale), nodes). It must be smooth in ln(scale + u).
    """
    end = FORGOTTEN / delta if delta > 0 else np.inf
    end = end if horizon is None else min(end, horizon)
    nodes, weights = finite_rule()
    log_range = np.log1p(end / scale)[:, None]
    times = scale[:, None] * np.expm1(log_range * nodes)
    integrand = np.exp(-delta * times) * survival(times) * (times + scale[:, None])
    return np.asarray(log_range[:, 0] * (integrand @ weights))


def along_time(function: Callable[[float, Array], Array], x: Array, time: Array, scale: float) -> Array:
    """function(x, times) for pairs: computed at each time where they are few, else interpolated between as many.

    The function must be smooth in ln(scale + time); the interpolation is then exact to about twelve digits.
    """
    result = np.empty(len(x))
    order = np.argsort(x, kind="stable")
    starts = np.flatnonzero(np.diff(x[order], prepend=np.nan) != 0)
    for rows in np.split(order, starts[1:]):
        value, times = float(x[rows[0]]), time[rows]
        if len(rows) <= CHEBYSHEV:
            result[rows] = function(value, times)
        else:
            result[rows] = _interpolated(partial(function, value), times, scale)
    return result


def _interpolated(function: Callable[[Array], Array], times: Array, scale: float) -> Array:
    logs = np.log(scale + times)
    low, high = logs.min(), logs.max()
    if high - low < 1e-12:
        return np.full(len(times), function(times[:1])[0])
    nodes = np.cos(np.pi * (np.arange(CHEBYSHEV) + 0.5) / CHEBYSHEV)
    at = np.exp(low + (high - low) * (nodes + 1) / 2) - scale
    coefficients = chebyshev.chebfit(nodes, function(np.maximum(at, 0.0)), CHEBYSHEV - 1)
    return np.asarray(chebyshev.chebval(2 * (logs - low) / (high - low) - 1, coefficients))
