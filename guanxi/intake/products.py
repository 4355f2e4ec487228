"""Products: from checked rows to the catalog."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from guanxi.catalog.bulk import write_products
from guanxi.foundation.bulk import BulkSession
from guanxi.intake.importing import Job, Outcome, Phase
from guanxi.intake.plan import Plan

CHUNK = 50_000


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Find numbers that stand in the file twice: with other contents they are bad, with the same ones said twice."""
    # One column may hold a whole path, its names separated by slashes or angles.
    parts = (
        "[trim(x) for x in regexp_split_to_array(array_to_string(category, chr(31)), '\\x{1f}|\\s*[>»]\\s*|\\s+/\\s+')]"
    )
    content = "name, path, brand, unit, size, price, cost"
    work.execute(
        f"CREATE OR REPLACE TABLE told AS SELECT row, code, name, brand, unit, size, price, cost, "
        f"list_filter({parts}, lambda x: x <> '') AS path FROM checked"
    )
    work.execute(
        f"CREATE OR REPLACE TABLE products AS SELECT *, CAST(floor((row_number() OVER (ORDER BY row) - 1) / "
        f"{CHUNK}) AS INTEGER) "
        "AS chunk, count(*) OVER (PARTITION BY code) AS times FROM told "
        "QUALIFY row_number() OVER (PARTITION BY code ORDER BY row) = 1"
    )
    bad = work.sql(
        "SELECT t.row, 'code:twice' AS problem FROM told AS t JOIN products AS p ON p.code = t.code AND p.row < t.row "
        f"WHERE ({', '.join(f't.{n}' for n in content.split(', '))}) IS DISTINCT FROM "
        f"({', '.join(f'p.{n}' for n in content.split(', '))})"
    ).to_arrow_table()
    work.register("bad", bad)
    work.execute(
        "UPDATE products SET times = n.times FROM (SELECT code, count(*) AS times FROM told "
        "WHERE row NOT IN (SELECT row FROM bad) GROUP BY code) AS n WHERE n.code = products.code"
    )
    work.execute("CREATE OR REPLACE TABLE same AS SELECT row, code FROM told WHERE row NOT IN (SELECT row FROM bad)")
    work.execute("DROP TABLE checked")
    work.execute("DROP TABLE told")
    return bad


def prepare(job: Job) -> None:
    """Nothing is needed before the products themselves."""


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("products", _count_chunks, _write)]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM products").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


def _write(job: Job, db: BulkSession, number: int, _ahead: None) -> Outcome:
    rows = job.work.sql(f"SELECT * EXCLUDE (chunk) FROM products WHERE chunk = {number}").to_arrow_table()
    written = write_products(db, rows.drop_columns(["row", "times"]), job.run_id, job.plan.rule)
    job.index(db, "catalog.product", written.found)
    job.keep(f"products-{number}", written.before)
    said_twice = sum(rows.column("times").to_pylist()) - rows.num_rows
    outcome = Outcome(written.created, written.updated, written.unchanged + said_twice, written.skipped)
    if job.dry:
        outcome.difference = _differences(job, number, written.difference)
    return outcome


def _differences(job: Job, number: int, found: pa.Table) -> pa.Table:
    job.work.register("found_products", found)
    outcome = "CASE f.state WHEN 'new' THEN 'created' WHEN 'changed' THEN 'updated' ELSE f.state END"
    return job.work.sql(
        f"SELECT s.row, CASE WHEN s.row = p.row THEN f.state ELSE 'unchanged' END AS state, "
        f"CASE WHEN s.row = p.row THEN {outcome} ELSE 'unchanged' END AS outcome, CAST(NULL AS BIGINT) AS party_id, "
        "concat_ws(' · ', p.code, p.name) AS label, CASE WHEN s.row = p.row THEN f.fields ELSE [] END AS fields "
        "FROM products AS p JOIN same AS s ON s.code = p.code JOIN found_products AS f ON f.code = p.code "
        f"WHERE p.chunk = {number} ORDER BY s.row"
    ).to_arrow_table()
