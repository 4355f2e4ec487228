"""Sales: from checked lines to orders, customers, products, places and sales persons."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from guanxi.catalog.bulk import ensure_products
from guanxi.customers.bulk import create_customers, external_keys, parties_by_key
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.tasks import progress
from guanxi.intake.importing import DIFFERENCE, NO_FIELDS, PROBLEMS, Job, Outcome, Phase
from guanxi.intake.plan import Plan
from guanxi.intake.reaching import NOT_YOURS, beyond, beyond_for, owner_of_new
from guanxi.intake.values import literal
from guanxi.ledger.models import Event
from guanxi.orders import bulk as orders
from guanxi.orders.models import Order

CHUNK = 200_000  # lines written in one transaction
PARTIES = 100_000  # customers looked up, or summed up, in one transaction


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Give every line its order, and cut into chunks of whole orders, in the order of time. No line is bad here.

    `lines` are all lines. Where those of a chunk stand near one another in the file, as in a file by time, `places`
    says which orders a chunk has and within which rows; else `lines` are sorted by their chunk.
    """
    currency = literal(plan.options["currency"])
    channel = literal(plan.options["channel"])
    back = "kind = 'return'"
    work.execute(
        'CREATE OR REPLACE VIEW arranged AS SELECT row, coalesce("order", \'day:\' || CAST(CAST("date" AS '
        "DATE) AS VARCHAR) "
        f"|| ':' || customer || CASE WHEN upper(coalesce(currency, {currency})) = {currency} THEN '' "
        "ELSE ':' || upper(currency) END) AS key, "
        'coalesce("order", left(customer || \' \' || CAST(CAST("date" AS DATE) AS VARCHAR), 100)) AS number, '
        'customer, "date" AS placed_at, CAST("date" AS DATE) AS day, place, '
        f"coalesce(channel, {channel}) AS channel, sales_person AS person, "
        f"upper(coalesce(currency, {currency})) AS currency, line, product, coalesce(product_name, '') AS description, "
        f"CASE WHEN {back} THEN -abs(coalesce(quantity, 10000)) "
        "ELSE coalesce(quantity, CASE WHEN amount < 0 THEN -10000 ELSE 10000 END) END AS quantity, "
        f"CASE WHEN {back} THEN -abs(amount) ELSE amount END AS amount, coalesce(discount, 0) AS discount, cost "
        f"FROM checked"
    )
    total = work.execute("SELECT count(*) FROM checked").fetchall()[0][0]
    if total <= CHUNK:
        work.execute("CREATE TABLE lines AS SELECT *, 0 AS chunk FROM arranged")
    else:
        work.execute(
            "CREATE TABLE places AS SELECT key, top, bottom, CAST(floor((sum(n) OVER (ROWS UNBOUNDED PRECEDING) - n) "
            f"/ {CHUNK}) AS INTEGER) AS chunk FROM (SELECT key, min(placed_at) AS first, count(*) AS n, "
            "min(row) AS top, max(row) AS bottom FROM arranged GROUP BY key ORDER BY first, key)"
        )
        if _in_order(work):
            work.execute("CREATE VIEW lines AS SELECT * FROM arranged")
            return PROBLEMS.empty_table()
        work.execute(
            "CREATE TABLE lines AS SELECT a.*, p.chunk FROM arranged AS a JOIN places AS p ON p.key = a.key "
            "ORDER BY chunk"
        )
        work.execute("DROP TABLE places")
    work.execute("DROP VIEW arranged")
    work.execute("DROP TABLE checked")
    return PROBLEMS.empty_table()


def _in_order(work: duckdb.DuckDBPyConnection) -> bool:
    """Whether the chunks, each read from its first row to its last, would not be much more than the whole file."""
    found = work.execute(
        "SELECT sum(bottom - top + 1) <= 2 * (max(bottom) - min(top) + 1) FROM ("
        "SELECT min(top) AS top, max(bottom) AS bottom FROM places GROUP BY chunk)"
    ).fetchall()
    return bool(found[0][0])


