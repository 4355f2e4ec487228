"""Forward and backward through the periods, for many customers at once; loops run over periods only.

The recursions are scaled: at each period the states' probabilities are divided by their sum, whose logarithms add up to
the log-likelihood (Rabiner 1989, V.A), and each period's densities by their largest. Arrays are (states, customers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.states.panel import Panel
from guanxi.insight.states.parameters import Parameters, softmax

Floats = NDArray[np.float64]

LEAST_DENSITY = 1e-300  # against the likeliest state; less cannot be told from nothing
LEAST_SCALE = 1e-305


class Moves(Protocol):
    """The transitions of one chunk of customers."""

    def ahead(self, probability: Floats, period: int) -> Floats:
        """Probabilities one period later; `probability` holds the first customers of the chunk at `period`."""
        ...

    def back(self, value: Floats, period: int) -> Floats:
        """The expectation at `period` of a value of the states one period later."""
        ...

    def tally(self, before: Floats, after: Floats, weight: Floats, period: int) -> None:
        """Count the expected moves out of `period`, for the derivatives."""
        ...


class Fixed:
    """The same transitions for everybody."""

    def __init__(self, parameters: Parameters) -> None:
        self.matrix, self.turned = parameters.transitions, np.ascontiguousarray(parameters.transitions.T)
        self.counts = np.zeros_like(self.matrix)

    def ahead(self, probability: Floats, period: int) -> Floats:
        return self.turned @ probability

    def back(self, value: Floats, period: int) -> Floats:
        return self.matrix @ value

    def tally(self, before: Floats, after: Floats, weight: Floats, period: int) -> None:
        self.counts += self.matrix * ((before * weight) @ after.T)


class Driven:
    """Transitions by multinomial logit: a period's covariates drive each customer's move out of it."""

    def __init__(self, parameters: Parameters, covariates: Floats) -> None:
        active = parameters.states
        self.states, self.active, self.covariates = len(parameters.initial), active, covariates
        self.logits = np.log(np.maximum(parameters.transitions[:active], 1e-300))
        self.effects = np.asarray(parameters.effects)[:active].reshape(active * self.states, -1)
        self.kept: tuple[int, Floats] | None = None
        self.counts = np.zeros((self.states, self.states))
        self.by_logit = np.zeros((active, self.states))
        self.by_effect = np.zeros_like(np.asarray(parameters.effects)[:active])

    def matrices(self, period: int, customers: int) -> Floats:
        """Transitions out of the active states (from, to, customers)."""
        if self.kept is None or self.kept[0] != period or self.kept[1].shape[2] != customers:
            slopes = (self.effects @ self.covariates[period][:, :customers]).reshape(self.active, self.states, -1)
            self.kept = (period, softmax(slopes + self.logits[:, :, None]))
        return self.kept[1]

    def ahead(self, probability: Floats, period: int) -> Floats:
        shares = self.matrices(period, probability.shape[1])
        later: Floats = np.einsum("in,ijn->jn", probability[: self.active], shares)
        later[self.active :] += probability[self.active :]
        return later

    def back(self, value: Floats, period: int) -> Floats:
        shares = self.matrices(period, value.shape[1])
        return np.concatenate([np.einsum("ijn,jn->in", shares, value), value[self.active :]])

    def tally(self, before: Floats, after: Floats, weight: Floats, period: int) -> None:
        shares = self.matrices(period, before.shape[1])
        moved = (before[: self.active] * weight)[:, None] * shares * after
        self.counts[: self.active] += moved.sum(axis=2)
        beyond = moved - moved.sum(axis=1, keepdims=True) * shares
        self.by_logit += beyond.sum(axis=2)
        flat = beyond.reshape(self.active * self.states, -1) @ self.covariates[period][:, : before.shape[1]].T
        self.by_effect += flat.reshape(self.by_effect.shape)


def moves_of(parameters: Parameters, panel: Panel) -> Fixed | Driven:
    """The transitions of this chunk."""
    if parameters.effects is None or panel.covariates is None:
        return Fixed(parameters)
    return Driven(parameters, panel.covariates)


@dataclass(frozen=True)
class Densities:
    """The probability of each code in each state, divided by the largest; `shift` has the logarithm of that."""

    relative: Floats
    shift: Floats
    log: Floats

    @classmethod
    def of(cls, parameters: Parameters, levels: Floats) -> Densities:
        """The table for a panel with these levels."""
        active = parameters.purchases.log_density(levels)
        log = np.full((len(parameters.initial), len(levels) + 2), -np.inf)
        log[: parameters.states, :-2] = active
        log[: parameters.states, -2] = active[:, 0]
        log[parameters.states :, -2] = 0
        log[:, -1] = 0
        shift = log.max(axis=0)
        relative = np.exp(log - shift)
        relative[: parameters.states] = np.maximum(relative[: parameters.states], LEAST_DENSITY)
        return cls(relative, shift, log)

    def over(self, panel: Panel, parameters: Parameters) -> tuple[Floats, Floats]:
        """Relative densities of a chunk (periods, states, customers), and the shifts added up by customer."""
        codes = panel.codes
        relative = np.ascontiguousarray(self.relative.take(codes, axis=1).transpose(1, 0, 2))
        shift = self.shift.take(codes)
        if panel.log_spend is not None and parameters.spend is not None:
            period, customer = np.nonzero(~np.isnan(panel.log_spend))
            spend = parameters.spend.log_density(panel.log_spend[period, customer])
            log = self.log[: parameters.states].take(codes[period, customer], axis=1) + spend
            highest = log.max(axis=0)
            density = np.maximum(np.exp(log - highest), LEAST_DENSITY)
            for state, row in enumerate(density):  # one by one, which NumPy does faster than all in one assignment
                relative[:, state][period, customer] = row
            shift[period, customer] = highest
        return relative, shift.sum(axis=0)


def beginners(parameters: Parameters, acquired: NDArray[np.bool_]) -> Floats:
    """The states' probabilities of customers at their start. One who is acquired in it is not lost."""
    active = np.where(np.arange(len(parameters.initial)) < parameters.states, parameters.initial, 0)
    return np.where(acquired, (active / active.sum())[:, None], parameters.initial[:, None])


