"""Events: anything that happened with a customer, one row each; columns that feed no field become the details."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from guanxi.foundation.bulk import BulkSession
from guanxi.intake.importing import NO_FIELDS, PROBLEMS, Job, Outcome, Phase
from guanxi.intake.plan import Plan
from guanxi.intake.sales import prepare_customers, rows_of_others
from guanxi.intake.values import literal
from guanxi.ledger.bulk import append_new_events
from guanxi.ledger.models import Event

CHUNK = 100_000


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Cut into chunks of whole customers, so that equal events of one customer stay together."""
    work.execute(
        "CREATE OR REPLACE TABLE lines AS SELECT row, customer, coalesce(kind, "
        f"{literal(plan.options.get('kind', 'other'))}) AS kind, coalesce(channel, 'other') AS channel, "
        "coalesce(direction, 'inside') AS direction, occurred_at, payload, "
        "CAST(floor((dense_rank() OVER (ORDER BY customer) - 1) / 20000) AS INTEGER) AS chunk FROM checked ORDER "
        "BY chunk"
    )
    work.execute("DROP TABLE checked")
    return PROBLEMS.empty_table()


def prepare(job: Job) -> None:
    """Find or make the customers of the file."""
    prepare_customers(job, "occurred_at", Event)


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("events", _count_chunks, _write)]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM lines").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


def _write(job: Job, db: BulkSession, number: int, _ahead: None) -> Outcome:
    events = job.work.sql(
        "SELECT c.party_id, l.kind, l.channel, l.direction, l.occurred_at, '' AS object_type, CAST(NULL AS "
        "BIGINT) AS object_id, "
        "l.payload, l.row FROM lines AS l JOIN customer_ids AS c ON c.customer = l.customer "
        f"WHERE l.chunk = {number} ORDER BY l.occurred_at, l.row"
    ).to_arrow_table()
    fresh = append_new_events(db, events, job.now, job.run_id)
    outcome = Outcome(fresh.num_rows, 0, events.num_rows - fresh.num_rows)
    outcome.refused = rows_of_others(job.work, f"SELECT * FROM lines WHERE chunk = {number}")
    if job.dry:
        job.work.register("fresh_events", fresh)
        outcome.difference = job.work.sql(
            "SELECT l.row, CASE WHEN f.row IS NULL THEN 'unchanged' ELSE 'new' END AS state, "
            "CASE WHEN f.row IS NULL THEN 'unchanged' ELSE 'created' END AS outcome, "
            "CASE WHEN c.party_id > 0 THEN c.party_id END AS party_id, l.customer || ' · ' || l.kind AS label, "
            f"{NO_FIELDS} AS fields FROM lines AS l JOIN customer_ids AS c ON c.customer = l.customer "
            f"LEFT JOIN fresh_events AS f ON f.row = l.row WHERE l.chunk = {number} ORDER BY l.row"
        ).to_arrow_table()
    return outcome
