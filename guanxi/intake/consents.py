"""Consents: who agreed to what, or withdrew it, when, and what proves it."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from guanxi.customers.bulk_consents import append_consents
from guanxi.customers.models import Consent
from guanxi.foundation.bulk import BulkSession
from guanxi.intake.importing import PROBLEMS, Job, Outcome, Phase, of_states
from guanxi.intake.naming import find_named, refuse_unnamed
from guanxi.intake.plan import Plan

CHUNK = 50_000


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Cut into chunks of whole customers."""
    work.execute(
        "CREATE OR REPLACE TABLE agreed AS SELECT *, CAST(floor((dense_rank() OVER (ORDER BY customer) - 1) / "
        f"{CHUNK}) AS INTEGER) AS chunk FROM checked ORDER BY chunk, row"
    )
    work.execute("DROP TABLE checked")
    return PROBLEMS.empty_table()


def prepare(job: Job) -> None:
    """Find the customers."""
    find_named(job, "agreed", ["customer"], Consent)


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("consents", _count_chunks, _write)]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM agreed").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


def _write(job: Job, db: BulkSession, number: int, _ahead: None) -> Outcome:
    work = job.work
    unknown = refuse_unnamed(work, "agreed", {"customer": "unknown_other"}, number)
    proof = "CAST(json_merge_patch('{}', to_json({'text': \"text\", 'form': form, 'address': address})) AS VARCHAR)"
    rows = work.sql(
        "SELECT a.row, n.party_id, a.purpose, a.channel, a.given = 'yes' AS given, coalesce(a.basis, "
        "'consent') AS basis, "
        f'{proof} AS proof, coalesce(a."at", TIMESTAMPTZ \'{job.moment.isoformat()}\') AS "at", '
        'a."at" IS NOT NULL AS dated FROM agreed AS a JOIN named AS n ON n.code = a.customer '
        f"WHERE a.chunk = {number} ORDER BY a.row"
    ).to_arrow_table()
    states, events = append_consents(db, rows, job.plan.source, job.run_id)
    job.record(db, events)
    work.register("consent_states", states)
    told = work.sql(
        "SELECT s.*, concat_ws(' · ', a.customer, a.purpose, a.channel, a.given) AS label, "
        'CAST([] AS STRUCT(field VARCHAR, now VARCHAR, "then" VARCHAR, written BOOLEAN)[]) AS fields '
        "FROM consent_states AS s JOIN agreed AS a ON a.row = s.row ORDER BY s.row"
    ).to_arrow_table()
    outcome = of_states(job, told)
    outcome.refused = unknown.cast(PROBLEMS)
    return outcome
