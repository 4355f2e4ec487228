"""A model that adds up one term per feature: log-odds = base + Σ term(feature).

Both models take this form: the logistic regression as it is, the boosted trees because each tree may ask one feature
only (Lou, Caruana and Gehrke 2012). So what each feature adds to a deal is exact (the Shapley value of an additive
model, Lundberg and Lee 2017), and a model is kept as plain numbers that any version reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A straight line between two bounds, level beyond them."""

    low: float
    high: float
    slope: float
    level: float = 0.0  # at `low`
    missing: float = 0.0

    def of(self, column: pa.ChunkedArray) -> Floats:
        """What it adds for each value."""
        values = numbers(column)
        told = self.level + self.slope * (np.clip(values, self.low, self.high) - self.low)
        return np.where(np.isnan(values), self.missing, told)

    def moved(self, by: float) -> Line:
        """The same, so much higher."""
        return replace(self, level=self.level + by, missing=self.missing + by)


@dataclass(frozen=True)
class Steps:
    """Another value between each two edges."""

    edges: list[float]
    levels: list[float]
    missing: float = 0.0

    def of(self, column: pa.ChunkedArray) -> Floats:
        """What it adds for each value."""
        values = numbers(column)
        told = np.asarray(self.levels)[np.searchsorted(self.edges, values, side="right").clip(0, len(self.levels) - 1)]
        return np.where(np.isnan(values), self.missing, told)

    def moved(self, by: float) -> Steps:
        """The same, so much higher."""
        return Steps(self.edges, [level + by for level in self.levels], self.missing + by)


@dataclass(frozen=True)
class Choice:
    """A value for each word; `other` for those that were too rare to learn from."""

    levels: dict[str, float]
    other: float = 0.0

    def of(self, column: pa.ChunkedArray) -> Floats:
        """What it adds for each word."""
        levels = np.array([*self.levels.values(), self.other])
        place = pc.index_in(column, pa.array(list(self.levels), pa.string()))
        return np.asarray(levels[pc.fill_null(place, len(self.levels)).to_numpy()])

    def moved(self, by: float) -> Choice:
        """The same, so much higher."""
        return Choice({word: level + by for word, level in self.levels.items()}, self.other + by)


Term = Line | Steps | Choice
_KINDS: Mapping[str, type[Any]] = {"line": Line, "steps": Steps, "choice": Choice}


@dataclass(frozen=True)
class Additive:
    """The whole model."""

    base: float
    terms: dict[str, Term] = field(default_factory=dict)

    def parts(self, features: pa.Table) -> dict[str, Floats]:
        """What each feature adds, deal by deal."""
        return {name: term.of(features[name]) for name, term in self.terms.items()}

    def score(self, features: pa.Table) -> Floats:
        """The log-odds of each deal, not yet calibrated."""
        total = np.full(features.num_rows, self.base)
        for part in self.parts(features).values():
            total += part
        return total

    def centred(self, features: pa.Table) -> Additive:
        """The same model, each term nothing on average: what a feature adds is against the mean deal."""
        means = {name: float(part.mean()) for name, part in self.parts(features).items()}
        terms = {name: term.moved(-means[name]) for name, term in self.terms.items()}
        return Additive(self.base + sum(means.values()), terms)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and words."""
        kinds = {kind: name for name, kind in _KINDS.items()}
        return {
            "base": self.base,
            "terms": {name: {"kind": kinds[type(term)], **asdict(term)} for name, term in self.terms.items()},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Additive:
        """What `as_json` wrote."""
        terms = {}
        for name, values in kept["terms"].items():
            given = dict(values)
            terms[name] = _KINDS[given.pop("kind")](**given)
        return cls(kept["base"], terms)


@dataclass(frozen=True)
class Calibration:
    """From log-odds to a chance that holds on deals that closed later: straight between points."""

    scores: list[float]
    chances: list[float]

    def of(self, scores: Floats) -> Floats:
        """The chance of each score."""
        return np.interp(scores, self.scores, self.chances)


def numbers(column: pa.ChunkedArray) -> Floats:
    """A column of numbers; NaN where nothing is known."""
    return np.asarray(pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(), dtype=np.float64)
