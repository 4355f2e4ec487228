"""The filter: which state each customer is in at a period, knowing nothing of what came after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.states.panel import CHUNK, Given, Panel
from guanxi.insight.states.parameters import Parameters
from guanxi.insight.states.recursion import LEAST_DENSITY, LEAST_SCALE, moves_of

Floats = NDArray[np.float64]

FARTHEST = 600.0  # exponents beyond this leave the floating point
MOST_ODDS = 1e250


def filtered(given: Given, parameters: Parameters, every_period: bool) -> Floats:
    """Probabilities of the states at the last period (customers, states), or at every one (customers, periods, states).

    Customers who are not lost are followed by themselves, and lost ones as the odds against them, so that neither
    vanishes beside the other. Before a customer's start there is nan.
    """
    levels = given.levels()
    shape = (given.customers, given.periods) if every_period else (given.customers,)
    result = np.full((*shape, len(parameters.initial)), np.nan)
    log = parameters.purchases.log_density(levels)
    for first in range(0, given.customers, CHUNK):
        part = given.rows(slice(first, first + CHUNK))
        order = np.argsort(part.start, kind="stable")
        path = _Filter(part.rows(order), parameters, levels, log).run(every_period)
        result[first + order] = path
    return result


class _Filter:
    """The filter of one chunk, its customers in order of their start."""

    def __init__(self, given: Given, parameters: Parameters, levels: Floats, log: Floats) -> None:
        self.given, self.parameters = given, parameters
        self.panel = Panel.of(given, levels, parameters.centre, causal=True)
        self.moves = moves_of(parameters, self.panel)
        shift = log.max(axis=0)
        self.relative = np.maximum(np.exp(log - shift), LEAST_DENSITY)
        self.log = log
        self.silence = np.zeros(len(levels))
        self.silence[0] = np.exp(np.minimum(-shift[0], FARTHEST))

    def run(self, every_period: bool) -> Floats:
        """The posterior at the last period, or at all."""
        active, total = self.parameters.states, len(self.parameters.initial)
        customers, begun = self.given.customers, self.panel.begun()
        alive, odds = np.zeros((active, customers)), np.zeros(customers)
        first = self.parameters.initial[:active].sum()
        path = []
        for period in range(self.panel.periods):
            old, now = begun[period], begun[period + 1]
            if old:
                moved = self._ahead(alive[:, :old], period - 1)
                alive[:, :old] = moved[:active]
                if total > active:
                    odds[:old] += moved[active]
            alive[:, old:now] = self.parameters.initial[:active, None] / first
            odds[old:now] = np.where(self.panel.acquired[old:now], 0, 1 / first - 1)
            self._see(alive[:, :now], odds[:now], period)
            if every_period:
                path.append(self._posterior(alive, odds, now))
        return np.stack(path, axis=1) if every_period else self._posterior(alive, odds, customers)

    def _ahead(self, alive: Floats, period: int) -> Floats:
        lost = len(self.parameters.initial) - self.parameters.states
        return self.moves.ahead(np.concatenate([alive, np.zeros((lost, alive.shape[1]))]), period)

    def _see(self, alive: Floats, odds: Floats, period: int) -> None:
        """What the purchases of a period say of those who have begun; both arrays are changed in place."""
        codes = self.panel.codes[period, : len(odds)]
        alive *= self._density(codes, period)
        total = np.maximum(alive.sum(axis=0), LEAST_SCALE)
        alive /= total
        odds *= self.silence.take(codes)
        odds /= total
        np.minimum(odds, MOST_ODDS, out=odds)

    def _density(self, codes: NDArray[np.int32], period: int) -> Floats:
        relative: Floats = self.relative.take(codes, axis=1)
        if self.panel.log_spend is not None and self.parameters.spend is not None:
            log_spend = self.panel.log_spend[period, : len(codes)]
            (bought,) = np.nonzero(~np.isnan(log_spend))
            log = self.log.take(codes[bought], axis=1) + self.parameters.spend.log_density(log_spend[bought])
            relative[:, bought] = np.maximum(np.exp(log - log.max(axis=0)), LEAST_DENSITY)
        return relative

    def _posterior(self, alive: Floats, odds: Floats, now: int) -> Floats:
        result = np.full((alive.shape[1], len(self.parameters.initial)), np.nan)
        result[:now, : len(alive)] = (alive[:, :now] / (1 + odds[:now])).T
        if result.shape[1] > len(alive):
            result[:now, -1] = odds[:now] / (1 + odds[:now])
        return result
