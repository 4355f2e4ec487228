"""Products in sets: what imports write of the catalog."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation.bulk import BulkSession, append_with_ids, read_beside

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


def ensure_products(db: BulkSession, products: pa.Table, run_id: int | None = None) -> tuple[pa.Table, pa.Table]:
    """The ids of products by code; and for the search index those that had to be made, bare ones.

    `products` has distinct `code` and `name` (null: named by the code).
    """
    codes = products.column("code").combine_chunks()
    found = ids_of(db, "catalog_product", codes)
    fresh = products.filter(pc.is_in(products.column("code"), value_set=missing(codes, found)))
    if not fresh.num_rows:
        return found, pa.table({"id": pa.array([], pa.int64()), "title": pa.array([], pa.string())})
    count = fresh.num_rows
    rows = pa.table(
        {
            "code": fresh.column("code"),
            "name": pc.coalesce(fresh.column("name"), fresh.column("code")),
            "size": pa.repeat("", count),
            "active": pa.repeat(True, count),
            "import_run": pa.repeat(pa.scalar(run_id, pa.int64()), count),
        }
    )
    ids = append_with_ids(db, "catalog_product", rows)
    made = pa.table({"code": rows.column("code"), "id": ids}, schema=FOUND)
    learnt = pa.table(
        {"id": ids, "title": rows.column("name"), "subtitle": rows.column("code"), "text": rows.column("code")}
    )
    return pa.concat_tables([found, made]), learnt


_PRODUCTS = pa.schema(
    [("code", pa.string()), ("id", pa.int64())]
    + [(name, pa.int64()) for name in ("category_id", "department_id", "brand_id", "unit_id", "price", "cost")]
    + [("name", pa.string()), ("size", pa.string())]
)


@dataclass
class ProductsWritten:
    """What became of a set of rows of products, and what the search index must learn."""

    created: int
    updated: int
    unchanged: int
    found: pa.Table  # id, title, subtitle, text
    skipped: int  # products that the rule leaves out
    before: pa.Table  # changed ones: id, and what they are made of as it was and as it is now (…_now)
    difference: pa.Table  # code, state, fields (field, now, then, written)


def write_products(
    db: BulkSession, products: pa.Table, run_id: int | None = None, rule: str = "create_or_update"
) -> ProductsWritten:
    """Write products, known by their code: new ones, and changes of known ones. What a row leaves empty stays as it is.

    By the rule "create", known ones are left as they are; by "update", new ones are left out.

    `products` has distinct `code`, and name, path (names of the categories from the root down, a list), brand, unit,
    size, price, cost (whole ten-thousandths); null where the source does not say.
    """
    with duckdb.connect() as work:
        codes = products.column("code").combine_chunks()
        db.stage("wanted_codes", pa.table({"code": codes}))
        columns = ", ".join(f"t.{name}" for name in _PRODUCTS.names)
        known = db.read(
            f"SELECT {columns} FROM wanted_codes AS w CROSS JOIN catalog_product AS t WHERE t.code = w.code", _PRODUCTS
        )
        work.register("known", known)
        work.register("all_products", products)
        wanted = {
            "create": "ANTI JOIN known AS k ON k.code = a.code",
            "update": "SEMI JOIN known AS k ON k.code = a.code",
        }
        work.execute(f"CREATE TABLE incoming AS SELECT a.* FROM all_products AS a {wanted.get(rule, '')}")
        work.register("category_ids", _ensure_categories(db, work))
        work.register("brand_ids", _ensure_named(db, work, "catalog_brand", "brand", "name"))
        work.register("unit_ids", _ensure_named(db, work, "catalog_unit", "unit", "code"))
        work.execute(
            "CREATE TABLE said AS SELECT i.code, k.id, coalesce(i.name, k.name, i.code) AS name, "
            "coalesce(c.id, k.category_id) AS category_id, coalesce(d.id, k.department_id) AS department_id, "
            "coalesce(b.id, k.brand_id) AS brand_id, coalesce(u.id, k.unit_id) AS unit_id, "
            "coalesce(i.size, k.size, '') AS size, coalesce(i.price, k.price) AS price, coalesce(i.cost, k.cost) "
            "AS cost, "
            "array_to_string(i.path, ' / ') AS path, i.brand FROM incoming AS i LEFT JOIN known AS k ON k.code = "
            "i.code "
            "LEFT JOIN category_ids AS c ON c.code = array_to_string(i.path, ' / ') "
            "LEFT JOIN category_ids AS d ON d.code = i.path[1] LEFT JOIN brand_ids AS b ON b.code = i.brand "
            "LEFT JOIN unit_ids AS u ON u.code = i.unit"
        )
        return _write_products(db, work, run_id)


def _write_products(db: BulkSession, work: duckdb.DuckDBPyConnection, run_id: int | None) -> ProductsWritten:
    names = [name for name in _PRODUCTS.names if name != "id"]
    content = [name for name in names if name != "code"]
    fresh = work.sql(
        f"SELECT {', '.join(names)}, true AS active, CAST({'NULL' if run_id is None else int(run_id)} AS BIGINT) "
        "AS import_run FROM said WHERE id IS NULL ORDER BY code"
    ).to_arrow_table()
    work.execute(
        f"CREATE TABLE changed AS SELECT s.* FROM said AS s JOIN known AS k ON k.id = s.id WHERE "
        f"({', '.join(f's.{n}' for n in content)}) IS DISTINCT FROM ({', '.join(f'k.{n}' for n in content)})"
    )
    changed = work.sql(f"SELECT id, {', '.join(content)} FROM changed ORDER BY id").to_arrow_table()
    ids = append_with_ids(db, "catalog_product", fresh) if fresh.num_rows else pa.array([], pa.int64())
    if changed.num_rows:
        db.stage("changed_products", changed)
        sets = ", ".join(f"{name} = c.{name}" for name in content)
        db.execute(f"UPDATE catalog_product SET {sets} FROM changed_products AS c WHERE catalog_product.id = c.id")
    work.register("made", pa.table({"code": fresh.column("code"), "id": ids}))
    found = work.sql(
        "SELECT coalesce(s.id, m.id) AS id, s.name AS title, concat_ws(' · ', s.code, nullif(s.path, '')) AS subtitle, "
        "concat_ws(' ', s.code, s.brand, nullif(s.path, '')) AS text FROM said AS s LEFT JOIN made AS m ON m.code "
        "= s.code "
        "WHERE s.id IS NULL OR s.id IN (SELECT id FROM changed)"
    ).to_arrow_table()
    total, all_told = work.execute(
        "SELECT (SELECT count(*) FROM said), (SELECT count(*) FROM all_products)"
    ).fetchall()[0]
    was = ", ".join(f"k.{name}, c.{name} AS {name}_now" for name in content)
    before = work.sql(f"SELECT k.id, {was} FROM changed AS c JOIN known AS k ON k.id = c.id").to_arrow_table()
    unchanged = total - fresh.num_rows - changed.num_rows
    return ProductsWritten(
        fresh.num_rows, changed.num_rows, unchanged, found, all_told - total, before, _product_differences(db, work)
    )


_UNITS = "CAST(CAST(CAST({0} AS DECIMAL(22, 4)) / 10000 AS DECIMAL(18, 4)) AS VARCHAR)"
_NAMES = pa.schema([("id", pa.int64()), ("name", pa.string())])
_NAMED = {
    "category_id": ("category", "catalog_category", "path", "array_to_string(i.path, ' / ')"),
    "brand_id": ("brand", "catalog_brand", "name", "i.brand"),
    "unit_id": ("unit", "catalog_unit", "code", "i.unit"),
}


def _product_differences(db: BulkSession, work: duckdb.DuckDBPyConnection) -> pa.Table:
    told = []
    for name in ("name", "size", "price", "cost", *_NAMED):
        field, now, then = name, f"k.{name}", f"c.{name}"
        if name in _NAMED:
            field, table, column, then = _NAMED[name]
            wanted = work.sql(
                f"SELECT DISTINCT k.{name} AS id FROM known AS k SEMI JOIN changed AS c ON c.id = k.id "
                f"WHERE k.{name} IS NOT NULL"
            ).to_arrow_table()
            sql = f"SELECT t.id, t.{column} FROM named_ids AS n CROSS JOIN {table} AS t WHERE t.id = n.id"
            work.register(f"names_of_{field}", read_beside(db, "named_ids", wanted, sql, _NAMES))
            now = f"(SELECT min(name) FROM names_of_{field} WHERE id = k.{name})"
        elif name in ("price", "cost"):
            now, then = _UNITS.format(now), _UNITS.format(then)
        told.append(
            f"CASE WHEN k.{name} IS DISTINCT FROM c.{name} THEN {{'field': '{field}', 'now': coalesce({now}, ''), "
            f"'then': coalesce({then}, ''), 'written': true}} END"
        )
    return work.sql(
        "SELECT a.code, CASE WHEN i.code IS NULL THEN 'skipped' WHEN k.id IS NULL THEN 'new' "
        "WHEN c.id IS NOT NULL THEN 'changed' ELSE 'unchanged' END AS state, CASE WHEN c.id IS NULL THEN [] ELSE "
        f"list_filter([{', '.join(told)}], lambda x: x IS NOT NULL) END AS fields FROM all_products AS a "
        "LEFT JOIN incoming AS i ON i.code = a.code LEFT JOIN known AS k ON k.code = a.code "
        "LEFT JOIN changed AS c ON c.id = k.id"
    ).to_arrow_table()


def _ensure_categories(db: BulkSession, work: duckdb.DuckDBPyConnection) -> pa.Table:
    """The ids of all category paths of `incoming`; unknown ones are made, parents before children."""
    paths = work.sql(
        "SELECT DISTINCT depth, path, parent, name FROM (SELECT d - 1 AS depth, array_to_string(path[1:d], ' / ') "
        "AS path, "
        "array_to_string(path[1:d - 1], ' / ') AS parent, path[d] AS name FROM ("
        "SELECT path, unnest(generate_series(1, len(path))) AS d FROM incoming WHERE len(path) > 0)) ORDER BY "
        "depth, path"
    ).to_arrow_table()
    found = ids_of(db, "catalog_category", pc.unique(paths.column("path").combine_chunks()), "path")
    for depth in range((pc.max(paths.column("depth")).as_py() or 0) + 1 if paths.num_rows else 0):
        level = paths.filter(pc.equal(paths.column("depth"), depth))
        fresh = level.filter(pc.is_in(level.column("path"), value_set=missing(pc.unique(level.column("path")), found)))
        if fresh.num_rows:
            place = pc.index_in(fresh.column("parent"), value_set=found.column("code").combine_chunks())
            parents = found.column("id").combine_chunks().take(place.combine_chunks())
            rows = {"parent_id": parents, "name": fresh.column("name"), "path": fresh.column("path")}
            depths = pa.repeat(pa.scalar(depth, pa.int64()), fresh.num_rows)
            ids = append_with_ids(db, "catalog_category", pa.table(rows | {"depth": depths}))
            found = pa.concat_tables([found, pa.table({"code": fresh.column("path"), "id": ids}, schema=FOUND)])
    return found


def _ensure_named(db: BulkSession, work: duckdb.DuckDBPyConnection, table: str, column: str, key: str) -> pa.Table:
    names = work.sql(f"SELECT DISTINCT {column} FROM incoming WHERE {column} IS NOT NULL ORDER BY 1").to_arrow_table()
    values = names.column(0).combine_chunks()
    found = ids_of(db, table, values, key)
    fresh = missing(values, found)
    if not len(fresh):
        return found
    rows = {"name": fresh} | ({"code": fresh} if key == "code" else {})
    ids = append_with_ids(db, table, pa.table(rows))
    return pa.concat_tables([found, pa.table({"code": fresh, "id": ids}, schema=FOUND)])
