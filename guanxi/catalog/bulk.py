"""Products in sets: what imports write of the catalog."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation.bulk import BulkSession

FOUND = pa.schema([("code", pa.string()), ("id", pa.int64())])


def ids_of(db: BulkSession, table: str, codes: pa.Array, column: str = "code") -> pa.Table:
    """`code` and `id` of those rows of a table that are there; `codes` are distinct."""
    db.stage("wanted_codes", pa.table({"code": codes}))
    # CROSS JOIN keeps SQLite from scanning the table for the sake of the temporary one.
    return db.read(
        f"SELECT w.code, t.id FROM wanted_codes AS w CROSS JOIN {table} AS t WHERE t.{column} = w.code", FOUND
    )


def missing(codes: pa.Array, found: pa.Table) -> pa.Array:
    """Those of `codes` that `ids_of` did not find."""
    return pc.filter(codes, pc.invert(pc.is_in(codes, value_set=found.column("code").combine_chunks())))


def append_with_ids(db: BulkSession, table: str, rows: pa.Table) -> pa.Array:
    """Append rows under ids reserved for them; the ids in the order of the rows."""
    first = db.reserve_ids(table, rows.num_rows)
    ids = pa.array(range(first, first + rows.num_rows), pa.int64())
    db.append(table, rows.add_column(0, "id", ids))
    return ids


def ensure_products(db: BulkSession, products: pa.Table) -> tuple[pa.Table, int]:
    """The ids of products by code, and how many had to be made: bare ones, of which only code and name are known.

    `products` has distinct `code` and `name` (null: named by the code).
    """
    codes = products.column("code").combine_chunks()
    found = ids_of(db, "catalog_product", codes)
    fresh = products.filter(pc.is_in(products.column("code"), value_set=missing(codes, found)))
    if not fresh.num_rows:
        return found, 0
    count = fresh.num_rows
    rows = pa.table(
        {
            "code": fresh.column("code"),
            "name": pc.coalesce(fresh.column("name"), fresh.column("code")),
            "size": pa.repeat("", count),
            "active": pa.repeat(True, count),
        }
    )
    ids = append_with_ids(db, "catalog_product", rows)
    made = pa.table({"code": rows.column("code"), "id": ids}, schema=FOUND)
    return pa.concat_tables([found, made]), count
