"""The parameters of a hidden Markov model, as they mean something and as numbers without bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.lifetime.errors import BadData
from guanxi.insight.states.emissions import Emission, emission_of
from guanxi.insight.states.spend import LEAST_SHARE, LogNormal

Floats = NDArray[np.float64]

LEAST_PROBABILITY = 1e-10
FARTHEST = 50.0  # an unconstrained number beyond this is no different from the bound


@dataclass(frozen=True)
class Parameters:
    """Active states 0 … K-1 in order of their purchases, then, where `lost`, one absorbing state without purchases.

    `transitions` has a row per state one comes from. With covariates it holds at their mean `centre`, and
    `effects[i, j]` says how one unit more of each multiplies, as a logarithm, the odds of going to j against staying i.
    """

    initial: Floats
    transitions: Floats
    emission: str
    purchases: Emission
    spend: LogNormal | None = None
    effects: Floats | None = None
    centre: Floats | None = None

    @property
    def states(self) -> int:
        """Number of active states."""
        return len(self.purchases.mean)

    @property
    def lost(self) -> bool:
        """Whether there is a lost state."""
        return len(self.initial) > self.states

    @property
    def covariates(self) -> int:
        """Number of covariates."""
        return 0 if self.effects is None else self.effects.shape[2]

    @property
    def named(self) -> dict[str, Floats]:
        """All parameters by name."""
        values = {"initial": self.initial, "transitions": self.transitions, **self.purchases.named}
        if self.spend is not None:
            values |= {"spend_log_mean": self.spend.mean, "spend_log_deviation": self.spend.deviation}
        if self.effects is not None:
            values["effects"] = self.effects
        return values

    def ordered(self) -> Self:
        """The same model with its active states in order of their purchases, the rarest buyers first."""
        order = np.argsort(self.purchases.mean, kind="stable")
        every = np.append(order, self.states) if self.lost else order
        square = np.ix_(every, every)
        spend = self.spend
        if spend is not None:
            spend = replace(spend, mean=spend.mean[order], deviation=spend.deviation[order])
        return replace(
            self,
            initial=self.initial[every],
            transitions=self.transitions[square],
            purchases=self.purchases.with_mean(self.purchases.mean[order]),
            spend=spend,
            effects=None if self.effects is None else self.effects[square],
        )

    def as_json(self) -> dict[str, Any]:
        """Everything, in plain lists and numbers."""
        values: dict[str, Any] = {name: value.tolist() for name, value in self.named.items()}
        values["emission"] = self.emission
        values["trials"] = getattr(self.purchases, "trials", 1)
        if self.spend is not None:
            values["spend_least_deviation"] = self.spend.least
        if self.centre is not None:
            values["centre"] = self.centre.tolist()
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The parameters that `as_json` wrote."""
        given = dict(values)
        spend = None
        if "spend_log_mean" in given:
            mean, deviation = np.array(given["spend_log_mean"]), np.array(given["spend_log_deviation"])
            spend = LogNormal(mean, deviation, given["spend_least_deviation"])
        trials = given["trials"]
        mean = np.array(given["rate"]) if "rate" in given else trials * np.array(given["probability"])
        return cls(
            initial=np.array(given["initial"]),
            transitions=np.array(given["transitions"]),
            emission=given["emission"],
            purchases=emission_of(given["emission"], mean, trials, given.get("size", [5.0])[0]),
            spend=spend,
            effects=np.array(given["effects"]) if "effects" in given else None,
            centre=np.array(given["centre"]) if "centre" in given else None,
        )


def parameters(
    *,
    rate: Any,
    transitions: Any,
    initial: Any,
    emission: str = "poisson",
    trials: int = 1,
    size: float = 5.0,
    spend_log_mean: Any = None,
    spend_log_deviation: Any = None,
    effects: Any = None,
    centre: Any = None,
) -> Parameters:
    """Parameters given by hand, for simulation or to score with known ones.

    `rate` is the expected purchases per period of each active state. `transitions` and `initial` have one state more
    than `rate` where there is a lost state. Raises BadData where they do not fit together.
    """
    mean, matrix, first = (np.asarray(value, float) for value in (rate, transitions, initial))
    total = len(first)
    if total not in (len(mean), len(mean) + 1) or matrix.shape != (total, total):
        raise BadData(
            "initial",
            f"{len(mean)} rates, {total} initial probabilities and transitions of shape {matrix.shape} do not fit: "
            "give as many states everywhere, or one more for the lost state",
        )
    if any((shares < 0).any() or not np.allclose(shares.sum(axis=-1), 1) for shares in (matrix, first)):
        raise BadData("transitions", "they and the initial probabilities must be at least 0 and sum to 1, row by row")
    if total > len(mean) and matrix[-1, -1] != 1:
        raise BadData("transitions", "the lost state must be absorbing: let the last row be 0 … 0 1")
    spend = None
    if spend_log_mean is not None:
        deviation = np.asarray(spend_log_deviation, float)
        spend = LogNormal(np.asarray(spend_log_mean, float), deviation, LEAST_SHARE * float(deviation.min()))
    slopes = None if effects is None else np.asarray(effects, float)
    middle = None if slopes is None else np.zeros(slopes.shape[2]) if centre is None else np.asarray(centre, float)
    return Parameters(first, matrix, emission, emission_of(emission, mean, trials, size), spend, slopes, middle)


