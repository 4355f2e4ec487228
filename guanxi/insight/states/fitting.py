"""Fitting a hidden Markov model: Baum-Welch from several starts, quasi-Newton to the top, the errors from there."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.lifetime.errors import BadData, NotConverged
from guanxi.insight.states.climbing import Wanted, beginning, climb
from guanxi.insight.states.model import HiddenMarkov
from guanxi.insight.states.panel import Given, Panel, checked, merged
from guanxi.insight.states.summit import Place, Search, standard_errors

Floats = NDArray[np.float64]

TRIAL_CUSTOMERS = 4000  # the starts compete on this many
TRIAL_STEPS = 40


def fit_hidden_markov(
    purchases: Any,
    spend: Any = None,
    *,
    states: int = 3,
    lost: bool = True,
    start: Any = None,
    covariates: Any = None,
    weight: Any = None,
    acquired: Any = None,
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
    period; `acquired` tells whose first period holds his very first purchase, which is then given and not explained;
    `weight` says how many customers a row stands for. `states` are active ones, `lost` adds an absorbing one,
    in which a customer may be from the first period with `begin_lost`. `emission` is poisson, negative_binomial,
    binomial (of `trials`) or bernoulli. `sample` fits on that many customers, drawn by `seed`; score all of them with
    the result. `tolerance` is how much log-likelihood may be left to gain.

    Raises BadData where the data cannot be used, NotConverged where no maximum was found.
    """
    if states < 1 or starts < 1:
        raise BadData("states", f"states is {states} and starts {starts}; both must be at least 1")
    wanted = Wanted(states, lost, emission, trials, begin_lost)
    given = checked(purchases, spend, start, covariates, weight, acquired)
    random = np.random.default_rng(seed)
    given = _sampled(given, sample, random)
    centre, scale = _scales(given)
    _enough(given, wanted, 0 if centre is None else len(centre))
    given = merged(given)
    trial = _sampled(given, TRIAL_CUSTOMERS, random)
    place, taken = _tried(trial, wanted, starts, random, (given.levels(), centre, scale), (tolerance, most_iterations))
    search = Search(_panel(given, given.levels(), centre, scale), tolerance, most_iterations, taken)
    if trial is not given:
        share = float(trial.weight.sum() / given.weight.sum())
        place = search.reach(replace(place, spread=place.spread * share))
    if not search.is_top(place):
        raise NotConverged(
            "no optimum",
            f"after {search.iterations} iterations the log-likelihood could still grow by about {place.left:.3g} "
            f"(tolerance {tolerance:g}); allow more iterations, ask for fewer states, or give more starts",
        )
    return _model(place, search.iterations, scale, float(given.weight.sum()))


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


def _panel(given: Given, levels: Floats, centre: Floats | None, scale: Floats | None) -> Panel:
    """The customers laid out, their covariates with mean 0 and deviation 1."""
    panel = Panel.of(given, levels, centre)
    if panel.covariates is None or scale is None:
        return panel
    return replace(panel, covariates=panel.covariates / scale[:, None])


def _enough(given: Given, wanted: Wanted, covariates: int) -> None:
    """Refuse panels that cannot tell the states apart, and say why."""
    bought = given.explained() > 0
    total = wanted.states + wanted.lost
    needed = wanted.states * (total + 1 + (total - 1) * covariates)
    periods = float(given.weight @ bought.sum(axis=1))
    if not periods:
        raise NotConverged("no repeat purchase", "nobody bought anything (again), so no state can be told from another")
    if periods < needed:
        raise NotConverged(
            "too little",
            f"there are purchases in {periods:g} customer-periods only, and {wanted.states} states need at least "
            f"{needed}; give more customers or periods, or ask for fewer states",
        )
    if given.spend is not None:
        prices = given.spend[(given.purchases > 0) & (given.spend > 0)]
        if len(prices) < needed:
            raise NotConverged("too little", f"the spend is known of {len(prices)} periods only; leave spend out")
        if np.ptp(np.log(prices)) < 1e-9:
            raise NotConverged("all alike", "every spend is the same, so it tells no state from another; leave it out")


def _tried(
    given: Given,
    wanted: Wanted,
    starts: int,
    random: np.random.Generator,
    frame: tuple[Floats, Floats | None, Floats | None],
    limits: tuple[float, int],
) -> tuple[Place, int]:
    """The maximum for these customers from the best of the starts, and the iterations that it took.

    The starts climb by Baum-Welch, without covariates, and the best goes on by quasi-Newton.
    """
    panel, centre = _panel(given, *frame), frame[1]
    plain = replace(panel, covariates=None)
    best, highest = None, -np.inf
    for attempt in range(starts):
        begun = beginning(given, wanted, random if attempt else None)
        for reached, height in islice(climb(plain, begun), TRIAL_STEPS):
            if height > highest:
                best, highest = reached, height
    if best is None:
        raise NotConverged("no optimum", "no start has a finite likelihood; look for values out of all proportion")
    best = best.ordered()
    if centre is not None:
        total = len(best.initial)
        best = replace(best, effects=np.zeros((total, total, len(centre))), centre=centre)
    search = Search(panel, *limits, iterations=TRIAL_STEPS)
    return search.reach(Place.at(best, float(given.weight.sum()))), search.iterations


def _model(place: Place, iterations: int, scale: Floats | None, customers: float) -> HiddenMarkov:
    """The fitted model, its effects by one unit of the covariates as they were given."""
    values, errors = place.values, standard_errors(place)
    if values.effects is not None and scale is not None:
        values = replace(values, effects=values.effects / scale)
        errors["effects"] /= scale
    return HiddenMarkov(values, place.height, errors, place.spread, iterations, True, customers)
