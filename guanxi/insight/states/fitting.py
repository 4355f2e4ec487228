"""Fitting a hidden Markov model: Baum-Welch from several starts, quasi-Newton to the top, the errors from there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from guanxi.insight.lifetime.errors import BadData, NotConverged
from guanxi.insight.states.climbing import Wanted, beginning, climb
from guanxi.insight.states.model import HiddenMarkov
from guanxi.insight.states.panel import Given, Panel, checked, merged
from guanxi.insight.states.parameters import Layout, Parameters
from guanxi.insight.states.recursion import expect

Floats = NDArray[np.float64]

TRIAL_CUSTOMERS = 4000  # the starts compete on this many
TRIAL_STEPS = 40
CLIMB_STEPS = 25
ROUNDS = 6  # of quasi-Newton, each with the curvature found at the end of the one before
STEP = 1e-4  # of the differences by which the gradient is differentiated
FLAT = 1e-3  # information below this (about a thousandth of a customer) is none


def fit_hidden_markov(
    purchases: Any,
    spend: Any = None,
    *,
    states: int = 3,
    lost: bool = True,
    start: Any = None,
    covariates: Any = None,
    weight: Any = None,
    emission: str = "poisson",
    trials: int = 1,
    begin_lost: bool = False,
    sample: int | None = None,
    starts: int = 3,
    seed: int = 0,
    tolerance: float = 1e-3,
    most_iterations: int = 500,
) -> HiddenMarkov:
    """Fit a model of relationship states to a panel of customers (rows) by periods (columns).

    `purchases` counts; `spend` is the mean spend per purchase, read only where there was one, nan where not known;
    `start` the first period of each customer; `covariates` (customers, periods, how many) drive the move out of their
    period; `weight` says how many customers a row stands for. `states` are active ones, `lost` adds an absorbing one,
    in which a customer may be from the first period with `begin_lost`. `emission` is poisson, negative_binomial,
    binomial (of `trials`) or bernoulli. `sample` fits on that many customers, drawn by `seed`; score all of them with
    the result. `tolerance` is how much log-likelihood may be left to gain.

    Raises BadData where the data cannot be used, NotConverged where no maximum was found.
    """
    if states < 1 or starts < 1:
        raise BadData("states", f"states is {states} and starts {starts}; both must be at least 1")
    wanted = Wanted(states, lost, emission, trials, begin_lost)
    given = checked(purchases, spend, start, covariates, weight)
    random = np.random.default_rng(seed)
    given = _sampled(given, sample, random)
    centre, scale = _scales(given)
    _enough(given, wanted, 0 if centre is None else len(centre))
    begun = _best_start(given, wanted, starts, random)
    panel = _scaled(Panel.of(merged(given), centre=centre), scale)
    climber = _Climber(panel, begin_lost, tolerance, most_iterations)
    top, errors, covariance, log_likelihood = climber.reach(begun, centre)
    effects = None
    if top.effects is not None and scale is not None:
        effects, errors["effects"] = top.effects / scale, errors["effects"] / scale
    return HiddenMarkov(
        parameters=replace(top, effects=effects, centre=centre),
        log_likelihood=log_likelihood,
        standard_errors=errors,
        covariance=covariance,
        iterations=climber.iterations,
        converged=True,
        customers=float(given.weight.sum()),
    )


def _sampled(given: Given, sample: int | None, random: np.random.Generator) -> Given:
    """Some of the customers at random, those of no weight left out."""
    candidates = np.flatnonzero(given.weight > 0)
    if sample is not None and sample < len(candidates):
        candidates = np.sort(random.choice(candidates, sample, replace=False))
    return given if len(candidates) == given.customers else given.rows(candidates)


def _scales(given: Given) -> tuple[Floats | None, Floats | None]:
    """Mean and deviation of each covariate over the periods of customers who had begun."""
    if given.covariates is None:
        return None, None
    begun = np.arange(given.periods) >= given.start[:, None]
    values = given.covariates[begun]
    share = np.broadcast_to(given.weight[:, None], begun.shape)[begun]
    centre = np.average(values, axis=0, weights=share)
    scale = np.sqrt(np.average((values - centre) ** 2, axis=0, weights=share))
    if (scale <= 1e-12 * np.maximum(1, np.abs(centre))).any():
        which = int(np.argmin(scale))
        raise BadData("covariates", f"the one at {which} is the same everywhere, so it explains nothing; leave it out")
    return centre, scale


def _scaled(panel: Panel, scale: Floats | None) -> Panel:
    if panel.covariates is None or scale is None:
        return panel
    return replace(panel, covariates=panel.covariates / scale[:, None])


def _enough(given: Given, wanted: Wanted, covariates: int) -> None:
    """Refuse panels that cannot tell the states apart, and say why."""
    bought = given.purchases > 0
    total = wanted.states + wanted.lost
    needed = wanted.states * (total + 1 + (total - 1) * covariates)
    periods = float(given.weight @ bought.sum(axis=1))
    if not periods:
        raise NotConverged("no repeat purchase", "nobody bought anything, so no state can be told from another")
    if periods < needed:
        raise NotConverged(
            "too little",
            f"there are purchases in {periods:g} customer-periods only, and {wanted.states} states need at least "
            f"{needed}; give more customers or periods, or ask for fewer states",
        )
    if given.spend is not None:
        prices = given.spend[bought & (given.spend > 0)]
        if len(prices) < needed:
            raise NotConverged("too little", f"the spend is known of {len(prices)} periods only; leave spend out")
        if np.ptp(np.log(prices)) < 1e-9:
            raise NotConverged("all alike", "every spend is the same, so it tells no state from another; leave it out")


def _best_start(given: Given, wanted: Wanted, starts: int, random: np.random.Generator) -> Parameters:
    """The best of several short climbs on some of the customers, without covariates."""
    some = _sampled(replace(given, covariates=None), TRIAL_CUSTOMERS, random)
    if not (some.purchases > 0).any():
        some = replace(given, covariates=None)
    panel = Panel.of(merged(some), given.levels())
    best, highest = None, -np.inf
    for attempt in range(starts):
        begun = beginning(some, wanted, random if attempt else None)
        for reached, height in islice(climb(panel, begun), TRIAL_STEPS):
            if height > highest:
                best, highest = reached, height
    if best is None:
        raise NotConverged("no optimum", "no start has a finite likelihood; look for values out of all proportion")
    return best


@dataclass
class _Climber:
    """Takes parameters to the maximum of the likelihood of a panel."""

    panel: Panel
    begin_lost: bool
    tolerance: float
    most_iterations: int
    iterations: int = 0

    def reach(self, begun: Parameters, centre: Floats | None) -> tuple[Parameters, dict[str, Floats], Floats, float]:
        """The maximum, its standard errors by name, the covariance of the unconstrained numbers, the log-likelihood."""
        plain = replace(self.panel, covariates=None)
        for reached, _ in islice(climb(plain, begun), min(CLIMB_STEPS, self.most_iterations)):
            begun = reached
            self.iterations += 1
        begun = begun.ordered()
        if centre is not None:
            total = len(begun.initial)
            begun = replace(begun, effects=np.zeros((total, total, len(centre))), centre=centre)
        layout = Layout(begun, self.begin_lost)
        numbers = layout.pack(begun)
        spread = np.eye(len(numbers)) / self.panel.weight.sum()
        left = np.inf
        for _ in range(ROUNDS):
            numbers = self._quasi_newton(layout, numbers, spread)
            numbers, layout = self._ordered(layout, numbers)
            spread, lowest = self._spread(layout, numbers)
            height, gradient = self._height(layout, numbers)
            left = float(gradient @ spread @ gradient) / 2
            if left <= self.tolerance and lowest > -1:
                top = layout.unpack(numbers)
                return top, _errors(layout, numbers, spread), spread, height
            if self.iterations >= self.most_iterations:
                break
        raise NotConverged(
            "no optimum",
            f"after {self.iterations} iterations the log-likelihood could still grow by about {left:.3g} "
            f"(tolerance {self.tolerance:g}); allow more iterations, ask for fewer states, or give more starts",
        )

    def _height(self, layout: Layout, numbers: Floats) -> tuple[float, Floats]:
        """Log-likelihood and its gradient, which is that of the expected complete data (Fisher's identity)."""
        values = layout.unpack(numbers)
        found = expect(self.panel, values)
        others = [values.purchases.gradient(found.histogram, self.panel.levels)]
        if values.spend is not None:
            others.append(values.spend.gradient(found.moments))
        initial = found.initial - found.initial.sum() * values.initial
        return found.log_likelihood, layout.gather(initial, found.by_logit, found.by_effect, others)

    def _quasi_newton(self, layout: Layout, numbers: Floats, spread: Floats) -> Floats:
        """Climb by BFGS in coordinates in which the likelihood, as far as is known, curves alike in all directions."""
        root = np.linalg.cholesky(spread)

        def depth(moved: Floats) -> tuple[float, Floats]:
            height, gradient = self._height(layout, numbers + root @ moved)
            return -height, -(root.T @ gradient)

        result = minimize(
            depth,
            np.zeros(len(numbers)),
            jac=True,
            method="BFGS",
            options={
                "gtol": 0.3 * np.sqrt(2 * self.tolerance),
                "norm": 2,
                "maxiter": max(self.most_iterations - self.iterations, 1),
            },
        )
        self.iterations += int(result.nit)
        reached: Floats = numbers + root @ result.x
        return reached

    def _ordered(self, layout: Layout, numbers: Floats) -> tuple[Floats, Layout]:
        values = layout.unpack(numbers).ordered()
        layout = Layout(values, self.begin_lost)
        return layout.pack(values), layout

    def _spread(self, layout: Layout, numbers: Floats) -> tuple[Floats, float]:
        """Covariance of the numbers, the inverse of the observed information, and its lowest curvature."""
        size = len(numbers)
        information = np.empty((size, size))
        for index in range(size):
            step = np.zeros(size)
            step[index] = STEP * max(1.0, abs(numbers[index]))
            up, down = self._height(layout, numbers + step)[1], self._height(layout, numbers - step)[1]
            information[index] = (down - up) / (2 * step[index])
        curvature, direction = np.linalg.eigh((information + information.T) / 2)
        spread: Floats = (direction / np.maximum(np.abs(curvature), FLAT)) @ direction.T
        return spread, float(curvature[0])


def _errors(layout: Layout, numbers: Floats, spread: Floats) -> dict[str, Floats]:
    """Standard errors of the parameters by name, from those of the unconstrained numbers (delta method)."""
    named = layout.unpack(numbers).named
    variance = {name: np.zeros(value.shape) for name, value in named.items()}
    slopes = {name: np.empty((len(numbers), *value.shape)) for name, value in named.items()}
    for index in range(len(numbers)):
        step = np.zeros(len(numbers))
        step[index] = 1e-5
        up, down = layout.unpack(numbers + step).named, layout.unpack(numbers - step).named
        for name, slope in slopes.items():
            slope[index] = (up[name] - down[name]) / 2e-5
    for name, slope in slopes.items():
        variance[name] = np.einsum("i...,ij,j...->...", slope, spread, slope)
    return {name: np.sqrt(np.maximum(value, 0)) for name, value in variance.items()}
