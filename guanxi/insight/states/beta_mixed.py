"""Customers who differ: two states, alive and lost, whose rates vary among customers as beta distributions.

At each occasion a customer is first lost with his own probability theta ~ Beta(gamma, delta), then, if alive, buys with
his own p ~ Beta(alpha, beta). This is the BG/BB model of Fader, Hardie & Shang (2010), here not by its closed form but
by the hidden Markov model's forward recursion at the nodes of a Gauss-Jacobi quadrature. The likelihood given p and
theta is a polynomial of degree at most the number of periods in each, so half as many nodes (and one) are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, roots_jacobi

from guanxi.insight.lifetime.errors import BadData, NotConverged
from guanxi.insight.states.emissions import Binomial
from guanxi.insight.states.panel import Panel, checked, merged
from guanxi.insight.states.parameters import Parameters
from guanxi.insight.states.recursion import log_likelihoods

Floats = NDArray[np.float64]

NAMES = ("alpha", "beta", "gamma", "delta")
FARTHEST = 8.0  # of the logarithm of a parameter


@dataclass(frozen=True)
class BetaMixed:
    """The fitted beta distributions: of buying (`alpha`, `beta`) and of being lost (`gamma`, `delta`)."""

    params: dict[str, float]
    log_likelihood: float


def fit_beta_mixed(purchases: Any, *, start: Any = None, weight: Any = None) -> BetaMixed:
    """Fit the beta distributions to a panel of bought (1) or not (0), customers by occasions.

    Raises BadData, and NotConverged where the likelihood has no maximum inside.
    """
    panel = _panel(purchases, start, weight)
    share = float(panel.weight.sum())

    def depth(logs: Floats) -> float:
        return -_log_likelihood(panel, np.exp(np.clip(logs, -FARTHEST, FARTHEST))) / share

    result = minimize(depth, np.zeros(len(NAMES)), method="BFGS", jac="3-point", options={"gtol": 1e-6})
    if np.abs(result.x).max() >= FARTHEST or np.abs(result.jac).max() > 1e-4:
        raise NotConverged(
            "unbounded",
            "the beta distributions found no maximum: the customers hardly differ, or nobody (or everybody) is lost",
        )
    values = dict(zip(NAMES, (float(value) for value in np.exp(result.x)), strict=True))
    return BetaMixed(values, -float(result.fun) * share)


def beta_mixed_log_likelihood(
    purchases: Any, alpha: float, beta: float, gamma: float, delta: float, *, start: Any = None, weight: Any = None
) -> float:
    """The log-likelihood of a panel of bought or not at these parameters."""
    values = np.array([alpha, beta, gamma, delta], float)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise BadData("alpha", f"alpha, beta, gamma, delta must be above 0, not {alpha}, {beta}, {gamma}, {delta}")
    return _log_likelihood(_panel(purchases, start, weight), values)


def _panel(purchases: Any, start: Any, weight: Any) -> Panel:
    given = checked(purchases, None, start, None, weight)
    if given.purchases.max() > 1:
        raise BadData("purchases", "an occasion has more than one; give 1 for bought and 0 for not")
    return Panel.of(merged(given), np.array([0.0, 1.0]))


def _log_likelihood(panel: Panel, values: Floats) -> float:
    nodes = panel.periods // 2 + 1
    buys, buys_share = _beta_nodes(values[0], values[1], nodes)
    leaves, leaves_share = _beta_nodes(values[2], values[3], nodes)
    likely = np.stack([log_likelihoods(panel, _alive_or_lost(p, theta)) for p in buys for theta in leaves])
    share = np.outer(buys_share, leaves_share).ravel()
    return float(panel.weight @ logsumexp(likely, axis=0, b=share[:, None]))


def _beta_nodes(first: float, second: float, count: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the quadrature by the Beta(first, second) distribution."""
    nodes, share = roots_jacobi(count, second - 1, first - 1)
    return np.clip((1 + nodes) / 2, 1e-15, 1 - 1e-15), share / share.sum()


def _alive_or_lost(buys: float, leaves: float) -> Parameters:
    """The two-state model of one kind of customer, who may be lost before the first occasion."""
    first = np.array([1 - leaves, leaves])
    return Parameters(first, np.array([first, [0.0, 1.0]]), "bernoulli", Binomial(np.array([buys])))
