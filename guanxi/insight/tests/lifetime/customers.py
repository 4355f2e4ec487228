"""Customers simulated from each of the purchase models, with the parameters they were drawn from."""

from __future__ import annotations

import numpy as np

from guanxi.insight.lifetime import BgNbd, MbgNbd, ParetoNbd, PurchaseModel
from guanxi.insight.lifetime.simulate import simulate_bg_nbd, simulate_mbg_nbd, simulate_pareto_nbd

PARAMS: dict[type[PurchaseModel], dict[str, float]] = {
    BgNbd: {"r": 0.6, "alpha": 8.0, "a": 0.8, "b": 2.5},
    MbgNbd: {"r": 0.6, "alpha": 8.0, "a": 0.8, "b": 2.5},
    ParetoNbd: {"r": 0.6, "alpha": 8.0, "s": 0.7, "beta": 12.0},
}
SIMULATE = {BgNbd: simulate_bg_nbd, MbgNbd: simulate_mbg_nbd, ParetoNbd: simulate_pareto_nbd}
MODELS = list(PARAMS)


def customers(
    model: type[PurchaseModel], count: int, seed: int = 1, longest: float = 78
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Histories (x, t_x, T) in weeks of customers who came in one after the other."""
    T = np.random.default_rng(seed).uniform(longest / 2, longest, count)
    return SIMULATE[model](PARAMS[model], T, seed + 1)
