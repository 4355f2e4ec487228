"""What the comparisons are worth, learned from the records themselves, without labels.

Splink estimates u (how often strangers are alike) on pairs drawn at random and m (how often records of one person are)
by expectation maximisation, once for each field that can hold two records together. What a file is too small to teach
keeps the declared values: each estimate counts as much as the matches that it rests on.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.junk import FEW
from guanxi.customers.matching import comparing
from guanxi.customers.matching.blocking import Parts, mixed
from guanxi.customers.matching.comparing import FREQUENT, FURTHEST, Field
from guanxi.customers.matching.scoring import connection

SAMPLE_FOR_U = 800  # records, of which all pairs are compared
PAIRS_FOR_M = 60_000  # of each training rule at most
MOST_IN_BLOCK = 200  # records that are equal in a rule's columns and still teach
LEAST_RECORDS = 100  # below, the declared values are used as they are
LEAST_MATCHES = 30  # that a training rule must find
DECLARED = 25.0  # matches that the declared m are worth
MOST_FREQUENT = 5_000  # values of a column whose frequency is kept
DECLARED_VALUES = 200  # values that the declared share of a column's values is worth
LEAST_U = 1e-7
LEAST_RATIO = 2.0**-6  # of m to u: no single field speaks against a match by more than six bits
# Which pairs teach m: such as are equal in these columns; the fields that use them are taught by the others.
RULES = (
    ("birth",), ("given_latin", "family_latin"), ("postcode",), ("mail",), ("telephone",), ("national_id",),
    ("family_latin", "city"), ("address",), ("company", "family_latin"),
)  # fmt: skip


@dataclass
class Trained:
    """(m, u) for each field's levels, and how it came about."""

    weights: dict[str, list[tuple[float, float]]]
    notes: dict[str, Any] = field(default_factory=dict)


def frequencies(table: pa.Table) -> dict[str, dict[str, Any]]:
    """Of each column whose values are not equally frequent: the share of the frequent ones, and of any other."""
    found: dict[str, dict[str, Any]] = {}
    for column, declared in FREQUENT.items():
        values = table[column]
        count = table.num_rows - values.null_count
        if count < 2:
            continue
        counted = pc.value_counts(values.combine_chunks().drop_null())
        times = pc.struct_field(counted, "counts").to_numpy(zero_copy_only=False)
        often = np.flatnonzero(times > 2)
        often = often[np.argsort(-times[often], kind="stable")]
        most = often[:MOST_FREQUENT]
        if len(often) > MOST_FREQUENT:  # all or none of those that are equally frequent, so that order has no say
            most = most[times[most] > times[often[MOST_FREQUENT]]]
        rest = np.delete(times, most).astype(float)
        other = float((rest**2).sum() / rest.sum()) if len(rest) else 2.0
        names = pc.struct_field(counted, "values").take(pa.array(most)).to_pylist()
        known = dict(sorted(zip(names, _share(times[most], count, declared).tolist(), strict=True)))
        found[column] = {"known": known, "other": float(_share(np.array([other]), count, declared)[0])}
    return found


def _share(times: np.ndarray, count: int, declared: float) -> np.ndarray:
    """How frequent a value is among strangers: the two at hand do not count, what is declared counts a little."""
    share = (np.maximum(times - 2, 0) + DECLARED_VALUES * declared) / (count + DECLARED_VALUES)
    return np.asarray(np.maximum(share, min(0.5 / (count + DECLARED_VALUES), declared)))


def with_frequencies(table: pa.Table, known: dict[str, dict[str, Any]]) -> pa.Table:
    """The table with `tf_<column>`: how frequent each value is."""
    for column in FREQUENT:
        values = table[column].combine_chunks()
        told = known.get(column)
        if told is None:
            share = pa.nulls(len(values), pa.float64())
        elif len(values) <= FEW:
            shares, other = told["known"], told["other"]
            said = [None if value is None else shares.get(value, other) for value in values.to_pylist()]
            share = pa.array(said, pa.float64())
        else:
            place = pc.index_in(values, value_set=pa.array(list(told["known"]), pa.string()))
            share = pa.array(list(told["known"].values()), pa.float64()).take(place)
            share = pc.if_else(pc.is_valid(values), pc.fill_null(share, told["other"]), pa.scalar(None, pa.float64()))
        table = table.append_column(f"tf_{column}", share)
    return table


def drawn(parts: Parts) -> np.ndarray:
    """The rows in an order that hangs on what they say, not on their place or id."""
    number = np.zeros(parts.count, np.uint64)
    for column in ("whole", "birth", "mail", "telephone", "address", "postcode", "city", "national_id", "company"):
        number = mixed(number * np.uint64(31) + parts(column)[0])
    return np.argsort(number, kind="stable")


def train(parts: Parts, fields: list[Field]) -> Trained:
    """m and u of each field's levels, from prepared records."""
    table = parts.table
    weights = {one.name: [(level.m, level.u) for level in one.levels] for one in fields}
    if table.num_rows < LEAST_RECORDS or not fields:
        return Trained(weights, {"method": "declared", "records": table.num_rows})
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    sample = table.take(pa.array(np.sort(drawn(parts)[:SAMPLE_FOR_U])))
    seen = _u(sample, fields)
    weights = {name: _with_u(levels, *seen[name]) for name, levels in weights.items()}
    taught, rules = _m(parts, fields, weights)
    for name, estimates in taught.items():
        weights[name] = _with_m(weights[name], estimates)
    return Trained(weights, {"method": "splink", "records": table.num_rows, "rules": rules})


