"""Price lists: what a product costs whom, from which quantity, from when until when."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from django.conf import settings

from guanxi.catalog.bulk import ids_of
from guanxi.catalog.bulk_prices import ensure_price_lists, write_prices
from guanxi.foundation.bulk import BulkSession
from guanxi.intake.importing import PROBLEMS, Job, Outcome, Phase, of_states
from guanxi.intake.plan import Plan
from guanxi.intake.values import literal

CHUNK = 50_000


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """One row for each list, product, quantity and first day; bad are others of the same, and impossible ones."""
    currency = literal(plan.options.get("currency", settings.GUANXI_CURRENCY))
    work.execute(
        "CREATE OR REPLACE TABLE priced AS SELECT row, list, list_name, product, amount, "
        f'upper(coalesce(currency, {currency})) AS currency, "group" AS customer_group, '
        "coalesce(from_quantity, 10000) AS from_quantity, valid_from, valid_until FROM checked"
    )
    work.execute(
        "CREATE OR REPLACE TABLE judged AS SELECT *, CASE WHEN amount < 0 THEN 'amount:negative' "
        "WHEN from_quantity < 0 THEN 'from_quantity:negative' WHEN valid_until < valid_from THEN 'valid_until:before' "
        "WHEN NOT regexp_full_match(currency, '[A-Z]{3}') OR currency <> first(currency) OVER (PARTITION BY list "
        "ORDER BY row) THEN 'currency:currency' WHEN nth > 1 AND (amount, valid_until) IS DISTINCT FROM "
        "(first_amount, first_until) THEN 'product:twice' END AS problem FROM (SELECT *, row_number() OVER w AS nth, "
        "first(amount) OVER w AS first_amount, first(valid_until) OVER w AS first_until FROM priced "
        "WINDOW w AS (PARTITION BY list, product, from_quantity, valid_from ORDER BY row))"
    )
    bad = work.sql("SELECT row, problem FROM judged WHERE problem IS NOT NULL ORDER BY row").to_arrow_table()
    work.execute(
        f"CREATE OR REPLACE TABLE prices AS SELECT *, CAST(floor((row_number() OVER (ORDER BY row) - 1) / {CHUNK}) "
        "AS INTEGER) AS chunk FROM judged WHERE problem IS NULL"
    )
    for name in ("checked", "priced", "judged"):
        work.execute(f"DROP TABLE {name}")
    return bad.cast(PROBLEMS)


def prepare(job: Job) -> None:
    """Find or make the price lists, and find the products."""
    work = job.work
    lists = work.sql(
        "SELECT list AS code, arg_min(list_name, row) FILTER (list_name IS NOT NULL) AS name, "
        "arg_min(currency, row) AS currency, arg_min(customer_group, row) FILTER (customer_group IS NOT NULL) AS "
        "customer_group FROM prices GROUP BY list ORDER BY list"
    ).to_arrow_table()
    products = work.sql("SELECT DISTINCT product FROM prices ORDER BY 1").to_arrow_table()
    with job.transaction() as db:
        job.memory["lists"] = ensure_price_lists(db, lists, job.run_id, make=job.plan.rule != "update")
        job.memory["products"] = ids_of(db, "catalog_product", products.column("product").combine_chunks())


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("prices", _count_chunks, _write)]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM prices").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


def _write(job: Job, db: BulkSession, number: int, _ahead: None) -> Outcome:
    work = job.work
    work.register("price_lists", job.memory["lists"])
    work.register("priced_products", job.memory["products"])
    work.execute(
        "CREATE OR REPLACE TEMP TABLE piece AS SELECT p.*, l.id AS list_id, c.id AS product_id, CASE WHEN c.id IS NULL "
        "THEN 'product:unknown_product' WHEN l.currency <> p.currency THEN 'currency:currency' END AS reason "
        "FROM prices AS p LEFT JOIN price_lists AS l ON l.code = p.list LEFT JOIN priced_products AS c "
        f"ON c.code = p.product WHERE p.chunk = {number}"
    )
    rows = work.sql(
        "SELECT row, list_id, product_id, from_quantity, valid_from, valid_until, amount FROM piece "
        "WHERE reason IS NULL AND nth = 1 AND list_id IS NOT NULL ORDER BY row"
    ).to_arrow_table()
    written = write_prices(db, rows, job.run_id, job.plan.rule)
    job.keep(f"prices-{number}", written.before)
    work.register("price_states", written.states)
    states = work.sql(
        "SELECT p.row, CASE WHEN p.list_id IS NULL THEN 'skipped' ELSE coalesce(s.state, 'unchanged') END AS state, "
        "CAST(NULL AS BIGINT) AS party_id, p.list || ' · ' || p.product AS label, coalesce(s.fields, []) AS fields "
        "FROM piece AS p LEFT JOIN price_states AS s ON s.row = p.row WHERE p.reason IS NULL ORDER BY p.row"
    ).to_arrow_table()
    outcome = of_states(job, states)
    outcome.refused = (
        work.sql("SELECT row, reason AS problem FROM piece WHERE reason IS NOT NULL ORDER BY row")
        .to_arrow_table()
        .cast(PROBLEMS)
    )
    return outcome
