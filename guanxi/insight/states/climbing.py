"""Expectation and maximisation (Baum-Welch), and where it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.states.emissions import emission_of
from guanxi.insight.states.panel import Given, Panel
from guanxi.insight.states.parameters import Parameters, floored
from guanxi.insight.states.recursion import Expected, expect
from guanxi.insight.states.spend import LEAST_SHARE, LogNormal

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Wanted:
    """The model that is asked for."""

    states: int
    lost: bool
    emission: str
    trials: int
    begin_lost: bool


def beginning(given: Given, wanted: Wanted, random: np.random.Generator | None = None) -> Parameters:
    """Where to start: rates from quantiles of the customers' own, a fair chance to stay; shaken by `random`."""
    count = wanted.states
    own = _own_rates(given)
    rate = np.quantile(own, (np.arange(count) + 0.5) / count) * (1 + 0.01 * np.arange(count))
    stay = 0.8
    if random is not None:
        rate = np.sort(rate * np.exp(random.normal(0, 0.5, count)))
        stay = random.uniform(0.5, 0.95)
    if wanted.emission in ("binomial", "bernoulli"):
        rate = np.minimum(rate, 0.98 * (1 if wanted.emission == "bernoulli" else wanted.trials))
    total = count + wanted.lost
    matrix = np.full((total, total), (1 - stay) / max(total - 1, 1))
    np.fill_diagonal(matrix, stay if total > 1 else 1.0)
    if wanted.lost:
        matrix[-1] = np.eye(total)[-1]
    initial = np.ones(total)
    if wanted.lost:
        initial[-1] = 0.1 if wanted.begin_lost else 0
    if random is not None:
        initial *= random.uniform(0.2, 1, total)
    return Parameters(
        initial=initial / initial.sum(),
        transitions=matrix,
        emission=wanted.emission,
        purchases=emission_of(wanted.emission, rate, wanted.trials),
        spend=_spends(given, count),
    )


def _own_rates(given: Given) -> Floats:
    """Purchases per period of each customer who bought at all, each as often as his weight says, roughly."""
    bought = given.explained().sum(axis=1)
    buyers = (bought > 0) & (given.weight > 0)
    rates = bought[buyers] / (given.periods - given.start[buyers])
    order = np.argsort(rates)
    passed = np.cumsum(given.weight[buyers][order])
    at = np.searchsorted(passed, (np.arange(1000) + 0.5) / 1000 * passed[-1])
    found: Floats = rates[order][np.minimum(at, len(order) - 1)]
    return found


def _spends(given: Given, states: int) -> LogNormal | None:
    if given.spend is None:
        return None
    known = (given.purchases > 0) & (given.spend > 0)
    logs = np.log(given.spend[known])
    weight = np.broadcast_to(given.weight[:, None], known.shape)[known]
    mean = np.average(logs, weights=weight)
    deviation = float(np.sqrt(np.average((logs - mean) ** 2, weights=weight)))
    return LogNormal(np.full(states, mean), np.full(states, deviation), LEAST_SHARE * deviation)


def improved(parameters: Parameters, found: Expected, levels: Floats) -> Parameters:
    """The M step: the parameters under which what is expected to have happened is likeliest."""
    active = parameters.states
    matrix = parameters.transitions.copy()
    left = found.counts[:active].sum(axis=1, keepdims=True)
    moved = np.where(left > 0, found.counts[:active] / np.where(left > 0, left, 1), matrix[:active])
    matrix[:active] = floored(moved)
    return replace(
        parameters,
        initial=_initial(parameters, found),
        transitions=matrix,
        purchases=parameters.purchases.improved(found.histogram, levels),
        spend=None if parameters.spend is None else parameters.spend.improved(found.moments),
    )


def _initial(parameters: Parameters, found: Expected) -> Floats:
    """Shares of the states at the start. The acquired, who cannot be lost then, tell those of the active ones only."""
    total, initial = found.initial.sum(), parameters.initial.copy()
    lost = found.initial[parameters.states :] / total if total > 0 else initial[parameters.states :]
    active = (found.initial + found.acquired)[: parameters.states]
    shares = np.append(active / active.sum() * (1 - lost.sum()), lost)
    possible = initial > 0
    initial[possible] = floored(shares[possible])
    return initial


def climb(panel: Panel, parameters: Parameters) -> Iterator[tuple[Parameters, float]]:
    """Step after step of expectation and maximisation: parameters, and the log-likelihood that they have."""
    while True:
        found = expect(panel, parameters)
        yield parameters, found.log_likelihood
        parameters = improved(parameters, found, panel.levels)
