"""What kind of customer each is: tier, grade, RFM, strength, room to grow; and how value is spread over all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.history import Floats, Ints

BEST = 0.20  # share of the buyers who are most valuable, and of the others who are most growable
FIFTHS = 5
QUANTILE = 0.80  # of the spend of similar customers: what a good one among his like spends
SAMPLE, LEAST, SEED = 50_000, 200, 7
EXAMINED = 3_000  # held-out customers by whom the weight of features is told
Words = NDArray[np.str_]


@dataclass(frozen=True)
class Growth:
    """The model of what similar customers spend: predictions (whole units a year), how often the truth lay below."""

    predicted: Floats
    coverage: float
    customers: int
    importance: list[list[Any]]  # feature, and by what share the loss grows where it is shuffled; the largest first


def likely_spend(features: Mapping[str, Floats], spend: Floats, learn_from: NDArray[np.bool_]) -> Growth | None:
    """What a good one among similar customers spends in a year, by gradient boosted quantile regression.

    `learn_from` marks whom to learn from (customers still active). None where they are too few.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    chosen = np.flatnonzero(learn_from)
    if len(chosen) < LEAST:
        return None
    telling = {name: column for name, column in features.items() if _varies(column[chosen])}
    if not telling:
        return None
    table = np.column_stack(list(telling.values()))
    generator = np.random.default_rng(SEED)
    sample = np.sort(generator.permutation(chosen)[:SAMPLE])
    held = generator.random(len(sample)) < 0.2
    model = HistGradientBoostingRegressor(
        loss="quantile", quantile=QUANTILE, max_iter=60, max_leaf_nodes=15, min_samples_leaf=40,
        learning_rate=0.15, early_stopping=False, random_state=SEED,
    )  # fmt: skip
    target = np.log1p(np.maximum(spend, 0.0))
    model.fit(table[sample[~held]], target[sample[~held]])
    predicted = model.predict(table)
    truth = sample[held]
    coverage = float((target[truth] <= predicted[truth]).mean()) if held.any() else float("nan")
    shown = truth[:EXAMINED]
    importance = _importance(model, table[shown], target[shown], list(telling), generator)
    return Growth(np.expm1(predicted), coverage, len(chosen), importance)


def _varies(column: Floats) -> bool:
    return len(np.unique(column[~np.isnan(column)])) > 1


def _importance(
    model: Any, table: Floats, target: Floats, names: list[str], generator: np.random.Generator
) -> list[list[Any]]:
    """What the model goes by: how much worse it tells held-out customers when one feature is shuffled among them."""

    def loss(rows: Floats) -> float:
        short = target - model.predict(rows)
        return float(np.maximum(QUANTILE * short, (QUANTILE - 1) * short).mean())

    if len(table) < 2 or not (base := loss(table)):
        return []
    found: list[tuple[str, float]] = []
    for index, name in enumerate(names):
        shuffled = table.copy()
        shuffled[:, index] = generator.permutation(shuffled[:, index])
        found.append((name, round(max(loss(shuffled) / base - 1.0, 0.0), 4)))
    return [list(pair) for pair in sorted(found, key=lambda pair: -pair[1])[:10]]


def tiers(lifetime: Floats, growth: Floats, active: NDArray[np.bool_], buyer: NDArray[np.bool_]) -> Words:
    """Below zero; the best fifth of the buyers by lifetime value; of the others, the fifth with most room to grow."""
    tier = np.full(len(lifetime), "regular", "U13")
    positive = buyer & (lifetime > 0)
    if positive.any():
        valuable = positive & (lifetime >= np.quantile(lifetime[buyer], 1 - BEST))
        rest = buyer & ~valuable & active & (growth > 0)
        if rest.any():
            tier[rest & (growth >= np.quantile(growth[rest], 1 - BEST))] = "most_growable"
        tier[valuable] = "most_valuable"
    tier[lifetime < 0] = "below_zero"
    return tier


def grades(value: Floats, share_a: float, share_b: float) -> Words:
    """A for those who together bring the first `share_a` of the value, B up to `share_b`, C for the rest."""
    grade = np.full(len(value), "C", "U1")
    order = np.argsort(-value, kind="stable")
    positive = np.maximum(value[order], 0.0)
    total = positive.sum()
    if total <= 0:
        return grade
    before = (np.cumsum(positive) - positive) / total  # of the value, brought by better ones
    grade[order[(before < share_a) & (positive > 0)]] = "A"
    grade[order[(before >= share_a) & (before < share_b) & (positive > 0)]] = "B"
    return grade


def lorenz(value: Floats, points: int = 101) -> list[list[float]]:
    """Shares of the customers, the best first, and of the (positive) value that they bring."""
    ordered = np.sort(np.maximum(value, 0.0))[::-1]
    total = ordered.sum()
    if total <= 0:
        return []
    summed = np.concatenate([[0.0], np.cumsum(ordered) / total])
    shares = np.linspace(0.0, 1.0, points)
    return [[float(share), float(np.interp(share * len(ordered), np.arange(len(summed)), summed))] for share in shares]


def fifths(values: Floats | Ints) -> Ints:
    """From 1 (lowest fifth) to 5 (highest), by the value's rank: equal values share the higher fifth, as quantile
    bounds have it.
    """
    bounds = np.quantile(values, np.arange(1, FIFTHS) / FIFTHS) if len(values) else np.zeros(0)
    return 1 + np.searchsorted(bounds, values, side="right")


def rfm(recency: Ints, frequency: Ints, money: Floats) -> Words:
    """Three digits, each a fifth from 1 to 5 among all who buy: last day, days of purchase, money."""
    codes = 100 * fifths(recency) + 10 * fifths(frequency) + fifths(money)
    return codes.astype("U3")


def ranks(values: Floats | Ints) -> Floats:
    """Each value's place among all, from 0 to 1 (the middle of equal ones)."""
    if len(values) < 2:
        return np.ones(len(values))
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    middle = ends - (count + 1) / 2
    return np.asarray(middle[inverse] / (len(values) - 1))


def strength(parts: Mapping[str, Floats], weights: Mapping[str, float]) -> tuple[Floats, list[str]]:
    """The strength of each relationship from 0 to 100, and its parts as they are kept."""
    total: Any = sum(weights[name] * parts[name] for name in weights)
    whole = np.stack([np.rint(100 * parts[name]).astype(np.int64) for name in weights], axis=1)
    return 100 * total, [" ".join(map(str, row)) for row in whole.tolist()]
