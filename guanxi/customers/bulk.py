"""Parties in sets: what imports write of customers. Each function works inside the caller's bulk transaction."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation.bulk import BulkSession, append_with_ids

MOMENT = pa.timestamp("us", "UTC")
FOUND = pa.schema([("key", pa.string()), ("party_id", pa.int64())])


def external_keys(source: str, ids: pa.Array) -> pa.Array:
    """The contact keys of a source's own numbers."""
    return pc.binary_join_element_wise(source, pc.cast(ids, pa.string()), ":")


def parties_by_key(db: BulkSession, kind: str, keys: pa.Array) -> pa.Table:
    """`key` and `party_id` of the parties that have a contact point of this kind and key, one party for each key.

    `keys` are distinct. Where a key belongs to several parties, the one known longest is meant.
    """
    db.stage("wanted_keys", pa.table({"key": keys}))
    return db.read(
        "SELECT w.key, MIN(c.party_id) FROM wanted_keys AS w CROSS JOIN customers_contactpoint AS c "
        f"WHERE c.kind = '{kind}' AND c.key = w.key GROUP BY w.key",
        FOUND,
    )


def create_customers(
    db: BulkSession,
    source: str,
    numbers: pa.Array,
    names: pa.Array,
    since: pa.Array,
    at: datetime,
    run_id: int | None = None,
    owner_id: int | None = None,
) -> pa.Array:
    """Make parties of which only the source's number is known, as customers; their ids in the order of `numbers`.

    `since` are the moments from which on they are known; `at` is now; `run_id` is the import that makes
    them, `owner_id` whose they are.
    """
    count = len(numbers)
    run = {"import_run": pa.repeat(pa.scalar(run_id, pa.int64()), count)}
    blank, moment = pa.repeat("", count), pa.repeat(pa.scalar(at, MOMENT), count)
    ids = append_with_ids(
        db,
        "customers_party",
        pa.table(
            {"kind": pa.repeat("person", count), "name": names}
            | dict.fromkeys(
                ["latin_name", "family_name", "given_name", "gender", "occupation", "language", "city", "country"],
                blank,
            )
            | {"profile": pa.repeat("{}", count), "made_up": pa.repeat(False, count)}
            | {"created_at": since, "changed_at": moment, "owner_id": pa.repeat(pa.scalar(owner_id, pa.int64()), count)}
            | run
        ),
    )
    db.append("customers_partyrole", pa.table({"party_id": ids, "role": pa.repeat("customer", count)} | run))
    db.append(
        "customers_contactpoint",
        pa.table(
            {
                "party_id": ids,
                "kind": pa.repeat("external", count),
                "value": numbers,
                "key": external_keys(source, numbers),
                "label": pa.repeat(source, count),
                "preferred": pa.repeat(False, count),
            }
            | run
        ),
    )
    return ids
