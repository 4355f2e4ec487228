"""Customers who live by a given model: for tests of recovery, and to see what a model says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.states.panel import Given, checked
from guanxi.insight.states.parameters import Parameters
from guanxi.insight.states.recursion import Driven, beginners

Floats = NDArray[np.float64]

BEFORE = -1  # the state of one who has not begun


@dataclass(frozen=True)
class Simulated:
    """A drawn panel (customers, periods), and the states it came from (-1 before the start)."""

    purchases: NDArray[np.int64]
    spend: Floats | None
    states: NDArray[np.intp]


def simulate(
    parameters: Parameters,
    customers: int,
    periods: int,
    *,
    start: Any = None,
    covariates: Any = None,
    acquired: Any = None,
    seed: int | np.random.Generator = 0,
) -> Simulated:
    """Draw customers of these parameters; those `acquired` with one purchase more in their first period, and not lost
    then. The mean spend is nan where there was no purchase.
    """
    random = np.random.default_rng(seed)
    given = checked(np.zeros((customers, periods), np.int8), None, start, covariates)
    new = np.zeros(customers, bool) if acquired is None else np.asarray(acquired, bool)
    states = _states(parameters, replace(given, acquired=new), random)
    active = (states >= 0) & (states < parameters.states)
    purchases = np.zeros(states.shape, np.int64)
    purchases[active] = parameters.purchases.draw(states[active], random)
    purchases[new, given.start[new]] += 1
    spend = None
    if parameters.spend is not None:
        spend = np.full(states.shape, np.nan)
        bought = purchases > 0
        spend[bought] = parameters.spend.draw(states[bought], random)
    return Simulated(purchases, spend, states)


def _states(parameters: Parameters, given: Given, random: np.random.Generator) -> NDArray[np.intp]:
    start, covariates = given.start, given.covariates
    states = np.full(given.purchases.shape, BEFORE, np.intp)
    first = np.cumsum(beginners(parameters, given.acquired), axis=0).T
    for period in range(given.periods):
        begins, goes_on = np.flatnonzero(start == period), np.flatnonzero(start < period)
        states[begins, period] = _drawn(first[begins], random)
        if len(goes_on):
            chances = _chances(parameters, states[goes_on, period - 1], covariates, goes_on, period - 1)
            states[goes_on, period] = _drawn(np.cumsum(chances, axis=1), random)
    return states


def _chances(
    parameters: Parameters,
    state: NDArray[np.intp],
    covariates: Floats | None,
    which: NDArray[np.intp],
    period: int,
) -> Floats:
    """Where each of these customers may go from his state."""
    if covariates is None or parameters.effects is None:
        return parameters.transitions[state]
    here = np.eye(len(parameters.initial))[state].T
    driven = Driven(parameters, (covariates[which, period] - parameters.centre).T[None])
    return driven.ahead(here, 0).T


def _drawn(passed: Floats, random: np.random.Generator) -> NDArray[np.intp]:
    """A state for each row of cumulated chances."""
    beyond = random.random(len(passed))[:, None] * passed[:, -1:] >= passed
    found: NDArray[np.intp] = np.minimum(beyond.sum(axis=1), passed.shape[1] - 1)
    return found
