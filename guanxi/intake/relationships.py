"""Relationships: who works where, belongs to whom, reports to whom."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from guanxi.customers.bulk_relations import CONTENT, ROWS, write_relationships
from guanxi.customers.models import Relationship
from guanxi.foundation.bulk import BulkSession
from guanxi.intake.employers import at
from guanxi.intake.importing import PROBLEMS, Job, Outcome, Phase, of_states
from guanxi.intake.naming import find_named, refuse_unnamed
from guanxi.intake.plan import Plan

CHUNK = 50_000


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Cut into chunks of whole parties. Bad are numbers out of bounds."""
    bad = work.sql(
        "SELECT row, CASE WHEN stance NOT BETWEEN -20000 AND 20000 OR stance % 10000 <> 0 THEN 'stance:range' "
        "ELSE 'influence:range' END AS problem FROM checked WHERE stance NOT BETWEEN -20000 AND 20000 "
        "OR stance % 10000 <> 0 OR influence NOT BETWEEN 10000 AND 50000 OR influence % 10000 <> 0 ORDER BY row"
    ).to_arrow_table()
    work.register("bad", bad)
    work.execute(
        "CREATE OR REPLACE TABLE relations AS SELECT *, "
        f"CAST(floor((dense_rank() OVER (ORDER BY party) - 1) / {CHUNK}) AS INTEGER) AS chunk FROM checked "
        "WHERE row NOT IN (SELECT row FROM bad) ORDER BY chunk, row"
    )
    work.execute("DROP TABLE checked")
    return bad.cast(PROBLEMS)


def prepare(job: Job) -> None:
    """Find everybody who is named."""
    find_named(job, "relations", ["party", "other", "reports_to"], Relationship)


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("relations", _count_chunks, _write)]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM relations").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


def _write(job: Job, db: BulkSession, number: int, _ahead: None) -> Outcome:
    work = job.work
    reasons = {"party": "unknown_other", "other": "unknown_other", "reports_to": "unknown_other"}
    unknown = refuse_unnamed(work, "relations", reasons, number)
    work.register("unknown", unknown)
    content = ", ".join(
        f"CAST(r.{name} / 10000 AS BIGINT) AS {name}" if name in ("stance", "influence") else f"r.{name}"
        for name in CONTENT
        if name != "reports_to_id"
    )
    rows = work.sql(
        f"WITH r AS (SELECT * FROM relations WHERE chunk = {number} AND row NOT IN (SELECT row FROM unknown)) "
        f"SELECT r.row, p.party_id, r.kind, o.party_id AS other_id, s.party_id AS reports_to_id, {content} FROM r "
        "JOIN named AS p ON p.code = r.party JOIN named AS o ON o.code = r.other "
        "LEFT JOIN named AS s ON s.code = r.reports_to ORDER BY r.row"
    ).to_arrow_table()
    rows = rows.select(ROWS.names)
    refused = _refused_with(db, job, rows)
    if refused.num_rows:  # a row is refused whole: write the others without it
        work.register("refused_rows", refused)
        work.register("relation_rows", rows)
        rows = work.sql(
            "SELECT * FROM relation_rows WHERE row NOT IN (SELECT row FROM refused_rows) ORDER BY row"
        ).to_arrow_table()
    written = write_relationships(db, rows, run_id=job.run_id, rule=job.plan.rule)
    job.keep(f"relations-{number}", written.before)
    job.record(db, at(written.events, job))
    outcome = of_states(job, written.states)
    outcome.refused = pa.concat_tables([unknown.cast(PROBLEMS), refused.cast(PROBLEMS)])
    return outcome


def _refused_with(db: BulkSession, job: Job, rows: pa.Table) -> pa.Table:
    """The rows that are bad only beside what is known, found by a look that writes nothing."""
    from guanxi.intake.dry import Unwritten

    found = write_relationships(Unwritten(db), rows, run_id=None).states
    job.work.register("looked_at", found)
    return job.work.sql(
        "SELECT row, reason AS problem FROM looked_at WHERE reason IS NOT NULL ORDER BY row"
    ).to_arrow_table()
