"""Duplicates in a table of records: which pairs are one person, and how likely."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.matching import blocking, clustering, training
from guanxi.customers.matching.columns import standard
from guanxi.customers.matching.model import Junk, Model, learn
from guanxi.customers.matching.preparing import prepared

LEAST = 0.01  # probability of a pair that is still told
HANGS_TOGETHER = 0.0  # bits at which records are taken to hang together, so that all pairs between them are scored
PAIRS_AT_ONCE = 2_000_000


def train(records: pa.Table, mapping: Mapping[str, str] | None = None, junk: Junk | None = None) -> Model:
    """A model learned from records, without labels. Raises CannotMatch."""
    parts = blocking.Parts(prepared(_in_order(standard(records, mapping)), junk))
    return learn(parts, blocking.candidates(parts))


def keys(records: pa.Table, mapping: Mapping[str, str] | None = None, junk: Junk | None = None) -> pa.Table:
    """The blocking keys of records: `id`, `key` (int64), several a record. Records that share a key are compared."""
    known = standard(records, mapping)
    return blocking.keys_of(prepared(known, junk), known["id"].combine_chunks())


def match(
    records: pa.Table,
    mapping: Mapping[str, str] | None = None,
    model: Model | None = None,
    junk: Junk | None = None,
    least: float = LEAST,
) -> pa.Table:
    """The pairs of records that may be one person.

    Columns: `id_l`, `id_r` (the lesser id left), `probability`, `match_weight` in bits and its parts: `weight_prior`,
    for each field `weight_<field>` with `level_<field>` (-1: nothing to compare; else the number of its level, counted
    from the weakest, 0), `weight_relatives`. Pairs of at least the probability `least`, and all pairs among records
    that hang together by likely ones, which `cluster` needs. Without a `model` one is learned from the records.
    What was skipped stands in the table's metadata (`skipped_blocks`). Raises CannotMatch.
    """
    known = _in_order(standard(records, mapping))
    parts = blocking.Parts(prepared(known, junk))
    found = blocking.candidates(parts)
    model = model or learn(parts, found)
    table = training.with_frequencies(parts.table, model.frequencies)
    scored = _scored(model, table, found, float(clustering.bits(least)) - model.prior_bits)
    pairs = model.pairs(scored, known["id"].combine_chunks())
    told = {
        "skipped_blocks": json.dumps([asdict(one) for one in found.skipped]),
        "candidates": str(len(found.left)),
        "candidates_left_out": str(found.left_out),
    }
    return pairs.replace_schema_metadata(told)


def _in_order(records: pa.Table) -> pa.Table:
    """By id, so that the order of rows has no say."""
    return records.take(pc.sort_indices(records["id"])).combine_chunks()


def _scored(model: Model, table: pa.Table, found: blocking.Candidates, least: float) -> pa.Table:
    """The candidates above a weight, and what is missing between records that hang together."""
    likely = model.scorer.score(table, found.left, found.right, least)
    left, right, count = likely["l"].to_numpy(), likely["r"].to_numpy(), table.num_rows
    weight = likely["weight"].to_numpy() + model.prior_bits
    one, two = clustering.within(clustering.together(left, right, weight, count, HANGS_TOGETHER))
    missing = ~np.isin(one * count + two, left * count + right)
    if not missing.any():
        return likely
    rows = np.unique(np.r_[one[missing], two[missing]])
    return pa.concat_tables([likely, model.scorer.score(table.take(pa.array(rows)), one[missing], two[missing])])
