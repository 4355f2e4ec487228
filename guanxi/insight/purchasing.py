"""Which model of purchases to believe: all are fitted on a calibration period and compared on what came after it.

The hold-out is judged by its log-likelihood given the calibration. The statistics (x, t_x, T) are sufficient for a
whole history, so the density of what came after the cut, given what came before, is the likelihood of the whole history
over that of its beginning, both at the parameters of the calibration: no simulation, no approximation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from guanxi.insight import lifetime
from guanxi.insight.history import WEEK, Floats, History, Ints, Statistics
from guanxi.insight.lifetime import BadData, NotConverged

FITS: dict[str, Callable[..., Any]] = {
    "bg_nbd": lifetime.fit_bg_nbd,
    "mbg_nbd": lifetime.fit_mbg_nbd,
    "pareto_nbd": lifetime.fit_pareto_nbd,
}
LEAST_CUSTOMERS, LEAST_REPEATING = 50, 20  # without so many no model is fitted
LEAST_IN_COHORT = 2_000  # customers from which on a year's newcomers may have parameters of their own
LONGEST_HOLDOUT = 365  # days
PAST = 7  # past purchases from which on customers are one group in the comparison
WORSE = 1e-4  # hold-out log-likelihood per customer by which a new model may fall behind the old one


class TooLittle(Exception):
    """Too little data for any model; `note` says what is missing."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.note = {"code": code, **values}


def not_converged(model: str, error: Exception) -> dict[str, Any]:
    """The note of a model that could not be fitted: its fixed word for people, and what exactly it said."""
    return {"code": "not_converged", "model": model, "reason": getattr(error, "reason", ""), "why": str(error)}


@dataclass
class Candidate:
    """One model: fitted on the calibration period, what it came to afterwards, and the reason where it failed."""

    name: str
    calibrated: Any = None
    predictive: float = -np.inf
    holdout: dict[str, Any] = field(default_factory=dict)
    reason: dict[str, Any] = field(default_factory=dict)
    fitted: Any = None  # on everything; only of the chosen one
    cohorts: dict[int, Any] = field(default_factory=dict)  # by year of the first purchase, where that is better


@dataclass(frozen=True)
class Trial:
    """The two periods: statistics at the cut and at the end, of those known at the cut."""

    past: Statistics
    whole: Statistics
    later: Ints  # purchases after the cut
    history: History

    @property
    def weeks(self) -> float:
        """Length of the hold-out."""
        return (self.whole.until - self.past.until) / WEEK


def cut(history: History) -> int:
    """The last day of the calibration: half of the time, and at most a year, is held out."""
    half = history.begin + (history.until - history.begin) // 2
    return max(half, history.until - LONGEST_HOLDOUT)


def trial(history: History) -> Trial:
    """Cut the history in two. Raises TooLittle."""
    whole = history.at()
    enough(whole)
    at = cut(history)
    past = history.at(at)
    enough(past)
    known = np.isin(whole.party, past.party, assume_unique=True)
    return Trial(past, whole.of(known), history.purchases_after(at), history)


def enough(known: Statistics) -> None:
    """Raise TooLittle where no model can be fitted to these customers."""
    if len(known) < LEAST_CUSTOMERS:
        raise TooLittle("too_few_customers", count=len(known), least=LEAST_CUSTOMERS)
    repeating = int((known.x > 0).sum())
    if not repeating:
        raise TooLittle("no_repeat", count=len(known))
    if repeating < LEAST_REPEATING:
        raise TooLittle("too_few_repeating", count=repeating, least=LEAST_REPEATING)


def compare(tried: Trial, tell: Callable[[str], None] = lambda name: None) -> list[Candidate]:
    """Fit every model on the calibration period and judge it by the hold-out, the best first."""
    candidates = []
    for name in FITS:
        tell(name)
        candidates.append(_judged(name, tried))
    return sorted(candidates, key=lambda one: -one.predictive)


def _judged(name: str, tried: Trial) -> Candidate:
    past = tried.past
    candidate = Candidate(name)
    try:
        candidate.calibrated = FITS[name](past.x, past.t_x, past.T)
    except (NotConverged, BadData) as error:
        candidate.reason = not_converged(name, error)
        return candidate
    candidate.predictive = predictive(candidate.calibrated, tried)
    candidate.holdout = figures(candidate.calibrated, tried) | {"predictive": candidate.predictive}
    return candidate


def predictive(model: Any, tried: Trial) -> float:
    """The log-likelihood of what came after the cut, given what came before."""
    whole, past = tried.whole, tried.past
    later = model.log_likelihood_of(whole.x, whole.t_x, whole.T) - model.log_likelihood_of(past.x, past.t_x, past.T)
    return float(later)