def _has_places(work: duckdb.DuckDBPyConnection) -> bool:
    return bool(work.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'places'").fetchall())


def _of_chunk(work: duckdb.DuckDBPyConnection, number: int) -> str:
    """The lines of a chunk, as a query."""
    if not _has_places(work):
        return f"SELECT * FROM lines WHERE chunk = {number}"
    span = f"SELECT min(top), max(bottom) FROM places WHERE chunk = {number}"
    top, bottom = work.execute(span).fetchall()[0]
    return (
        f"SELECT a.* FROM lines AS a SEMI JOIN (SELECT key FROM places WHERE chunk = {number}) AS p ON p.key = a.key "
        f"WHERE a.row BETWEEN {top} AND {bottom}"
    )


def prepare(job: Job) -> None:
    """Find or make all customers, products, places and sales persons of the file. May be done again at any time."""
    prepare_customers(job, "placed_at", Order)
    _catalog(job)


def prepare_customers(job: Job, moment: str, model: type[Order | Event]) -> None:
    """Find or make the customers named in `lines`; their ids stand in `customer_ids`.

    New ones are known since the first `moment` (a column of `lines`) at which the file speaks of them. Those of whom
    the import may make no `model` stand in `closed_customers` instead.
    """
    work, source = job.work, job.plan.source
    work.execute("CREATE OR REPLACE TABLE customer_ids (customer VARCHAR, party_id BIGINT)")
    work.execute("CREATE OR REPLACE TABLE closed_customers (customer VARCHAR)")
    numbers = work.sql(
        f"SELECT customer, min({moment}) AS since FROM lines GROUP BY customer ORDER BY customer"
    ).to_arrow_table()
    for start in range(0, numbers.num_rows, PARTIES):
        codes = numbers.column("customer").slice(start, PARTIES).combine_chunks()
        keys = external_keys(source, codes)
        with job.transaction() as db:
            found = parties_by_key(db, "external", keys)
            fresh = pc.invert(pc.is_in(keys, value_set=found.column("key").combine_chunks()))
            made = codes.filter(fresh) if job.plan.rule != "update" else codes.slice(0, 0)
            fresh = fresh if len(made) else pc.and_(fresh, False)
            ids = pa.array([], pa.int64())
            if len(made):
                prefix, suffix = (_("Customer %(number)s") % {"number": "\0"}).split("\0")
                names = pc.binary_join_element_wise(prefix, made, suffix, "")
                since = numbers.column("since").slice(start, PARTIES).combine_chunks().filter(fresh)
                since = since.cast(orders.MOMENT)
                whose = owner_of_new(job.by)
                ids = create_customers(db, source, made, names, since, job.now, job.run_id, whose)
                job.record(db, _created(ids, names, since, source))
                found_by = external_keys(source, made)
                job.index(db, "customers.party", pa.table({"id": ids, "title": names, "text": found_by}), new=True)
        known = pa.table({"key": pa.concat_arrays([found.column("key").combine_chunks(), keys.filter(fresh)])})
        known = known.append_column("party_id", pa.concat_arrays([found.column("party_id").combine_chunks(), ids]))
        known = known.append_column("customer", pc.utf8_slice_codeunits(known.column("key"), len(source) + 1))
        work.register("known", known)
        closed = beyond_for(job, model, "party", pc.unique(found.column("party_id")))
        work.register("closed", pa.table({"party_id": closed}))
        work.execute("INSERT INTO closed_customers SELECT customer FROM known SEMI JOIN closed USING (party_id)")
        work.execute("INSERT INTO customer_ids SELECT customer, party_id FROM known ANTI JOIN closed USING (party_id)")
        progress(start + len(codes), numbers.num_rows, _("Customers"))


def rows_of_others(work: duckdb.DuckDBPyConnection, lines: str) -> pa.Table:
    """The rows among `lines` (a query) that speak of customers in `closed_customers`, as problems."""
    return (
        work.sql(
            f"SELECT l.row, 'customer:{NOT_YOURS}' AS problem FROM ({lines}) AS l "
            "SEMI JOIN closed_customers AS c ON c.customer = l.customer ORDER BY l.row"
        )
        .to_arrow_table()
        .cast(PROBLEMS)
    )


def _created(ids: pa.Array, names: pa.Array, since: pa.Array, source: str) -> pa.Table:
    count = len(ids)
    return pa.table(
        {
            "party_id": ids,
            "kind": pa.repeat("party.created", count),
            "channel": pa.repeat("other", count),
            "direction": pa.repeat("inside", count),
            "occurred_at": since,
            "object_type": pa.repeat("customers.party", count),
            "object_id": ids,
            "payload": pc.binary_join_element_wise(
                '{"name": "',
                pc.replace_substring(pc.replace_substring(names, "\\", "\\\\"), '"', '\\"'),
                f'", "source": "{source}"}}',
                "",
            ),
        }
    )


def _catalog(job: Job) -> None:
    work = job.work
    products = work.sql(
        "SELECT product AS code, min(nullif(description, '')) AS name FROM lines WHERE product IS NOT NULL "
        "GROUP BY product ORDER BY product"
    ).to_arrow_table()
    places = work.sql("SELECT DISTINCT place FROM lines WHERE place IS NOT NULL ORDER BY 1").to_arrow_table()
    persons = work.sql("SELECT DISTINCT person FROM lines WHERE person IS NOT NULL ORDER BY 1").to_arrow_table()
    with job.transaction() as db:
        ids, made = ensure_products(db, products, job.run_id)
        job.index(db, "catalog.product", made)
        job.memory["places"] = orders.ensure_places(db, places.column(0).combine_chunks())
        job.memory["persons"] = orders.ensure_sales_persons(db, persons.column(0).combine_chunks())
    work.register("found_products", ids)
    work.execute("CREATE OR REPLACE TABLE product_ids AS SELECT * FROM found_products")


def phases(job: Job) -> list[Phase]:
    """The phases after `prepare`."""
    return [
        Phase("orders", _count_chunks, _write_orders, ahead=_prepare_orders),
        Phase("summaries", _count_summaries, _write_summaries, compared=False, repeatable=True),
    ]


def _count_chunks(job: Job) -> int:
    found = job.work.execute(f"SELECT max(chunk) FROM {'places' if _has_places(job.work) else 'lines'}").fetchall()
    return 0 if found[0][0] is None else int(found[0][0]) + 1


def _prepare_orders(job: Job, number: int) -> orders.PreparedLines:
    """The lines of a chunk with the ids of customers and products."""
    ids = {"party_id": "c.party_id", "product_id": "p.id AS product_id"}
    columns = ", ".join(ids.get(name, f"l.{name}") for name in orders.LINES.names)
    with job.work.cursor() as work:
        lines = work.sql(
            f"SELECT {columns} FROM ({_of_chunk(work, number)}) AS l JOIN customer_ids AS c "
            "ON c.customer = l.customer LEFT JOIN product_ids AS p ON p.code = l.product"
        ).to_arrow_table()
    return orders.PreparedLines(lines)


def _write_orders(job: Job, db: BulkSession, number: int, prepared: orders.PreparedLines) -> Outcome:
    written = orders.write_lines(
        db,
        prepared,
        job.memory["places"],
        job.memory["persons"],
        source_id=job.source_id,
        run_id=job.run_id,
        at=job.now,
        rule=job.plan.rule,
        beyond=lambda ids: beyond(job, Order, ids),
    )
    with job.work.cursor() as work:
        refused = pa.concat_tables([_problems(written.refused), rows_of_others(work, _of_chunk(work, number))])
    outcome = Outcome(written.created, written.updated, written.unchanged, written.skipped, refused=refused)
    if job.dry:
        known = orders.product_codes(db, prepared)
        made = job.work.sql("SELECT code, id FROM product_ids WHERE id < 0").to_arrow_table()
        outcome.difference = orders.line_differences(prepared, pa.concat_tables([known, made.cast(known.schema)]))
    else:
        pq.write_table(pa.table({"party_id": written.parties}), job.folder / f"touched-{number}.parquet")
    prepared.close()
    job.keep(f"lines-{number}", written.lines_before)
    job.keep(f"orders-{number}", written.orders_before)
    job.record(db, written.events)
    job.index(db, "orders.order", written.found, new=True)
    return _with_strangers(job, number, outcome)


def _with_strangers(job: Job, number: int, outcome: Outcome) -> Outcome:
    """Beside the lines of known customers those of unknown ones, which only a rule leaves out."""
    if job.plan.rule != "update":
        return outcome
    with job.work.cursor() as work:
        rows = work.sql(
            f"SELECT l.row, 'skipped' AS state, 'skipped' AS outcome, CAST(NULL AS BIGINT) AS party_id, "
            f"l.number AS label, {NO_FIELDS} AS fields FROM ({_of_chunk(work, number)}) AS l "
            "ANTI JOIN customer_ids AS c ON c.customer = l.customer "
            "ANTI JOIN closed_customers AS o ON o.customer = l.customer"
        ).to_arrow_table()
    outcome.skipped += rows.num_rows
    if outcome.difference is not None:
        outcome.difference = pa.concat_tables([outcome.difference.cast(DIFFERENCE), rows.cast(DIFFERENCE)])
    return outcome


_FIELD_OF = {"other_customer": "customer", "other_currency": "currency", "other_line": "line", NOT_YOURS: "order"}


def _problems(refused: pa.Table) -> pa.Table:
    """Refused lines as problems of the rows they came from."""
    problems = [f"{_FIELD_OF[reason]}:{reason}" for reason in refused.column("reason").to_pylist()]
    return pa.table({"row": refused.column("row"), "problem": pa.array(problems, pa.string())}).cast(PROBLEMS)


def _touched(job: Job) -> pa.Array:
    if "touched" not in job.memory:
        # Those of runs that never came to their end too: their orders are there, and nobody has summed them up.
        files = sorted(str(path) for path in job.folder.parent.glob("*/touched-*.parquet"))
        tables = [pq.read_table(path) for path in files]
        ids = pa.concat_tables(tables).column(0) if tables else pa.chunked_array([pa.array([], pa.int64())])
        distinct = pc.unique(ids)
        job.memory["touched"] = distinct.take(pc.sort_indices(distinct))
    return job.memory["touched"]


def _count_summaries(job: Job) -> int:
    return -(-len(_touched(job)) // PARTIES)


def _write_summaries(job: Job, db: BulkSession, number: int, _ahead: None) -> Outcome:
    orders.summarise(db, _touched(job).slice(number * PARTIES, PARTIES))
    return Outcome()
