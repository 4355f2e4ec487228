"""Fitting both models on snapshots of closed deals, and calibrating them on deals that closed after those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from guanxi.sales.winning.additive import Additive, Calibration, Choice, Floats, Line, Steps, Term, numbers
from guanxi.sales.winning.features import NUMBERS, WORDS

RARE = 30  # snapshots below which a word is learned from together with all other rare ones
EDGES = 31  # into so many pieces at most a feature is parted for the boosted trees
TREES, LEAVES, RATE = 150, 6, 0.06
FOR_ISOTONIC = 1_000  # deals; with fewer the two parameters of Platt's curve are safer
NEVER, EVER = 0.01, 0.99  # no deal is told more certain than this
POINTS = 101  # of a curve that is kept as points

Won = npt.NDArray[np.int64]


def logistic(features: pa.Table, won: Won) -> Additive:
    """Logistic regression: numbers within their 1 % to 99 % quantiles, missing ones and words on their own."""
    columns: list[Floats] = []
    makers: list[tuple[str, Callable[[Floats], Term], int]] = []
    for name in NUMBERS:
        values = numbers(features[name])
        known = values[~np.isnan(values)]
        if not len(known) or known.min() == known.max():
            continue
        low, high = (float(edge) for edge in np.quantile(known, (0.01, 0.99)))
        if low == high:  # nearly all alike: the few others are told by the whole range
            low, high = float(known.min()), float(known.max())
        clipped = np.clip(values, low, high)
        centre, scale = float(np.nanmean(clipped)), float(np.nanstd(clipped)) or 1.0
        columns += [np.nan_to_num((clipped - centre) / scale), np.isnan(values).astype(float)]
        makers.append((name, _line(low, high, centre, scale), 2))
    for name in WORDS:
        words = _frequent(features[name])
        columns += [pc.equal(features[name], word).to_numpy().astype(float) for word in words]
        makers.append((name, _choice(words), len(words)))
    model = LogisticRegression(C=1.0, max_iter=1_000)
    model.fit(np.stack(columns, axis=1), won)
    weights, terms, at = model.coef_[0], {}, 0
    for name, make, width in makers:
        terms[name] = make(weights[at : at + width])
        at += width
    return Additive(float(model.intercept_[0]), terms).centred(features)


def _line(low: float, high: float, centre: float, scale: float) -> Callable[[Floats], Term]:
    return lambda w: Line(low, high, float(w[0]) / scale, float(w[0]) * (low - centre) / scale, float(w[1]))


def _choice(words: list[str]) -> Callable[[Floats], Term]:
    return lambda w: Choice(dict(zip(words, map(float, w), strict=True)))


def boosted(features: pa.Table, won: Won) -> Additive:
    """Gradient boosted trees of which each asks one feature, so that they add up to one curve per feature."""
    edges: dict[str, list[float]] = {}
    words: dict[str, list[str]] = {}
    columns: list[Floats] = []
    for name in NUMBERS:
        values = numbers(features[name])
        known = values[~np.isnan(values)]
        if not len(known):
            continue
        edges[name] = sorted(set(np.quantile(known, np.linspace(0, 1, EDGES + 2)[1:-1]).tolist()))
        codes = np.searchsorted(edges[name], values, side="right").astype(float)
        columns.append(np.where(np.isnan(values), np.nan, codes))
    for name in WORDS:
        words[name] = _frequent(features[name])
        place = pc.index_in(features[name], pa.array(words[name], pa.string()))
        columns.append(pc.fill_null(place, len(words[name])).to_numpy().astype(float))
    model = HistGradientBoostingClassifier(
        learning_rate=RATE, max_iter=TREES, max_leaf_nodes=LEAVES, l2_regularization=1.0, early_stopping=False,
        min_samples_leaf=max(20, len(won) // 200), interaction_cst="no_interactions", random_state=0,
        categorical_features=[False] * len(edges) + [True] * len(words),
    )  # fmt: skip
    model.fit(np.stack(columns, axis=1), won)
    return _read_off(model, edges, words).centred(features)


def _read_off(model: Any, edges: dict[str, list[float]], words: dict[str, list[str]]) -> Additive:
    """The curve of each feature: what the model says of each of its codes while all others stay as they are."""
    still = np.zeros(len(edges) + len(words))
    base = float(model.decision_function(still[None, :])[0])

    def curve(at: int, codes: list[float]) -> list[float]:
        rows = np.repeat(still[None, :], len(codes), axis=0)
        rows[:, at] = codes
        return [float(value) - base for value in model.decision_function(rows)]

    terms: dict[str, Term] = {}
    for at, (name, cuts) in enumerate(edges.items()):
        *levels, missing = curve(at, [*map(float, range(len(cuts) + 1)), float("nan")])
        terms[name] = Steps(cuts, levels, missing)
    for at, (name, known) in enumerate(words.items(), start=len(edges)):
        *levels, other = curve(at, [float(code) for code in range(len(known) + 1)])
        terms[name] = Choice(dict(zip(known, levels, strict=True)), other)
    return Additive(base, terms)


def _frequent(column: pa.ChunkedArray) -> list[str]:
    """The words that enough snapshots say, the commonest first, a hundred at most."""
    counts = [(row["counts"], row["values"]) for row in pc.value_counts(column).to_pylist()]
    return [word for count, word in sorted(counts, key=lambda one: (-one[0], one[1])) if count >= RARE][:100]


def calibrated(scores: Floats, won: Won, deals: int) -> Calibration:
    """The chance that goes with each score, on deals that the model has not seen: isotonic regression where there are
    enough (Zadrozny and Elkan 2002), else Platt's curve (1999).
    """
    if deals >= FOR_ISOTONIC:
        fitted = IsotonicRegression(y_min=NEVER, y_max=EVER, out_of_bounds="clip").fit(scores, won)
        return Calibration(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist())
    # Platt's targets: as if one deal more had been won, and one more lost.
    winners, losers = int(won.sum()), int(len(won) - won.sum())
    doubled = np.concatenate([scores, scores])[:, None]
    outcome = np.concatenate([np.ones(len(won)), np.zeros(len(won))])
    high, low = (winners + 1) / (winners + 2), 1 / (losers + 2)
    share = np.where(won == 1, high, low)
    curve = LogisticRegression(C=1e6, max_iter=1_000).fit(
        doubled, outcome, sample_weight=np.concatenate([share, 1 - share])
    )
    low_end, high_end = float(scores.min()), float(scores.max())
    points = np.linspace(low_end, max(high_end, low_end + 1e-6), POINTS)
    chances = np.clip(curve.predict_proba(points[:, None])[:, 1], NEVER, EVER)
    return Calibration(points.tolist(), chances.tolist())


FITS: dict[str, Callable[[pa.Table, Won], Additive]] = {"logistic": logistic, "boosted": boosted}
