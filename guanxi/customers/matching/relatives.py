"""Why two records may be alike though they tell of two people: a household, a family, a firm.

Fellegi and Sunter know two kinds of pairs, of one person and of strangers. Between them stand relatives: they share
family name, address, telephone and occupation, but neither given name nor date of birth. Taken for strangers they would
be merged, since so much at once is never alike by chance. So a third class is learned beside the two, by expectation
maximisation over the patterns of likeness of all candidate pairs; what speaks for it is taken off a pair's weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guanxi.customers.matching.comparing import FURTHEST, Field

SHARED = ("family_name", "address", "place", "telephone", "occupation", "company", "mail")
LIKE_MATCHES = {"given_name": 0.06, "other_names": 0.15, "mail": 0.05}  # how far relatives are like one person there
ROUNDS, ENOUGH = 60, 1e-4
WORTH = 200.0  # pairs that the weights before are worth
Weights = dict[str, list[tuple[float, float]]]
LEAST_SHARE = 2.0**-8  # of m to u: no field speaks against a match by more than eight bits


def declared(fields: list[Field], weights: Weights, records: int) -> Classes:
    """The classes of a file that is too small to learn from."""
    m = {one.name: _top_last(weights[one.name], 0) for one in fields}
    u = {one.name: _top_last(weights[one.name], 1) for one in fields}
    h = {one.name: _start(one.name, m[one.name], u[one.name]) for one in fields}
    return Classes(m, h, 0.2 / records, 0.06 / records if any(one.name in SHARED for one in fields) else 0.0)


@dataclass
class Classes:
    """m as learned anew, h (the share of relatives at each level), and how frequent both kinds are among all pairs."""

    m: dict[str, np.ndarray]
    h: dict[str, np.ndarray]
    matches: float
    relatives: float


def learn(fields: list[Field], weights: Weights, gammas: np.ndarray, times: float, pairs: float) -> Classes:
    """The three classes from `gammas` (a row for each candidate pair, a column for each field, -1 missing).

    `times`: how many candidate pairs each row stands for; `pairs`: of how many pairs the candidates were chosen. Pairs
    that are no candidates count as strangers.
    """
    patterns, counts = _patterns(gammas)
    weight = counts * times
    m = {one.name: _top_last(weights[one.name], 0) for one in fields}
    u = {one.name: _top_last(weights[one.name], 1) for one in fields}
    h = {one.name: _start(one.name, m[one.name], u[one.name]) for one in fields}
    before_m, before_h = dict(m), dict(h)
    matches, relatives = max(_guess(patterns, weight, fields, m, u) / pairs, 1 / pairs), 0.3 * weight.sum() / pairs
    relatives = min(relatives, matches) if any(one.name in SHARED for one in fields) else 0.0
    for _round in range(ROUNDS):
        like_m = matches * _likelihood(patterns, fields, m)
        like_h = relatives * _likelihood(patterns, fields, h)
        total = like_m + like_h + (1 - matches - relatives) * _likelihood(patterns, fields, u)
        is_m, is_h = weight * like_m / total, weight * like_h / total
        old = matches, relatives
        matches, relatives = max(is_m.sum(), 0.5) / pairs, is_h.sum() / pairs
        for place, one in enumerate(fields):
            m[one.name] = _near(one, _shares(patterns[:, place], is_m, before_m[one.name]))
            if one.name in SHARED and one.name not in LIKE_MATCHES:
                h[one.name] = _shares(patterns[:, place], is_h, before_h[one.name])
            else:
                h[one.name] = _start(one.name, m[one.name], u[one.name])
        if abs(matches / old[0] - 1) < ENOUGH and abs(relatives - old[1]) <= ENOUGH * max(old[1], 1e-12):
            break
    return Classes(m, h, matches, relatives)


def _patterns(gammas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows, and how often each stands there."""
    code = np.zeros(len(gammas), np.int64)
    for column in gammas.T:
        code = code * 16 + (column + 1)
    _, first, counts = np.unique(code, return_index=True, return_counts=True)
    return gammas[first], counts


def _top_last(levels: list[tuple[float, float]], which: int) -> np.ndarray:
    """Of the levels, strongest first, one figure as an array whose place is Splink's number of the level."""
    return np.array([level[which] for level in levels])[::-1]


def _start(name: str, m: np.ndarray, u: np.ndarray) -> np.ndarray:
    share = LIKE_MATCHES.get(name, 0.9 if name in SHARED else 0.0)
    return np.asarray(share * m + (1 - share) * u)


def _guess(
    patterns: np.ndarray, weight: np.ndarray, fields: list[Field], m: dict[str, np.ndarray], u: dict[str, np.ndarray]
) -> float:
    """How many candidate pairs are far likelier of one person."""
    ratio = _likelihood(patterns, fields, m) / _likelihood(patterns, fields, u)
    return float(weight[ratio > 2.0**20].sum()) or float(weight[ratio > 2.0**10].sum())


def _likelihood(patterns: np.ndarray, fields: list[Field], shares: dict[str, np.ndarray]) -> np.ndarray:
    """How likely each pattern is in a class; what is missing says nothing."""
    result = np.ones(len(patterns))
    for place, one in enumerate(fields):
        level = patterns[:, place]
        result *= np.where(level < 0, 1.0, shares[one.name][np.maximum(level, 0)])
    return result


def _near(one: Field, shares: np.ndarray) -> np.ndarray:
    """Shares of matches no further above the declared ones than data may teach."""
    known = np.array([level.m for level in one.levels])[::-1]
    held = np.minimum(shares, known * FURTHEST)
    return np.asarray(held / held.sum())


def _shares(levels: np.ndarray, weight: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The share of each level, what was known before counting as some pairs."""
    there = levels >= 0
    seen = np.bincount(levels[there], weight[there], len(before)) + WORTH * before
    return np.asarray(seen / seen.sum())