def refit(chosen: Candidate, everything: Statistics, tried: Trial) -> None:
    """Fit the chosen model on everything; by year of the first purchase where the hold-out says that this is better."""
    chosen.fitted = FITS[chosen.name](everything.x, everything.t_x, everything.T)
    years = _years(everything.first)
    for year in _cohorts(chosen, tried):
        own = years == year
        try:
            chosen.cohorts[year] = FITS[chosen.name](everything.x[own], everything.t_x[own], everything.T[own])
        except (NotConverged, BadData):
            continue


def _cohorts(chosen: Candidate, tried: Trial) -> list[int]:
    """The years whose newcomers are told better by parameters of their own, by the hold-out."""
    years = _years(tried.past.first)
    found, sizes = np.unique(years, return_counts=True)
    if len(found) < 2:
        return []
    better = []
    for year in found[sizes >= LEAST_IN_COHORT]:
        own = years == year
        part = Trial(tried.past.of(own), tried.whole.of(own), tried.later[own], tried.history)
        try:
            enough(part.past)
            model = FITS[chosen.name](part.past.x, part.past.t_x, part.past.T)
        except (TooLittle, NotConverged, BadData):
            continue
        if predictive(model, part) > predictive(chosen.calibrated, part) + len(model.params):
            better.append(int(year))
    return better


def _years(first: Ints) -> Ints:
    return first.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


# What a model came to -------------------------------------------------------------------------------------------------


def figures(model: Any, tried: Trial) -> dict[str, Any]:
    """Parameters of the calibration and how far its expectations were from what came."""
    past = tried.past
    expected = model.conditional_expected_purchases(tried.weeks, past.x, past.t_x, past.T)
    return {
        "parameters": model.params,
        "errors": model.standard_errors,
        "log_likelihood": float(model.log_likelihood),
        "customers": len(past),
        "by_past": _by_past(past.x, tried.later, expected),
        "by_week": by_week(model, tried),
        "mean_error": float(np.abs(expected - tried.later).mean()),
        "bias": float(expected.sum() / max(tried.later.sum(), 1) - 1.0),
    }


def _by_past(x: Ints, later: Ints, expected: Floats) -> list[list[float]]:
    """Actual and expected purchases in the hold-out, by purchases in the calibration."""
    group = np.minimum(x, PAST)
    count = np.bincount(group, minlength=PAST + 1)
    actual = np.bincount(group, weights=later, minlength=PAST + 1)
    told = np.bincount(group, weights=expected, minlength=PAST + 1)
    return [
        [past, int(n), float(a / n), float(e / n)]
        for past, (n, a, e) in enumerate(zip(count, actual, told, strict=True))
        if n
    ]


def by_week(model: Any, tried: Trial) -> list[list[float]]:
    """Repeat purchases of those known at the cut, cumulated by week (day number of its end): actual and expected."""
    history, begin = tried.history, tried.history.begin
    span = history.until - begin + 1
    repeat = np.ones(len(history), bool)
    repeat[history.starts] = False
    known = np.repeat(history.first <= tried.past.until, np.diff(np.append(history.starts, len(history))))
    actual = np.cumsum(np.bincount(history.day[repeat & known] - begin, minlength=span))
    newcomers = np.bincount(tried.past.first - begin, minlength=span).astype(float)
    per_head = np.concatenate([[0.0], np.asarray(model.expected_purchases(np.arange(1, span) / WEEK))])
    expected = np.convolve(newcomers, per_head)[:span]
    ends = np.arange(6, span, 7)
    return [[int(begin + day), int(actual[day]), float(expected[day])] for day in ends]


# What it says of each customer ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Purchases:
    """The model in use: one for all, or for some years' newcomers one of their own."""

    name: str
    model: Any
    cohorts: dict[int, Any] = field(default_factory=dict)

    def of_each(self, known: Statistics, ask: Callable[[Any, Statistics], Floats]) -> Floats:
        """`ask(model, statistics)` for every customer by the model that is his."""
        if not self.cohorts:
            return ask(self.model, known)
        years = _years(known.first)
        answer = np.empty(len(known))
        rest = ~np.isin(years, list(self.cohorts))
        for chosen, model in [(rest, self.model), *((years == year, one) for year, one in self.cohorts.items())]:
            if chosen.any():
                answer[chosen] = ask(model, known.of(chosen))
        return answer

    def drawn(self, count: int, seed: int) -> list[Purchases]:
        """The same at parameters drawn from the sampling distribution of their estimates."""
        pooled = self.model.draw(count, seed)
        own = {year: model.draw(count, seed + year) for year, model in self.cohorts.items()}
        return [
            Purchases(self.name, pooled[index], {year: models[index] for year, models in own.items()})
            for index in range(count)
        ]
