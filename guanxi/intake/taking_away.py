"""The steps that take away what an import made, and give back what it changed, table by table, by what was decided."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from django.utils import timezone

from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.search.sources import document_id, source_of_type
from guanxi.foundation.tasks import progress
from guanxi.intake import deciding
from guanxi.intake.revert_job import Revert
from guanxi.orders.bulk import summarise

PIECE = 250_000  # ids that one transaction goes through
PARTIES = 100_000
ENDS = pa.schema([("first", pa.int64()), ("last", pa.int64())])


def orders(job: Revert) -> None:
    """Lines as they were, lines and orders away, sums anew."""
    give_back(job, "lines", "orders_orderline")
    give_back(job, "orders", "orders_order")
    kept, gone, changed = job.stage("kept_lines"), job.stage("orders"), job.stage("changed_orders")
    job.db.commit()
    stays = " AND id NOT IN (SELECT id FROM revert_kept_lines)" if kept else ""
    _sweep(job, "orders_orderline", job.made("orders_orderline") + stays, "lines")
    if gone:
        _sweep(job, "orders_order", f"{job.made('orders_order')} AND id IN (SELECT id FROM revert_orders)", "orders")
        _forget(job, "orders.order", "orders")
    if changed:
        job.write(_sum_up, "orders_changed")


def _sum_up(db: BulkSession) -> int:
    now = timezone.now().isoformat(sep=" ")
    return db.execute(
        "UPDATE orders_order SET amount = s.amount, discount = s.discount, cost = s.cost, line_count = s.n, "
        f"kind = CASE WHEN s.amount < 0 THEN 'return' ELSE 'sale' END, changed_at = '{now}' FROM ("
        "SELECT l.order_id, CAST(SUM(l.amount) AS BIGINT) AS amount, CAST(SUM(l.discount) AS BIGINT) AS discount, "
        "CASE WHEN COUNT(l.cost) = COUNT(*) THEN CAST(SUM(l.cost) AS BIGINT) END AS cost, COUNT(*) AS n "
        "FROM revert_changed_orders AS c CROSS JOIN orders_orderline AS l WHERE l.order_id = c.id GROUP BY l.order_id"
        ") AS s WHERE orders_order.id = s.order_id"
    )


def records(job: Revert) -> None:
    """Events, consents, roles, contact points, relationships and what the source said."""
    give_back(job, "relations", "customers_relationship")
    give_back(job, "owners", "customers_party")
    job.stage("bare")
    job.stage("customers")
    job.stage("kept_points")
    job.stage("kept_relations")
    job.stage("kept_orders")
    job.db.stage("revert_made", job.stored("changed_parties").filter(pc.field("made")).select(["id"]))
    job.db.commit()
    told = (
        "NOT (kind = 'party.created' AND party_id IN (SELECT id FROM revert_made)) AND NOT (object_type = "
        "'orders.order' "
        "AND kind IN ('order.placed', 'order.returned') AND object_id IN (SELECT id FROM revert_kept_orders))"
    )
    stays = {
        "ledger_event": told,
        "customers_consent": "1 = 1",
        "customers_partyrole": (
            "NOT (role = 'customer' AND (party_id IN (SELECT id FROM revert_bare) "
            "OR party_id IN (SELECT id FROM revert_customers)))"
        ),
        "customers_contactpoint": (
            "id NOT IN (SELECT id FROM revert_kept_points) "
            "AND NOT (kind = 'external' AND party_id IN (SELECT id FROM revert_bare))"
        ),
        "customers_relationship": "id NOT IN (SELECT id FROM revert_kept_relations)",
        "customers_sourcerecord": "1 = 1",
    }
    names = ("events", "consents", "roles", "contact_points", "relationships", "source_records")
    for (table, condition), name in zip(stays.items(), names, strict=True):
        _sweep(job, table, f"{job.made(table)} AND {condition}", name)


def parties(job: Revert) -> None:
    """The customers whom only this import knew, with what follows from them."""
    count = job.stage("parties")
    job.db.stage("revert_heirs", job.stored("heirs"))
    job.db.commit()
    job.write(
        lambda db: db.execute(
            "UPDATE customers_party SET import_run = h.run FROM revert_heirs AS h WHERE customers_party.id = h.id"
        ),
        "handed_over",
    )
    job.counts.pop("handed_over", None)
    if not count:
        return
    for model, column in deciding.derived():
        _sweep_of(job, model._meta.db_table, column)
    job.write(  # what was only written down because they were merged
        lambda db: db.execute(
            "DELETE FROM customers_sourcerecord WHERE party_id IN (SELECT id FROM revert_parties) "
            "AND source_id IN (SELECT id FROM customers_source WHERE trust < 0)"
        ),
        "derived",
    )
    _sweep(
        job,
        "ledger_event",
        f"id > {_since(job, 'ledger_event')} AND party_id IN (SELECT id FROM revert_parties)",
        "events",
    )
    if _inherited(job):
        for model, column in deciding.references():
            if column == "party_id" and model._meta.app_label == "customers":
                _sweep_of(job, model._meta.db_table, column)
    _forget(job, "customers.party", "parties")
    _sweep(job, "customers_party", "id IN (SELECT id FROM revert_parties)", "customers", among="revert_parties")


def _inherited(job: Revert) -> bool:
    """Whether some of those who go were made by an import before, which was taken back."""
    first = pc.min(job.stored("parties").column("id")).as_py()
    return bool(first is not None and first <= job.bound("customers_party"))


def _since(job: Revert, table: str) -> int:
    return 0 if _inherited(job) else job.bound(table)


def _sweep_of(job: Revert, table: str, column: str) -> None:
    job.write(
        lambda db: db.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM revert_parties)"), "derived"
    )


def products(job: Revert) -> None:
    """Prices, price lists and products, and the names that nothing bears any longer."""
    give_back(job, "products", "catalog_product")
    give_back(job, "prices", "catalog_price")
    counts = {name: job.stage(name) for name in ("prices", "lists", "products")}
    job.db.commit()
    if counts["prices"]:
        _sweep(job, "catalog_price", "id IN (SELECT id FROM revert_prices)", "prices", among="revert_prices")
    if counts["lists"]:
        unused = "id IN (SELECT id FROM revert_lists) AND id NOT IN (SELECT price_list_id FROM catalog_price)"
        job.write(lambda db: db.execute(f"DELETE FROM catalog_pricelist WHERE {unused}"), "price_lists")
    if counts["products"]:
        _forget(job, "catalog.product", "products")
        _sweep(job, "catalog_product", "id IN (SELECT id FROM revert_products)", "products", among="revert_products")
    for table, kind, used in _NAMES:
        _drop_unused(job, table, kind, used)


_CATEGORIES = [
    ("catalog_product", "category_id"),
    ("catalog_product", "department_id"),
    ("catalog_category", "parent_id"),
]
_NAMES: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("catalog_brand", "catalog.brand", [("catalog_product", "brand_id")]),
    ("catalog_unit", "catalog.unit", [("catalog_product", "unit_id")]),
    ("orders_place", "orders.place", [("orders_order", "place_id")]),
    ("orders_salesperson", "orders.salesperson", [("orders_order", "sales_person_id")]),
    ("catalog_category", "catalog.category", _CATEGORIES),
]


def _drop_unused(job: Revert, table: str, kind: str, used: list[tuple[str, str]]) -> None:
    """Names that came in with the import, that nothing bears and nobody touched."""
    bound, since = job.bound(table), job.bound("foundation_auditentry")
    audited = (
        f"SELECT object_id FROM foundation_auditentry WHERE id > {since} AND object_type = '{kind}' "
        "AND object_id IS NOT NULL"
    )
    unborne = " AND ".join(
        f"id NOT IN (SELECT {column} FROM {other} WHERE {column} IS NOT NULL)" for other, column in used
    )
    made = f"id > {bound} AND id NOT IN ({audited})"
    if not job.db.read(f"SELECT id FROM {table} WHERE {made} LIMIT 1", pa.schema([("id", pa.int64())])).num_rows:
        job.db.rollback()
        return
    job.db.rollback()
    before = -1
    while job.counts.get("names", 0) != before:  # categories go from the leaves up
        before = job.counts.get("names", 0)
        job.write(lambda db: db.execute(f"DELETE FROM {table} WHERE {made} AND {unborne}"), "names")


def summaries(job: Revert) -> None:
    """The purchases in sum of those whose orders went or changed."""
    changed = job.stage("changed_orders")
    sql = (
        "SELECT DISTINCT o.party_id FROM revert_changed_orders AS c CROSS JOIN orders_order AS o WHERE o.id = c.id"
        if changed
        else ""
    )
    schema = pa.schema([("id", pa.int64())])
    now = job.db.read(sql, schema).column("id") if sql else pa.chunked_array([], pa.int64())
    job.db.rollback()
    gone = job.stored("orders").column("party_id")
    everybody = pc.unique(pa.chunked_array([*now.chunks, *gone.chunks], pa.int64()))
    left = everybody.filter(
        pc.invert(pc.is_in(everybody, value_set=job.stored("parties").column("id").combine_chunks()))
    )
    for start in range(0, len(left), PARTIES):
        some = left.slice(start, PARTIES)

        def write(db: BulkSession, some: pa.Array = some) -> int:
            summarise(db, some)
            return len(some)

        job.write(write, "summaries")
        progress(start, len(left))


def give_back(job: Revert, name: str, table: str) -> None:
    """Put the values back that were decided on for rows of a table."""
    path = job.folder / f"restored-{name}.parquet"
    if not path.exists():
        return
    rows = job.stored(f"restored-{name}")

    def write(db: BulkSession) -> int:
        db.stage(f"revert_restored_{name}", rows)
        sets = ", ".join(f"{column} = r.{column}" for column in rows.column_names if column != "id")
        return db.execute(f"UPDATE {table} SET {sets} FROM revert_restored_{name} AS r WHERE {table}.id = r.id")

    job.write(write, f"{name}_given_back")


def _sweep(job: Revert, table: str, where: str, what: str, among: str = "") -> None:
    """Delete the rows of a table for which `where` holds, a piece in a transaction."""
    ends = f"SELECT MIN(id), MAX(id) FROM {among or table}" + ("" if among else f" WHERE {_range(job, table, where)}")
    found = job.db.read(ends, ENDS).to_pylist()[0]
    job.db.rollback()
    if found["first"] is None:
        return
    for start in range(found["first"], found["last"] + 1, PIECE):
        part = f"id >= {start} AND id < {start + PIECE} AND {where}"
        job.write(lambda db, part=part: db.execute(f"DELETE FROM {table} WHERE {part}"), what)  # type: ignore[misc]
        progress(start - found["first"], found["last"] - found["first"] + 1)


def _range(job: Revert, table: str, where: str) -> str:
    """Where to look for the first and last row: by the cheap part of the condition."""
    return where if "import_run" not in where else job.made(table)


def _forget(job: Revert, object_type: str, name: str) -> None:
    """Take the documents of those who go out of the search."""
    ids = job.stored(name).column("id")
    if not len(ids):
        return
    documents = pc.add(ids, document_id(source_of_type(object_type), 0))
    first, last = pc.min(documents).as_py(), pc.max(documents).as_py()
    job.db.stage("revert_documents", pa.table({"id": documents}))
    job.db.commit()
    tables = ("search_document", "search_index") if job.db.vendor == "postgresql" else ("search_document",)
    for table in tables:
        for start in range(first, last + 1, PIECE):
            part = f"id >= {start} AND id < {start + PIECE} AND id IN (SELECT id FROM revert_documents)"
            job.write(lambda db, t=table, p=part: db.execute(f"DELETE FROM {t} WHERE {p}"), "documents")  # type: ignore[misc]