def forward(panel: Panel, parameters: Parameters, moves: Moves, relative: Floats) -> tuple[Floats, Floats]:
    """Probabilities of the states given the purchases so far (periods, states, customers), and their scales."""
    begun = panel.begun()
    probability, scale = np.zeros_like(relative), np.ones(panel.codes.shape)
    for period in range(panel.periods):
        old, now = begun[period], begun[period + 1]
        if not now:
            continue
        joint = probability[period, :, :now]
        if old:
            joint[:, :old] = moves.ahead(probability[period - 1, :, :old], period - 1)
        joint[:, old:] = beginners(parameters, panel.acquired[old:now])
        joint *= relative[period, :, :now]
        total = np.maximum(joint.sum(axis=0), LEAST_SCALE)
        joint /= total
        scale[period, :now] = total
    return probability, scale


def log_likelihoods(panel: Panel, parameters: Parameters) -> Floats:
    """The log-likelihood of each customer, in the panel's order."""
    table = Densities.of(parameters, panel.levels)
    found = []
    for chunk in panel.chunks():
        relative, shift = table.over(chunk, parameters)
        _, scale = forward(chunk, parameters, moves_of(parameters, chunk), relative)
        found.append(np.log(scale).sum(axis=0) + shift)
    return np.concatenate(found)


@dataclass
class Expected:
    """What the customers are expected to have done, given what was seen: all that a step of the fit needs."""

    log_likelihood: float
    initial: Floats
    acquired: Floats
    counts: Floats
    histogram: Floats
    moments: Floats
    by_logit: Floats
    by_effect: Floats | None


def expect(panel: Panel, parameters: Parameters) -> Expected:
    """The E step: forward and backward over all customers."""
    table, active, total = Densities.of(parameters, panel.levels), parameters.states, len(parameters.initial)
    found = Expected(
        log_likelihood=0.0,
        initial=np.zeros(total),
        acquired=np.zeros(total),
        counts=np.zeros((total, total)),
        histogram=np.zeros((active, len(panel.levels) + 2)),
        moments=np.zeros((active, 3)),
        by_logit=np.zeros((active, total)),
        by_effect=None if parameters.effects is None else np.zeros_like(parameters.effects[:active]),
    )
    for chunk in panel.chunks():
        _expect_chunk(chunk, parameters, table, found)
    found.histogram[:, 0] += found.histogram[:, -2]
    found.histogram = found.histogram[:, :-2]
    if found.by_effect is None:
        left = found.counts[:active]
        found.by_logit = left - left.sum(axis=1, keepdims=True) * parameters.transitions[:active]
    return found


def _expect_chunk(chunk: Panel, parameters: Parameters, table: Densities, found: Expected) -> None:
    """Add one chunk's expectations."""
    moves, begun = moves_of(parameters, chunk), chunk.begun()
    relative, shift = table.over(chunk, parameters)
    posterior, scale = forward(chunk, parameters, moves, relative)
    found.log_likelihood += float(chunk.weight @ (np.log(scale).sum(axis=0) + shift))
    later = np.ones(relative.shape[1:])
    for period in reversed(range(chunk.periods)):
        old, now = begun[period], begun[period + 1]
        state = posterior[period, :, :now]
        after = relative[period, :, :old] * later[:, :old] / scale[period, :old]
        state *= later[:, :now]
        new = chunk.acquired[old:now]
        found.initial += state[:, old:] @ (chunk.weight[old:now] * ~new)
        found.acquired += state[:, old:] @ (chunk.weight[old:now] * new)
        if old:
            before = posterior[period - 1, :, :old]
            moves.tally(before, after, chunk.weight[:old], period - 1)
            later[:, :old] = moves.back(after, period - 1)
    found.counts += moves.counts
    if isinstance(moves, Driven):
        found.by_logit += moves.by_logit
        found.by_effect += moves.by_effect
    _count_emissions(chunk, posterior * chunk.weight, found)


def _count_emissions(chunk: Panel, posterior: Floats, found: Expected) -> None:
    """Add how much of each count, and which spends, the active states are expected to have brought forth."""
    codes = chunk.codes.ravel()
    for state, row in enumerate(found.histogram):
        row += np.bincount(codes, posterior[:, state].ravel(), minlength=len(row))
    if chunk.log_spend is not None:
        period, customer = np.nonzero(~np.isnan(chunk.log_spend))
        spend = chunk.log_spend[period, customer]
        share = posterior[period, : len(found.moments), customer]
        found.moments += share.T @ np.stack([np.ones_like(spend), spend, spend**2], axis=1)
