"""Price lists in sets: what imports write of prices."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from guanxi.catalog.bulk import ids_of, missing
from guanxi.foundation.bulk import BulkSession, append_with_ids

ROWS = pa.schema(
    [
        ("row", pa.int64()),
        ("list_id", pa.int64()),
        ("product_id", pa.int64()),
        ("from_quantity", pa.int64()),
        ("valid_from", pa.date32()),
        ("valid_until", pa.date32()),
        ("amount", pa.int64()),
    ]
)
CONTENT = ("valid_until", "amount")
_KNOWN = pa.schema([("id", pa.int64()), *((one.name, one.type) for one in ROWS if one.name != "row")])
_LISTS = pa.schema([("code", pa.string()), ("id", pa.int64()), ("currency", pa.string())])


@dataclass
class PricesWritten:
    """What became of a set of prices, by row."""

    states: pa.Table  # row, state (new, changed, unchanged, skipped), fields, party_id (null)
    before: pa.Table  # changed ones: id, and CONTENT as it was and as it is now (…_now)


def ensure_price_lists(db: BulkSession, lists: pa.Table, run_id: int | None, make: bool = True) -> pa.Table:
    """`code`, `id` and `currency` of price lists; unknown ones are made. `lists` has distinct code, name, currency,
    customer_group."""
    codes = lists.column("code").combine_chunks()
    found = ids_of(db, "catalog_pricelist", codes)
    fresh = missing(codes, found)
    made = _LISTS.empty_table()
    if len(fresh) and make:
        with duckdb.connect() as work:
            work.register("lists", lists)
            work.register("fresh", pa.table({"code": fresh}))
            rows = work.sql(
                "SELECT l.code, coalesce(l.name, l.code) AS name, l.currency, coalesce(l.customer_group, '') AS "
                f"customer_group, CAST({'NULL' if run_id is None else int(run_id)} AS BIGINT) AS import_run "
                "FROM lists AS l SEMI JOIN fresh AS f ON f.code = l.code ORDER BY l.code"
            ).to_arrow_table()
        ids = append_with_ids(db, "catalog_pricelist", rows)
        made = pa.table({"code": rows.column("code"), "id": ids, "currency": rows.column("currency")}, schema=_LISTS)
    db.stage("wanted_lists", pa.table({"code": codes}))
    known = db.read(
        "SELECT l.code, l.id, l.currency FROM wanted_lists AS w CROSS JOIN catalog_pricelist AS l WHERE "
        "l.code = w.code",
        _LISTS,
    )
    with duckdb.connect() as work:
        work.register("known", known)
        work.register("made", made)
        return work.sql("SELECT * FROM known UNION SELECT * FROM made").to_arrow_table().cast(_LISTS)


def write_prices(db: BulkSession, rows: pa.Table, run_id: int | None, rule: str = "create_or_update") -> PricesWritten:
    """Write prices (schema ROWS), known by list, product, quantity and first day."""
    with duckdb.connect() as work:
        work.register("rows", rows.cast(ROWS))
        db.stage("priced_lists", work.sql("SELECT DISTINCT list_id AS id FROM rows ORDER BY 1").to_arrow_table())
        db.stage("priced_products", work.sql("SELECT DISTINCT product_id AS id FROM rows ORDER BY 1").to_arrow_table())
        known = db.read(
            "SELECT p.id, p.price_list_id, p.product_id, p.from_quantity, p.valid_from, p.valid_until, p.amount "
            "FROM priced_lists AS l CROSS JOIN catalog_price AS p WHERE p.price_list_id = l.id "
            "AND p.product_id IN (SELECT id FROM priced_products)",
            _KNOWN,
        )
        work.register("known", known)
        new, changed = (
            "'skipped'" if rule == one else f"'{state}'" for one, state in (("update", "new"), ("create", "changed"))
        )
        work.execute(
            f"CREATE TABLE told AS SELECT r.*, k.id, CASE WHEN k.id IS NULL THEN {new} "
            "WHEN k.amount <> r.amount OR coalesce(r.valid_until, k.valid_until) IS DISTINCT FROM k.valid_until "
            f"THEN {changed} ELSE 'unchanged' END AS state, k.amount AS was, k.valid_until AS until_was FROM rows AS r "
            "LEFT JOIN known AS k ON k.list_id = r.list_id AND k.product_id = r.product_id "
            "AND k.from_quantity = r.from_quantity AND k.valid_from IS NOT DISTINCT FROM r.valid_from"
        )
        return _write(db, work, run_id)


_UNITS = "CAST(CAST(CAST({0} AS DECIMAL(22, 4)) / 10000 AS DECIMAL(18, 4)) AS VARCHAR)"


def _write(db: BulkSession, work: duckdb.DuckDBPyConnection, run_id: int | None) -> PricesWritten:
    fresh = work.sql(
        "SELECT list_id AS price_list_id, product_id, from_quantity, valid_from, valid_until, amount, "
        f"CAST({'NULL' if run_id is None else int(run_id)} AS BIGINT) AS import_run FROM told WHERE state = 'new' "
        "ORDER BY row"
    ).to_arrow_table()
    if fresh.num_rows:
        db.append("catalog_price", fresh)
    changed = work.sql(
        "SELECT id, amount, coalesce(valid_until, until_was) AS valid_until FROM told WHERE state = 'changed' "
        "ORDER BY id"
    ).to_arrow_table()
    if changed.num_rows:
        db.stage("changed_prices", changed)
        sets = ", ".join(f"{name} = c.{name}" for name in CONTENT)
        db.execute(f"UPDATE catalog_price SET {sets} FROM changed_prices AS c WHERE catalog_price.id = c.id")
    before = work.sql(
        "SELECT id, amount AS amount_now, was AS amount, coalesce(valid_until, until_was) AS valid_until_now, "
        "until_was AS valid_until FROM told WHERE state = 'changed'"
    ).to_arrow_table()
    states = work.sql(
        "SELECT row, state, CAST(NULL AS BIGINT) AS party_id, CASE WHEN state = 'changed' THEN list_filter(["
        f"CASE WHEN was <> amount THEN {{'field': 'amount', 'now': {_UNITS.format('was')}, "
        f"'then': {_UNITS.format('amount')}, 'written': true}} END, "
        "CASE WHEN valid_until IS DISTINCT FROM until_was AND valid_until IS NOT NULL THEN {'field': 'valid_until', "
        "'now': coalesce(CAST(until_was AS VARCHAR), ''), 'then': CAST(valid_until AS VARCHAR), 'written': true} END"
        "], lambda x: x IS NOT NULL) ELSE [] END AS fields FROM told ORDER BY row"
    ).to_arrow_table()
    return PricesWritten(states, before)
