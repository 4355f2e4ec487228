"""From a start to the maximum of the likelihood by quasi-Newton steps, and the errors from its curvature there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from guanxi.insight.states.panel import Panel
from guanxi.insight.states.parameters import Layout, Parameters
from guanxi.insight.states.recursion import beginners, expect

Floats = NDArray[np.float64]

ROUNDS = 6  # of quasi-Newton, each with the curvature found at the end of the one before
STEP = 1e-4  # of the differences by which the gradient is differentiated
FLAT = 1e-3  # information below this (about a thousandth of a customer) is none
SADDLE = -1.0  # curvature below this is no rounding


@dataclass(frozen=True)
class Place:
    """Somewhere on the likelihood: where, and what is known of its surroundings.

    `spread` is the inverse of the information, `left` how much the log-likelihood may still grow by it, `lowest` the
    least curvature, in `direction`: below zero it is no maximum.
    """

    layout: Layout
    numbers: Floats
    spread: Floats
    height: float = -np.inf
    left: float = np.inf
    lowest: float = 0.0
    direction: Floats | None = None

    @property
    def values(self) -> Parameters:
        """The parameters here."""
        return self.layout.unpack(self.numbers)

    @classmethod
    def at(cls, values: Parameters, customers: float) -> Place:
        """A place of which nothing is known but that information grows with the customers."""
        layout = Layout(values)
        numbers = layout.pack(values)
        return cls(layout, numbers, np.eye(len(numbers)) / customers)


@dataclass
class Search:
    """Quasi-Newton rounds on one panel; `iterations` counts all steps."""

    panel: Panel
    tolerance: float
    most_iterations: int
    iterations: int = 0

    def is_top(self, place: Place) -> bool:
        """Whether there is nothing left to gain."""
        return place.left <= self.tolerance and place.lowest > SADDLE

    def reach(self, place: Place) -> Place:
        """The maximum above `place`, or as far as the iterations went."""
        for _ in range(ROUNDS):
            place = self._climbed(place)
            if self.is_top(place) or self.iterations >= self.most_iterations:
                break
            if place.lowest <= SADDLE and place.direction is not None:
                place = replace(place, numbers=place.numbers + 0.1 * place.direction)
        return place

    def height(self, layout: Layout, numbers: Floats) -> tuple[float, Floats]:
        """Log-likelihood and its gradient, which is that of the expected complete data (Fisher's identity)."""
        values = layout.unpack(numbers)
        found = expect(self.panel, values)
        others = [values.purchases.gradient(found.histogram, self.panel.levels)]
        if values.spend is not None:
            others.append(values.spend.gradient(found.moments))
        initial = found.initial - found.initial.sum() * values.initial
        initial += found.acquired - found.acquired.sum() * beginners(values, np.array([True]))[:, 0]
        return found.log_likelihood, layout.gather(initial, found.by_logit, found.by_effect, others)

    def _climbed(self, place: Place) -> Place:
        """One round of BFGS, in coordinates in which the likelihood, as far as known, curves alike everywhere."""
        root = np.linalg.cholesky(place.spread)

        def depth(moved: Floats) -> tuple[float, Floats]:
            height, gradient = self.height(place.layout, place.numbers + root @ moved)
            return -height, -(root.T @ gradient)

        options = {
            "gtol": 0.3 * np.sqrt(2 * self.tolerance),
            "norm": 2,
            "maxiter": max(self.most_iterations - self.iterations, 1),
        }
        result = minimize(depth, np.zeros(len(place.numbers)), jac=True, method="BFGS", options=options)
        self.iterations += int(result.nit)
        return self.surveyed(place.layout.unpack(place.numbers + root @ result.x).ordered())

    def surveyed(self, values: Parameters) -> Place:
        """What is to be known of the place with these parameters, by differences of the gradient."""
        layout = Layout(values)
        numbers = layout.pack(values)
        height, gradient = self.height(layout, numbers)
        information = np.empty((len(numbers), len(numbers)))
        for index, row in enumerate(information):
            step = np.zeros(len(numbers))
            step[index] = STEP * max(1.0, abs(numbers[index]))
            up, down = self.height(layout, numbers + step)[1], self.height(layout, numbers - step)[1]
            row[:] = (down - up) / (2 * step[index])
        curvature, directions = np.linalg.eigh((information + information.T) / 2)
        spread = (directions / np.maximum(np.abs(curvature), FLAT)) @ directions.T
        left = float(gradient @ spread @ gradient) / 2
        return Place(layout, numbers, spread, height, left, float(curvature[0]), directions[:, 0])


def standard_errors(place: Place) -> dict[str, Floats]:
    """Standard errors of the parameters by name, from those of the unconstrained numbers (delta method)."""
    size, width = len(place.numbers), 1e-5
    slopes = {name: np.empty((size, *value.shape)) for name, value in place.values.named.items()}
    for index in range(size):
        step = np.zeros(size)
        step[index] = width
        up, down = (place.layout.unpack(place.numbers + way * step).named for way in (1, -1))
        for name, slope in slopes.items():
            slope[index] = (up[name] - down[name]) / (2 * width)
    variances = {name: np.einsum("i...,ij,j...->...", slope, place.spread, slope) for name, slope in slopes.items()}
    return {name: np.sqrt(np.maximum(variance, 0)) for name, variance in variances.items()}
