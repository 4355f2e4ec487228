"""How many purchases a period brings in each active state: Poisson, negative binomial or binomial.

Every family answers the same questions, all from a histogram: how much of each count (`levels`) was seen in each state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import digamma, gammaln

from guanxi.insight.lifetime.errors import BadData

Floats = NDArray[np.float64]

LEAST_RATE = 1e-8  # below this a state is silent, and its logarithm would leave the floating point
MOST_SIZE = 1e6  # a negative binomial of this size is as good as a Poisson


class Emission(Protocol):
    """A family of counts, with its parameters for every active state."""

    @property
    def mean(self) -> Floats:
        """Expected purchases per period, by active state."""
        ...

    @property
    def named(self) -> dict[str, Floats]:
        """The parameters under the names of the textbooks."""
        ...

    @property
    def unconstrained(self) -> Floats:
        """The parameters as numbers without bounds."""
        ...

    def with_unconstrained(self, values: Floats) -> Self:
        """The family with these parameters, the inverse of `unconstrained`."""
        ...

    def log_density(self, levels: Floats) -> Floats:
        """Log-probability of each count in each active state (states, levels)."""
        ...

    def improved(self, histogram: Floats, levels: Floats) -> Self:
        """The family that fits the histogram (states, levels) best, or at least better than this one."""
        ...

    def gradient(self, histogram: Floats, levels: Floats) -> Floats:
        """Derivative of the histogram's log-likelihood by `unconstrained`."""
        ...

    def with_mean(self, mean: Floats) -> Self:
        """The family with these expected purchases, else as it is."""
        ...

    def draw(self, state: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.int64]:
        """A count for each of these active states."""
        ...


def _mean_count(histogram: Floats, levels: Floats, now: Floats) -> Floats:
    """Mean count of each state; where a state saw nothing it stays as it is."""
    seen = histogram.sum(axis=1)
    mean: Floats = np.where(seen > 0, (histogram @ levels) / np.where(seen > 0, seen, 1), now)
    return mean


@dataclass(frozen=True)
class Poisson:
    """Counts without an upper bound."""

    rate: Floats

    @property
    def mean(self) -> Floats:
        return self.rate

    @property
    def named(self) -> dict[str, Floats]:
        return {"rate": self.rate}

    @property
    def unconstrained(self) -> Floats:
        return np.log(self.rate)

    def with_unconstrained(self, values: Floats) -> Self:
        return replace(self, rate=np.exp(values))

    def log_density(self, levels: Floats) -> Floats:
        density: Floats = np.log(self.rate)[:, None] * levels - self.rate[:, None] - gammaln(levels + 1)
        return density

    def improved(self, histogram: Floats, levels: Floats) -> Self:
        return self.with_mean(_mean_count(histogram, levels, self.rate))

    def gradient(self, histogram: Floats, levels: Floats) -> Floats:
        slope: Floats = histogram @ levels - self.rate * histogram.sum(axis=1)
        return slope

    def with_mean(self, mean: Floats) -> Self:
        return replace(self, rate=np.maximum(mean, LEAST_RATE))

    def draw(self, state: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.int64]:
        return random.poisson(self.rate[state])


