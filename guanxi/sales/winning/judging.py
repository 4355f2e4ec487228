"""How good chances are that were told of deals before they closed, and how far the world has moved since."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.metrics import roc_auc_score

from guanxi.sales.winning.additive import Floats, numbers
from guanxi.sales.winning.features import NUMBERS, WORDS

BINS = 10
SURE = 1.96  # standard errors of an interval of 95 %
TINY = 1e-4  # in place of an empty share, so that the index stays finite
WATCH, MOVED = 0.10, 0.25  # population stability index: usual reading (Siddiqi 2006)

Won = npt.NDArray[np.int64]
Numbers = npt.NDArray[Any]


def judge(chances: Floats, won: Won, deals: Numbers, base: float) -> dict[str, Any]:
    """Brier score, area under the curve, reliability and lift of chances told of snapshots (`deals`: of which each
    is), beside those of telling every deal the share `base` that was won before.
    """
    brier = float(np.mean((chances - won) ** 2))
    of_base = float(np.mean((base - won) ** 2))
    both = 0 < won.sum() < len(won)
    return {
        "snapshots": len(won),
        "deals": len(np.unique(deals)),
        "share_won": float(won.mean()),
        "told": float(chances.mean()),
        "base": base,
        "brier": brier,
        "base_brier": of_base,
        "skill": 1 - brier / of_base if of_base else 0.0,
        "auc": float(roc_auc_score(won, chances)) if both else None,
        "log_loss": float(-np.mean(won * np.log(chances) + (1 - won) * np.log(1 - chances))),
        "error": _calibration_error(chances, won),
        "reliability": reliability(chances, won, deals),
        "lift": lift(chances, won),
    }


def reliability(chances: Floats, won: Won, deals: Numbers) -> list[dict[str, float]]:
    """Tenths of the snapshots from the lowest chance up: what was told, what share was won, and its interval.

    Snapshots of one deal end alike, so the interval (Wilson) counts deals.
    """
    found = []
    for rows in _tenths(chances):
        count, share = len(np.unique(deals[rows])), float(won[rows].mean())
        middle = (share + SURE**2 / (2 * count)) / (1 + SURE**2 / count)
        half = SURE * math.sqrt(share * (1 - share) / count + SURE**2 / (4 * count**2)) / (1 + SURE**2 / count)
        found.append(
            {
                "told": float(chances[rows].mean()), "won": share, "deals": count, "low": max(middle - half, 0.0),
                "high": min(middle + half, 1.0),
            }
        )  # fmt: skip
    return found


def lift(chances: Floats, won: Won) -> list[float]:
    """How many times the share of all was won in the best tenth, the best two tenths ..."""
    order = np.argsort(-chances, kind="stable")
    overall = won.mean()
    if not overall:
        return []
    so_far = np.cumsum(won[order]) / np.arange(1, len(won) + 1)
    ends = [max(round(len(won) * part / BINS), 1) - 1 for part in range(1, BINS + 1)]
    return [float(so_far[end] / overall) for end in ends]


def _calibration_error(chances: Floats, won: Won) -> float:
    """By how much chances are off on average, tenth by tenth."""
    parts = [(len(rows), abs(float(chances[rows].mean() - won[rows].mean()))) for rows in _tenths(chances)]
    return sum(count * gap for count, gap in parts) / len(won)


def _tenths(chances: Floats) -> list[Numbers]:
    order = np.argsort(chances, kind="stable")
    return [rows for rows in np.array_split(order, min(BINS, len(order))) if len(rows)]


# Drift ----------------------------------------------------------------------------------------------------------------


def spread(features: pa.Table) -> dict[str, Any]:
    """How each feature is spread: the shares of its tenths, or of its words; beside them what is not known."""
    told: dict[str, Any] = {}
    for name in NUMBERS:
        values = numbers(features[name])
        known = values[~np.isnan(values)]
        edges = sorted(set(np.quantile(known, np.linspace(0.1, 0.9, 9)).tolist())) if len(known) else []
        told[name] = {"edges": edges, "shares": _shares(values, edges)}
    for name in WORDS:
        counts = {row["values"]: row["counts"] for row in pc.value_counts(features[name]).to_pylist()}
        told[name] = {"words": {word: count / features.num_rows for word, count in counts.items()}}
    return told


def stability(before: Mapping[str, Any], features: pa.Table) -> dict[str, float]:
    """The population stability index of each feature: how differently it is spread now."""
    found = {}
    for name, known in before.items():
        if name not in features.column_names or not features.num_rows:
            continue
        if "words" in known:
            counts = {row["values"]: row["counts"] for row in pc.value_counts(features[name]).to_pylist()}
            words = {*known["words"], *counts}
            was = [known["words"].get(word, 0.0) for word in words]
            now = [counts.get(word, 0) / features.num_rows for word in words]
        else:
            was, now = known["shares"], _shares(numbers(features[name]), known["edges"])
        found[name] = _index(was, now)
    return found


def _shares(values: Floats, edges: list[float]) -> list[float]:
    missing = np.isnan(values)
    places = np.searchsorted(edges, values[~missing], side="right")
    counts = [*np.bincount(places, minlength=len(edges) + 1).tolist(), int(missing.sum())]
    return [count / max(len(values), 1) for count in counts]


def _index(before: list[float], now: list[float]) -> float:
    pairs = [(max(was, TINY), max(is_now, TINY)) for was, is_now in zip(before, now, strict=True)]
    return float(sum((is_now - was) * math.log(is_now / was) for was, is_now in pairs))


def later(chances: Floats, won: Won, deals: Numbers) -> dict[str, Any]:
    """What chances told of deals that closed after the model was fitted came to, deal by deal (mean of its snapshots).

    `off`: by how many standard errors more (or fewer) were won than was told.
    """
    numbers_of, place = np.unique(deals, return_inverse=True)
    count = np.bincount(place)
    told = np.bincount(place, weights=chances) / count
    ended = np.bincount(place, weights=won) / count
    error = math.sqrt(float(np.sum(told * (1 - told))))
    return {
        "deals": len(numbers_of),
        "told": float(told.sum()),
        "won": float(ended.sum()),
        "off": float((ended.sum() - told.sum()) / error) if error else 0.0,
        "brier": float(np.mean((chances - won) ** 2)),
    }
