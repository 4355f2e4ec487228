"""Known models, and the long way round to what they answer: every path of states, or logarithms throughout."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.special import logsumexp

from guanxi.insight.states import Parameters, parameters

THREE = parameters(
    rate=[0.3, 1.5, 4.0],
    initial=[0.5, 0.3, 0.2, 0],
    transitions=[[0.85, 0.08, 0.02, 0.05], [0.1, 0.8, 0.07, 0.03], [0.02, 0.1, 0.86, 0.02], [0, 0, 0, 1]],
)


def two(emission: str = "poisson", *, begin_lost: bool = False, spend: bool = False, covariates: int = 0, **more):
    """Two active states and a lost one."""
    if covariates:
        effects = np.random.default_rng(5).normal(size=(3, 3, covariates))
        effects[range(3), range(3)] = 0
        effects[2] = 0
        more |= {"effects": effects, "centre": np.full(covariates, 0.2)}
    if spend:
        more |= {"spend_log_mean": [1, 2], "spend_log_deviation": [0.5, 0.7]}
    return parameters(
        rate=[0.3, 2.0] if emission != "bernoulli" else [0.2, 0.7],
        initial=[0.5, 0.3, 0.2] if begin_lost else [0.6, 0.4, 0],
        transitions=[[0.85, 0.08, 0.07], [0.1, 0.8, 0.1], [0, 0, 1]],
        emission=emission,
        **more,
    )


def matrix(model: Parameters, covariates: np.ndarray | None) -> np.ndarray:
    """Transitions under these covariates of one customer and period."""
    chances = model.transitions.copy()
    if model.effects is not None:
        for state in range(model.states):
            odds = chances[state] * np.exp(model.effects[state] @ (covariates - model.centre))
            chances[state] = odds / odds.sum()
    return chances


def log_emissions(model: Parameters, count: int, spend: float) -> np.ndarray:
    """Log-density of one period in every state."""
    found = model.purchases.log_density(np.array([float(count)]))[:, 0]
    if model.spend is not None and count and spend == spend:
        found = found + model.spend.log_density(np.array([np.log(spend)]))[:, 0]
    return np.append(found, [0.0 if count == 0 else -np.inf] * model.lost)


def by_every_path(model: Parameters, counts, spends, start: int, covariates, acquired=False):
    """Log-likelihood, and the posterior of the last period, by going through all paths of states."""
    counts, initial = np.array(counts), model.initial
    if acquired:
        counts[start] -= 1
        initial = np.where(np.arange(len(initial)) < model.states, initial, 0) / initial[: model.states].sum()
    ends = np.zeros(len(model.initial))
    for path in itertools.product(range(len(ends)), repeat=len(counts) - start):
        chance = initial[path[0]]
        for step, state in enumerate(path):
            period = start + step
            if step:
                chance *= matrix(model, None if covariates is None else covariates[period - 1])[path[step - 1], state]
            chance *= np.exp(log_emissions(model, counts[period], spends[period])[state])
        ends[path[-1]] += chance
    return float(np.log(ends.sum())), ends / ends.sum()


def in_logarithms(model: Parameters, counts) -> tuple[float, np.ndarray]:
    """Log-likelihood and the posterior of every period, in logarithms throughout, one customer at a time."""
    with np.errstate(divide="ignore"):
        moves, at = np.log(model.transitions), np.log(model.initial)
    path = []
    for period, count in enumerate(counts):
        if period:
            at = logsumexp(at[:, None] + moves, axis=0)
        at = at + log_emissions(model, count, np.nan)
        path.append(np.exp(at - logsumexp(at)))
    return float(logsumexp(at)), np.array(path)