@dataclass(frozen=True)
class Layout:
    """Where each parameter stands in the vector of unconstrained numbers of a model shaped like `shape`.

    Probabilities are logits: the initial ones against the likeliest state of `shape`, a transition against staying.
    """

    shape: Parameters

    @property
    def _beginners(self) -> NDArray[np.intp]:
        possible = self.shape.initial > 0
        possible[int(np.argmax(self.shape.initial))] = False
        return np.flatnonzero(possible)

    @property
    def _moves(self) -> NDArray[np.bool_]:
        """The transitions that have a number: from active states to others."""
        return ~np.eye(self.shape.states, len(self.shape.initial), dtype=bool)

    def pack(self, values: Parameters) -> Floats:
        """The unconstrained numbers of these parameters."""
        initial = np.log(np.maximum(values.initial, 1e-300))
        matrix = np.log(np.maximum(values.transitions[: values.states], 1e-300))
        parts = [
            initial[self._beginners] - initial[int(np.argmax(self.shape.initial))],
            (matrix - np.diag(matrix)[:, None])[self._moves],
        ]
        if values.effects is not None:
            parts.append(values.effects[: values.states][self._moves].ravel())
        parts.append(values.purchases.unconstrained)
        if values.spend is not None:
            parts.append(values.spend.unconstrained)
        numbers: Floats = np.clip(np.concatenate(parts), -FARTHEST, FARTHEST)
        return numbers

    def unpack(self, numbers: Floats) -> Parameters:
        """The parameters of these numbers, the inverse of `pack`."""
        shape, moves = self.shape, self._moves
        initial_part, transition_part, effect_part, purchase_part, spend_part = self._split(
            np.clip(numbers, -FARTHEST, FARTHEST)
        )
        initial = np.full(len(shape.initial), -np.inf)
        initial[int(np.argmax(shape.initial))] = 0
        initial[self._beginners] = initial_part
        logits = np.zeros(moves.shape)
        logits[moves] = transition_part
        matrix = np.eye(len(shape.initial))
        matrix[: shape.states] = softmax(logits)
        effects = None
        if shape.effects is not None:
            effects = np.zeros_like(shape.effects)
            effects[: shape.states][moves] = effect_part.reshape(-1, shape.covariates)
        return replace(
            shape,
            initial=softmax(initial[None])[0],
            transitions=matrix,
            purchases=shape.purchases.with_unconstrained(purchase_part),
            spend=None if shape.spend is None else shape.spend.with_unconstrained(spend_part),
            effects=effects,
        )

    def _split(self, numbers: Floats) -> list[Floats]:
        moves = int(self._moves.sum())
        sizes = [
            len(self._beginners),
            moves,
            moves * self.shape.covariates,
            len(self.shape.purchases.unconstrained),
            0 if self.shape.spend is None else 2 * self.shape.states,
        ]
        return np.split(numbers, np.cumsum(sizes)[:-1])

    def gather(self, initial: Floats, moves: Floats, effects: Floats | None, others: list[Floats]) -> Floats:
        """One gradient from its parts, the derivatives by the logits of initial state and transitions first."""
        parts = [initial[self._beginners], moves[self._moves]]
        if effects is not None:
            parts.append(effects[self._moves].ravel())
        return np.concatenate([*parts, *others])


def softmax(logits: Floats) -> Floats:
    """Rows of logits as probabilities."""
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares


def floored(shares: Floats) -> Floats:
    """Probabilities (…, states) of which none is below the least: the best ones within that bound."""
    low = shares < LEAST_PROBABILITY
    rest = np.where(low, 0, shares)
    room = 1 - LEAST_PROBABILITY * low.sum(axis=-1, keepdims=True)
    result: Floats = np.where(low, LEAST_PROBABILITY, rest * room / rest.sum(axis=-1, keepdims=True))
    return result
