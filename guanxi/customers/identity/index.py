"""The index of likeness: by hashed keys from what is said of somebody to those who may be the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pyarrow as pa
from django.db import connection

from guanxi.customers import matching
from guanxi.customers.models import JunkValue, MatchKey

_COLUMNS: dict[str, str] = {
    JunkValue.Kind.MAIL: "mail",
    JunkValue.Kind.PHONE: "telephone",
    JunkValue.Kind.NAME: "full_name",
}
LARGEST_BLOCK = 100  # parties under one key; a key that more share tells too little


def keys_of(records: pa.Table) -> dict[int, list[int]]:
    """The keys of each record, by its id; a record that says too little has none."""
    found: dict[int, list[int]] = {number: [] for number in records["id"].to_pylist()}
    keyed = matching.keys(records, junk=own_junk())
    for number, key in zip(keyed["id"].to_pylist(), keyed["key"].to_pylist(), strict=True):
        found[number].append(key)
    return found


def parties_under(keys: Iterable[int]) -> dict[int, list[int]]:
    """The parties under each key, without those keys that too many share."""
    wanted = sorted(set(keys))
    found: dict[int, list[int]] = defaultdict(list)
    for start in range(0, len(wanted), LARGEST_BLOCK):
        part = wanted[start : start + LARGEST_BLOCK]
        # One limited look-up per key: a common key costs no more than a rare one.
        table = MatchKey._meta.db_table
        one = f"SELECT * FROM (SELECT key, party_id FROM {table} WHERE key = %s LIMIT {LARGEST_BLOCK + 1}) AS k"
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join([one] * len(part)), part)
            for key, party in cursor.fetchall():
                found[key].append(party)
    return {key: parties for key, parties in found.items() if len(parties) <= LARGEST_BLOCK}


def candidates(keys: Mapping[int, list[int]]) -> dict[int, set[int]]:
    """For each record (by id) the other parties that share a key with it."""
    under = parties_under(key for own in keys.values() for key in own)
    return {number: {party for key in own for party in under.get(key, ())} - {number} for number, own in keys.items()}


def own_junk() -> dict[str, list[str]]:
    """What the business says tells nothing, by the columns of records."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind, key in JunkValue.objects.values_list("kind", "key"):
        found[_COLUMNS[kind]].append(key)
    return dict(found)
