"""What one purchase costs in each active state: log-normal, told only by the periods with a purchase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HALF_LOG_TURN = 0.5 * np.log(2 * np.pi)
LEAST_SHARE = 0.05  # of the spread of all spends: no state may shrink onto a single price


@dataclass(frozen=True)
class LogNormal:
    """Mean and standard deviation of the logarithm of the mean spend per purchase, by active state.

    The deviation stays above `least`, without which the likelihood has no bound: a state could sit on one price.
    """

    mean: Floats
    deviation: Floats
    least: float

    @property
    def unconstrained(self) -> Floats:
        return np.concatenate([self.mean, np.log(self.deviation - self.least)])

    def with_unconstrained(self, values: Floats) -> Self:
        """The inverse of `unconstrained`."""
        half = len(values) // 2
        return replace(self, mean=values[:half], deviation=self.least + np.exp(values[half:]))

    def log_density(self, log_spend: Floats) -> Floats:
        """Log-density of spends, given their logarithms, in each active state (states, spends)."""
        distance = (log_spend - self.mean[:, None]) / self.deviation[:, None]
        density: Floats = -0.5 * distance**2 - np.log(self.deviation)[:, None] - HALF_LOG_TURN - log_spend
        return density

    def improved(self, moments: Floats) -> Self:
        """The log-normal that fits best. `moments` has by state the weight, sum and sum of squares of log-spends."""
        weight = np.where(moments[:, 0] > 0, moments[:, 0], 1)
        mean = np.where(moments[:, 0] > 0, moments[:, 1] / weight, self.mean)
        variance = np.maximum(moments[:, 2] / weight - mean**2, 0)
        deviation = np.where(moments[:, 0] > 0, np.sqrt(variance), self.deviation)
        return replace(self, mean=mean, deviation=np.maximum(deviation, self.least * (1 + 1e-6)))

    def gradient(self, moments: Floats) -> Floats:
        """Derivative of the log-likelihood by `unconstrained`; `moments` as in `improved`."""
        weight, total, squares = moments.T
        apart = total - weight * self.mean
        spread = squares - 2 * self.mean * total + weight * self.mean**2
        by_deviation = spread / self.deviation**3 - weight / self.deviation
        return np.concatenate([apart / self.deviation**2, by_deviation * (self.deviation - self.least)])

    def draw(self, state: NDArray[np.intp], random: np.random.Generator) -> Floats:
        """A spend for each of these active states."""
        return np.exp(random.normal(self.mean[state], self.deviation[state]))