@dataclass(frozen=True)
class NegativeBinomial:
    """Counts that vary more than Poisson's within a state: mean by state, one `size` for all, variance m + m²/size."""

    rate: Floats
    size: float = 5.0

    @property
    def mean(self) -> Floats:
        return self.rate

    @property
    def named(self) -> dict[str, Floats]:
        return {"rate": self.rate, "size": np.array([self.size])}

    @property
    def unconstrained(self) -> Floats:
        return np.append(np.log(self.rate), np.log(self.size) - np.log1p(-self.size / MOST_SIZE))

    def with_unconstrained(self, values: Floats) -> Self:
        return replace(self, rate=np.exp(values[:-1]), size=float(1 / (np.exp(-values[-1]) + 1 / MOST_SIZE)))

    def log_density(self, levels: Floats) -> Floats:
        rate, size = self.rate[:, None], self.size
        ways = gammaln(levels + size) - gammaln(size) - gammaln(levels + 1)
        density: Floats = ways + levels * np.log(rate / (rate + size)) - size * np.log1p(rate / size)
        return density

    def improved(self, histogram: Floats, levels: Floats) -> Self:
        better = self.with_mean(_mean_count(histogram, levels, self.rate))

        def loss(log_size: float) -> float:
            tried = replace(better, size=float(np.exp(log_size)))
            return -float((histogram * tried.log_density(levels)).sum())

        found = minimize_scalar(loss, bounds=(np.log(1e-3), np.log(0.999 * MOST_SIZE)), method="bounded")
        return replace(better, size=float(np.exp(found.x))) if found.fun < loss(np.log(self.size)) else better

    def gradient(self, histogram: Floats, levels: Floats) -> Floats:
        rate, size = self.rate, self.size
        seen, bought = histogram.sum(axis=1), histogram @ levels
        by_rate = (bought - rate * seen) * size / (rate + size)
        ways = float(histogram.sum(axis=0) @ (digamma(levels + size) - digamma(size)))
        rest = seen @ (rate / (rate + size) - np.log1p(rate / size)) - bought @ (1 / (rate + size))
        return np.append(by_rate, size * (1 - size / MOST_SIZE) * (ways + rest))

    def with_mean(self, mean: Floats) -> Self:
        return replace(self, rate=np.maximum(mean, LEAST_RATE))

    def draw(self, state: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.int64]:
        rate = self.rate[state]
        return random.negative_binomial(self.size, self.size / (self.size + rate))


@dataclass(frozen=True)
class Binomial:
    """At most `trials` purchases in a period, one per occasion; with one trial, bought or not (Bernoulli)."""

    probability: Floats
    trials: int = 1

    @property
    def mean(self) -> Floats:
        return self.trials * self.probability

    @property
    def named(self) -> dict[str, Floats]:
        return {"probability": self.probability}

    @property
    def unconstrained(self) -> Floats:
        return np.log(self.probability) - np.log1p(-self.probability)

    def with_unconstrained(self, values: Floats) -> Self:
        return self.with_mean(self.trials / (1 + np.exp(-values)))

    def log_density(self, levels: Floats) -> Floats:
        if levels.max() > self.trials:
            raise BadData(
                "purchases",
                f"a period has {int(levels.max())}, more than the {self.trials} that the binomial model allows; "
                "raise trials, or choose emission='poisson'",
            )
        ways = gammaln(self.trials + 1) - gammaln(levels + 1) - gammaln(self.trials - levels + 1)
        probability = self.probability[:, None]
        density: Floats = ways + levels * np.log(probability) + (self.trials - levels) * np.log1p(-probability)
        return density

    def improved(self, histogram: Floats, levels: Floats) -> Self:
        return self.with_mean(_mean_count(histogram, levels, self.mean))

    def gradient(self, histogram: Floats, levels: Floats) -> Floats:
        slope: Floats = histogram @ levels - self.mean * histogram.sum(axis=1)
        return slope

    def with_mean(self, mean: Floats) -> Self:
        return replace(self, probability=np.clip(mean / self.trials, LEAST_RATE, 1 - LEAST_RATE))

    def draw(self, state: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.int64]:
        return random.binomial(self.trials, self.probability[state])


def emission_of(name: str, mean: Floats, trials: int = 1, size: float = 5.0) -> Emission:
    """The family called `poisson`, `negative_binomial`, `binomial` or `bernoulli`, with these means per state."""
    if name == "poisson":
        return Poisson(mean).with_mean(mean)
    if name == "negative_binomial":
        return NegativeBinomial(mean, size).with_mean(mean)
    if name in ("binomial", "bernoulli"):
        return Binomial(mean, 1 if name == "bernoulli" else trials).with_mean(mean)
    raise BadData("emission", f"there is no “{name}”; choose poisson, negative_binomial, binomial or bernoulli")