def _linker(database: Any, table: pa.Table, settings: dict[str, Any]) -> Any:
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection=database)
    return Linker(api.register(table), settings, log_level=None, validate_settings=False)


def _u(sample: pa.Table, fields: list[Field]) -> dict[str, tuple[list[float | None], int]]:
    """The share of strangers at each level as Splink saw it, and of how many pairs."""
    pairs = sample.num_rows * (sample.num_rows - 1) // 2
    with connection() as database:
        linker = _linker(database, sample, comparing.settings(fields, frequencies=False))
        linker.training.estimate_u_using_random_sampling(max_pairs=10.0 * pairs, min_count_per_level=None, num_chunks=1)
        made = linker.misc.save_model_to_json()
    found = {}
    for one in made["comparisons"]:
        levels = [level for level in one["comparison_levels"] if not level.get("is_null_level")]
        needs = comparing.BY_NAME[one["output_column_name"]].needs
        told = max(sample.num_rows - sample[name].null_count for name in needs)
        found[one["output_column_name"]] = ([level.get("u_probability") for level in levels], told * (told - 1) // 2)
    return found


def _with_u(levels: list[tuple[float, float]], seen: list[float | None], pairs: int) -> list[tuple[float, float]]:
    """The levels with u as it was seen, the declared one counting as five pairs."""
    if pairs < 100:
        return levels
    made = [
        (m, max(((share or 0.0) * pairs + 5 * u) / (pairs + 5), LEAST_U))
        for (m, u), share in zip(levels, seen, strict=True)
    ]
    total = sum(u for _, u in made)
    return [(m, u / total) for m, u in made]


def _m(
    parts: Parts, fields: list[Field], weights: dict[str, list[tuple[float, float]]]
) -> tuple[dict[str, list[tuple[float, list[float]]]], list[dict[str, Any]]]:
    """For each field the estimates of m with the matches that each rests on."""
    taught: dict[str, list[tuple[float, list[float]]]] = {}
    told: list[dict[str, Any]] = []
    table = parts.table
    for rule in RULES:
        if any(table.num_rows - table[column].null_count < LEAST_RECORDS // 2 for column in rule):
            continue
        try:
            matches, estimates = _session(parts, fields, weights, rule)
        except Exception as error:  # noqa: BLE001 - whatever stops one rule, the others and the declared values stay
            told.append({"rule": list(rule), "failed": str(error)[:200]})
            continue
        told.append({"rule": list(rule), "matches": round(matches)})
        if matches >= LEAST_MATCHES:
            for name, m in estimates.items():
                taught.setdefault(name, []).append((matches, m))
    return taught, told


def _session(
    parts: Parts, fields: list[Field], weights: dict[str, list[tuple[float, float]]], rule: tuple[str, ...]
) -> tuple[float, dict[str, list[float]]]:
    """One run of expectation maximisation on the pairs that are equal in some columns."""
    from splink import block_on

    few, pairs = _blocked(parts, rule)
    if pairs < LEAST_MATCHES:
        return 0.0, {}
    with connection() as database:
        linker = _linker(database, few, comparing.settings(fields, weights, frequencies=False))
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=True
        )
        core = session.core_model_settings
        found = {
            one.output_column_name: [float(level.m_probability) for level in one._comparison_levels_excluding_null]
            for one in core.comparisons
        }
        share = core.probability_two_random_records_match
    return (0.0 if math.isnan(share) else share * pairs), found


def _blocked(parts: Parts, rule: tuple[str, ...]) -> tuple[pa.Table, int]:
    """The records of blocks that are neither single nor huge, up to the number of pairs that teach enough."""
    number, there = np.zeros(parts.count, np.uint64), np.ones(parts.count, bool)
    for column in rule:
        value, has = parts(column)
        number, there = mixed(number * np.uint64(31) + value), there & has
    rows = np.flatnonzero(there)
    rows = rows[np.argsort(number[rows], kind="stable")]
    ordered = number[rows]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(rows)])
    size = np.repeat(sizes, sizes)
    good = (size > 1) & (size <= MOST_IN_BLOCK)
    pairs = np.cumsum((size[good] - 1) / 2)
    rows = rows[good][pairs <= PAIRS_FOR_M]
    few = parts.table.take(pa.array(np.sort(rows)))
    return few, int(pairs[len(rows) - 1]) if len(rows) else 0


def _with_m(levels: list[tuple[float, float]], estimates: list[tuple[float, list[float]]]) -> list[tuple[float, float]]:
    """The levels with m as the mean of what the rules taught, each by its matches, and what was declared."""
    worth = [min(matches, 5_000.0) for matches, _ in estimates]
    made = []
    for place, (m, u) in enumerate(levels):
        seen = sum(weight * estimate[place] for weight, (_, estimate) in zip(worth, estimates, strict=True))
        taught = (seen + DECLARED * m) / (sum(worth) + DECLARED)
        made.append((max(min(taught, m * FURTHEST), u * LEAST_RATIO), u))
    total = sum(m for m, _ in made)
    return [(m / total, u) for m, u in made]
