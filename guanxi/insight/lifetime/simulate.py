"""Customers drawn from the models, for tests and benchmarks: what a fit must find again."""

from __future__ import annotations

import numpy as np

from guanxi.insight.lifetime.rows import Array

History = tuple[Array, Array, Array]


def simulate_bg_nbd(
    params: dict[str, float],
    T: Array,
    seed: int,
    resolution: float | None = None,
) -> History:
    """Histories (x, t_x, T) of BG/NBD customers; with a `resolution`, purchases of one such time are one."""
    return _beta_geometric(params, T, seed, resolution, False)


def simulate_mbg_nbd(
    params: dict[str, float],
    T: Array,
    seed: int,
    resolution: float | None = None,
) -> History:
    """Histories of MBG/NBD customers, who may leave after their first purchase too."""
    return _beta_geometric(params, T, seed, resolution, True)


def simulate_pareto_nbd(
    params: dict[str, float],
    T: Array,
    seed: int,
    resolution: float | None = None,
) -> History:
    """Histories of Pareto/NBD customers."""
    draw, T = np.random.default_rng(seed), np.asarray(T, dtype=np.float64)
    pace = draw.gamma(params["r"], 1 / params["alpha"], len(T))
    leaving = draw.gamma(params["s"], 1 / params["beta"], len(T))
    end = np.minimum(T, draw.exponential(size=len(T)) / np.maximum(leaving, 1e-300))
    x = draw.poisson(pace * end).astype(np.float64)
    # The last of x times that are uniform until the end.
    t_x = np.where(x > 0, end * draw.random(len(T)) ** (1 / np.maximum(x, 1)), 0.0)
    return _rounded(x, t_x, T, resolution)


def _beta_geometric(
    params: dict[str, float],
    T: Array,
    seed: int,
    resolution: float | None,
    at_once: bool,
) -> History:
    draw, T = np.random.default_rng(seed), np.asarray(T, dtype=np.float64)
    pace = draw.gamma(params["r"], 1 / params["alpha"], len(T))
    leaving = draw.beta(params["a"], params["b"], len(T))
    x, t_x = np.zeros(len(T)), np.zeros(len(T))
    there = np.flatnonzero(draw.random(len(T)) >= leaving) if at_once else np.arange(len(T))
    while len(there):
        following = t_x[there] + draw.exponential(size=len(there)) / np.maximum(pace[there], 1e-300)
        bought = following <= T[there]
        there = there[bought]
        x[there] += 1
        t_x[there] = following[bought]
        there = there[draw.random(len(there)) >= leaving[there]]
    return _rounded(x, t_x, T, resolution)


def _rounded(x: Array, t_x: Array, T: Array, resolution: float | None) -> History:
    """The last purchase at the end of its day, week …; not before the first possible, nor after T."""
    if resolution is None:
        return x, t_x, T
    return x, np.minimum(np.ceil(t_x / resolution) * resolution, T), T


def simulate_gamma_gamma(params: dict[str, float], x: Array, seed: int) -> Array:
    """The mean spend of customers at x purchases each; 0 where x is 0."""
    draw, x = np.random.default_rng(seed), np.asarray(x, dtype=np.float64)
    scale = draw.gamma(params["q"], 1 / params["v"], len(x))
    bought = np.maximum(x, 1)
    return np.where(x > 0, draw.gamma(params["p"] * bought) / (scale * bought), 0.0)


def simulate_bg_bb(params: dict[str, float], n: Array, seed: int) -> History:
    """Histories (x, t_x, n) of BG/BB customers."""
    draw, n = np.random.default_rng(seed), np.asarray(n, dtype=np.int64)
    buying = draw.beta(params["alpha"], params["beta"], len(n))
    leaving = draw.beta(params["gamma"], params["delta"], len(n))
    x, t_x, there = np.zeros(len(n)), np.zeros(len(n)), np.ones(len(n), dtype=bool)
    for time in range(1, int(n.max()) + 1):
        there &= (draw.random(len(n)) >= leaving) & (time <= n)
        bought = there & (draw.random(len(n)) < buying)
        x += bought
        t_x[bought] = time
    return x, t_x, n.astype(np.float64)


def simulate_sbg(params: dict[str, float], contracts: int, periods: int, seed: int) -> Array:
    """The survivors of a cohort: how many began, and how many were left after each period."""
    draw = np.random.default_rng(seed)
    leaving = draw.beta(params["alpha"], params["beta"], contracts)
    ends = np.minimum(draw.geometric(np.maximum(leaving, 1e-12)), periods + 1)
    return contracts - np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=periods + 2)[1 : periods + 1])])
