"""In what state each relationship is: from the purchases of each period to a word that a manager understands.

The hidden Markov model (`guanxi.insight.states`) says how active a customer is, in ordered levels, or that he is lost.
A stage is told from the path of levels, period by period:

    broken       lost
    exploration  one purchase, or known for no more than two periods
    decline      less active than his best within the last half year's periods, or lost with a chance of a quarter
    formation    known for less than six periods, or more active than three periods before
    stability    all others

Where there is too little data for the model, a rule by each customer's own rhythm tells the levels instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.history import Floats, History, Ints, Panel
from guanxi.insight.models import Stage
from guanxi.insight.purchasing import not_converged

LEVELS = 3  # of activity, beside “lost”
MOST_PERIODS, LEAST_PERIODS = 24, 8
WEEK, MONTH = 7, 30  # lengths of a period in days
LEAST_REPEATING = 200
SAMPLE, SEED = 30_000, 11
MARGIN = 0.15  # by which a new state's chance must exceed the old one's before the label changes
DOUBT = 0.25  # chance of being lost from which on a customer is in decline
YOUNG, FORMING, BACK, MEMORY = 2, 6, 3, 6  # periods
CHUNK = 100_000
RHYTHM, GAPS_TO_LOSS, LEAST_TO_LOSS, WITHOUT_RHYTHM = 3, 6.0, 90, 180  # of the rule; gaps, and days

Codes = NDArray[np.int8]
Touches = Callable[[Panel], NDArray[np.float64] | None]
NAMES = np.array([Stage.EXPLORATION, Stage.FORMATION, Stage.STABILITY, Stage.DECLINE, Stage.BROKEN], dtype="U11")
EXPLORATION, FORMATION, STABILITY, DECLINE, BROKEN = range(5)


@dataclass(frozen=True)
class Staged:
    """The stage of each customer: its name, since when (day number), how sure the model is of the level behind it (NaN:
    told by the rule), the chance of being lost; and the stage one period before.
    """

    stage: NDArray[np.str_]
    since: Ints
    chance: Floats
    lost: Floats
    before: NDArray[np.str_]
    model: Any = None  # None: told by the rule
    figures: dict[str, Any] = field(default_factory=dict)
    note: dict[str, Any] = field(default_factory=dict)


def periods_of(history: History) -> tuple[int, int]:
    """Length of a period in days and how many of them: weeks where people buy weekly or oftener, else months."""
    gaps = len(history) - len(history.starts)
    ends = np.append(history.starts[1:], len(history)) - 1
    usual = (history.day[ends] - history.first).sum() / max(gaps, 1)
    length = WEEK if gaps and usual <= WEEK else MONTH
    return length, min((history.until - history.begin + 1) // length, MOST_PERIODS)


def stages(history: History, model: Any = None, touches: Touches = lambda panel: None) -> Staged:
    """The stage of every customer, by the hidden Markov model where there is enough data, else by the rule.

    `model` is a fitted one to go on with; without it one is fitted. `touches` gives, for a panel, how often we turned
    to each customer in each period (customers, periods, 1), or None: it may move people from state to state.
    """
    from guanxi.insight.states import BadData, NotConverged

    length, periods = periods_of(history)
    repeating = int((history.at().x > 0).sum())
    if periods < LEAST_PERIODS or repeating < LEAST_REPEATING:
        note = {"code": "stage_by_rule", "periods": periods, "customers": repeating, "least": LEAST_REPEATING}
        return by_rule(history, length, max(periods, 1), note)
    panel = history.panel(length, periods)
    touched = touches(panel)
    try:
        model = model or fit(panel, touched)
    except (NotConverged, BadData) as error:
        note = not_converged("hidden_markov", error)
        return by_rule(history, length, periods, note)
    if model.parameters.effects is None:
        touched = None
    level, sure, lost = levels(model, panel, touched)
    return _staged(history, panel, level, sure, lost, model=model, figures=_figures(model, panel))


def fit(panel: Panel, touched: NDArray[np.float64] | None = None) -> Any:
    """The hidden Markov model of a sample of the customers (all where they are few), with touches where they help."""
    from guanxi.insight.states import NotConverged, fit_hidden_markov

    def fitted(covariates: NDArray[np.float64] | None) -> Any:
        return fit_hidden_markov(
            panel.purchases,
            panel.mean_spend(slice(None)),
            states=LEVELS,
            start=panel.started,
            acquired=panel.acquired,
            covariates=covariates,
            begin_lost=True,  # those who left before the window
            emission="negative_binomial",
            sample=SAMPLE,
            seed=SEED,
        )

    plain = fitted(None)
    if touched is None:
        return plain
    try:
        driven = fitted(touched)
    except NotConverged:
        return plain
    return driven if driven.bic < plain.bic else plain


def levels(model: Any, panel: Panel, touched: NDArray[np.float64] | None = None) -> tuple[Codes, Floats, Floats]:
    """The label of each customer in each period (0 the least active level, LEVELS: lost); at the end, the chance that
    the label is right, and that of being lost. Labels change only where the chances have clearly changed.
    """
    from guanxi.insight.states import label

    customers, periods = panel.purchases.shape
    level = np.empty((customers, periods), np.int8)
    lost, sure = np.empty(customers), np.empty(customers)
    for begin in range(0, customers, CHUNK):
        part = slice(begin, begin + CHUNK)
        chances = model.filtered(
            panel.purchases[part],
            panel.mean_spend(part),
            panel.started[part],
            None if touched is None else touched[part],
            acquired=panel.acquired[part],
            every_period=True,
        )
        level[part] = label(chances, margin=MARGIN)
        lost[part] = chances[:, -1, LEVELS]
        sure[part] = np.take_along_axis(chances[:, -1], level[part, -1:].astype(np.intp), axis=1)[:, 0]
    return level, sure, lost


def by_rule(history: History, length: int, periods: int, note: dict[str, Any]) -> Staged:
    """Levels by each customer's own rhythm, at the end of every period: overdue counts as less active, silence for six
    usual gaps (at least 90 days; 180 where no rhythm is known) as lost.
    """
    panel = history.panel(length, periods)
    customers = len(history.parties)
    level = np.full((customers, periods), 1, np.int8)
    for period in range(periods):
        known = history.at(int(panel.end_of(period)))
        row = np.searchsorted(history.parties, known.party)
        usual = (known.last - known.first) / np.maximum(known.x, 1)
        silent = known.until - known.last
        rhythm = known.x >= RHYTHM
        allowed = np.where(rhythm, np.maximum(GAPS_TO_LOSS * usual, LEAST_TO_LOSS), WITHOUT_RHYTHM)
        level[row, period] = np.where(silent > allowed, LEVELS, np.where(rhythm & (silent > 2 * usual + 7), 0, 1))
    lost = (level[:, -1] == LEVELS).astype(float)
    return _staged(history, panel, level, np.full(customers, np.nan), lost, note=note)


def _staged(
    history: History,
    panel: Panel,
    level: Codes,
    sure: Floats,
    lost: Floats,
    model: Any = None,
    figures: dict[str, Any] | None = None,
    note: dict[str, Any] | None = None,
) -> Staged:
    path = _path(panel, level, lost, history.at().x + 1)
    last = path[:, -1]
    differs = path != last[:, None]
    held = np.where(differs.any(axis=1), np.argmax(differs[:, ::-1], axis=1), path.shape[1])
    begin = np.maximum(path.shape[1] - held, panel.started)
    since = np.maximum(panel.begin + begin * panel.length, history.first)
    before = path[:, -2] if path.shape[1] > 1 else last
    return Staged(NAMES[last], since, sure, lost, NAMES[before], model, figures or {}, note or {})


def _path(panel: Panel, level: Codes, lost: Floats, purchases: Ints) -> Codes:
    """The stage (its place in NAMES) of each customer in every period."""
    customers, periods = level.shape
    path = np.empty((customers, periods), np.int8)
    active = np.where(level == LEVELS, -1, level)
    ahead = purchases - np.cumsum(panel.purchases[:, ::-1], axis=1)[:, ::-1].T  # bought before each period's beginning
    for period in range(periods):
        bought = ahead[period] + panel.purchases[:, period]
        known = period - panel.started + 1
        best = active[:, max(period - MEMORY, 0) : period + 1].max(axis=1)
        now, earlier = active[:, period], active[:, max(period - BACK, 0)]
        declining = now < best
        if period == periods - 1:
            declining |= lost >= DOUBT
        path[:, period] = np.select(
            [
                now < 0,
                (bought <= 1) | (known <= YOUNG),
                declining,
                (known < FORMING) | ((now > earlier) & (earlier >= 0)),
            ],
            [BROKEN, EXPLORATION, DECLINE, FORMATION],
            STABILITY,
        )
    return path


def _figures(model: Any, panel: Panel) -> dict[str, Any]:
    """What the Models page shows of the states."""
    return {
        "states": [{"purchases": float(rate)} for rate in model.rate],
        "transition": np.asarray(model.parameters.transitions).tolist(),
        "touches": _touches(model),
        "length": panel.length,
        "periods": int(panel.purchases.shape[1]),
        "sample": int(min(len(panel.purchases), SAMPLE)),
    }


def _touches(model: Any) -> list[float | None] | None:
    """How a touch changes the odds of being lost a period later, from each level: as a logarithm, None where the data
    hardly tell (a standard error of one or more).
    """
    effects = model.parameters.effects
    if effects is None:
        return None
    errors = (model.standard_errors or {}).get("effects")
    sure = np.full(effects.shape, False) if errors is None else np.asarray(errors).reshape(effects.shape) < 1.0
    return [float(effects[level, -1, 0]) if sure[level, -1, 0] else None for level in range(LEVELS)]
