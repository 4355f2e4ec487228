"""The organisations that a file of people names as their workplaces: found by name or made, and the people related."""

from __future__ import annotations

import hashlib
import json

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.bulk_parties import PreparedParties
from guanxi.customers.bulk_relations import ROWS, organisations_called, write_relationships
from guanxi.customers.models import Relationship
from guanxi.foundation.bulk import BulkSession, append_with_ids
from guanxi.foundation.visibility import limited
from guanxi.intake.importing import Job
from guanxi.intake.reaching import beyond_for, owner_of_new
from guanxi.ledger.bulk import COLUMNS

_ROWS = pa.schema([("row", pa.int64())])
MOMENT = pa.timestamp("us", "UTC")
BLANK = ("latin_name", "family_name", "given_name", "gender", "occupation", "language", "city", "country")


def relate(job: Job, db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    """Write who works where, of the rows that have just been written (tables `news` and `party_of`)."""
    said = work.sql(
        "SELECT n.row, p.party_id, n.works_at, n.occupation AS title, n.department FROM news AS n "
        "JOIN party_of AS p ON p.g = n.g WHERE n.works_at IS NOT NULL ORDER BY n.row"
    ).to_arrow_table()
    if not said.num_rows:
        return
    names = pc.unique(said.column("works_at"))
    found = organisations_called(db, names)
    known = _taken(db, names)
    fresh = names.filter(pc.invert(pc.is_in(names, value_set=known)))
    if len(fresh):
        found = pa.concat_tables([found, _make(job, db, fresh)])
    work.register("workplaces", found)
    work.register("said_of_work", said)
    empty = {
        "reports_to_id": "BIGINT",
        "buying_role": "VARCHAR",
        "stance": "BIGINT",
        "influence": "BIGINT",
        "since": "DATE",
        "until": "DATE",
    }
    nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in empty.items())
    rows = work.sql(
        f"SELECT s.row, s.party_id, 'works_at' AS kind, w.id AS other_id, left(s.title, 100) AS title, s.department, "
        f"{nothing} FROM said_of_work AS s JOIN workplaces AS w ON w.name = s.works_at ORDER BY s.row"
    ).to_arrow_table()
    written = write_relationships(db, rows.select(ROWS.names), run_id=job.run_id)
    job.keep(f"employed-{rows.column('row')[0].as_py() if rows.num_rows else 0}", written.before)
    job.record(db, at(written.events, job))


def leave_out_foreign(job: Job, db: BulkSession, prepared: PreparedParties) -> pa.Table:
    """Take out the rows of whole customers who work at organisations that belong to others; they are given back."""
    work = prepared.work
    if "works_at" not in job.plan.mapping or not limited(job.by, Relationship, "create"):
        return _ROWS.empty_table()
    names = work.sql("SELECT DISTINCT works_at FROM news WHERE works_at IS NOT NULL ORDER BY 1").to_arrow_table()
    found = organisations_called(db, names.column(0).combine_chunks())
    closed = beyond_for(job, Relationship, "other", found.column("id").combine_chunks())
    work.register("closed_workplaces", found.filter(pc.is_in(found.column("id"), value_set=closed)))
    rows = work.sql(
        "SELECT a.row FROM all_rows AS a SEMI JOIN (SELECT n.g FROM news AS n JOIN closed_workplaces AS c "
        "ON c.name = n.works_at) AS x ON x.g = a.g ORDER BY a.row"
    ).to_arrow_table()
    if rows.num_rows:
        prepared.leave_out(rows)
    return rows


def at(events: pa.Table, job: Job) -> pa.Table:
    """The events with the moment of the run."""
    moments = pa.repeat(pa.scalar(job.moment, MOMENT), events.num_rows)
    return events.set_column(events.schema.get_field_index("occurred_at"), "occurred_at", moments)


def _taken(db: BulkSession, names: pa.Array) -> pa.Array:
    """Those of the names that at least one organisation has."""
    db.stage("wanted_names", pa.table({"name": names}))
    sql = (
        "SELECT DISTINCT w.name FROM wanted_names AS w CROSS JOIN customers_party AS p WHERE p.name = w.name "
        "AND p.kind = 'organisation' AND p.merged_into_id IS NULL"
    )
    return db.read(sql, pa.schema([("name", pa.string())])).column("name").combine_chunks()


def _make(job: Job, db: BulkSession, names: pa.Array) -> pa.Table:
    """Organisations of which only the name is known, each with a record of its source, so that it can be told why."""
    count = len(names)
    now, run = pa.repeat(pa.scalar(job.now, MOMENT), count), pa.repeat(pa.scalar(job.run_id, pa.int64()), count)
    rows = (
        {"kind": pa.repeat("organisation", count), "name": names}
        | dict.fromkeys(BLANK, pa.repeat("", count))
        | {"profile": pa.repeat("{}", count), "made_up": pa.repeat(False, count), "changed_at": now, "import_run": run}
        | {"created_at": pa.repeat(pa.scalar(job.moment, MOMENT), count)}
        | {"owner_id": pa.repeat(pa.scalar(owner_of_new(job.by), pa.int64()), count)}
    )
    ids = append_with_ids(db, "customers_party", pa.table(rows))
    payloads = [json.dumps({"kind": "organisation", "name": name}, ensure_ascii=False) for name in names.to_pylist()]
    digests = [hashlib.md5(f"{job.run_id}:{one}".encode(), usedforsecurity=False).hexdigest() for one in payloads]
    records = {"source_id": pa.repeat(pa.scalar(job.source_id, pa.int64()), count), "external_id": pa.repeat("", count)}
    records |= {"payload": payloads, "digest": digests, "received_at": now, "import_run": run, "party_id": ids}
    db.append("customers_sourcerecord", pa.table(records))
    told = [json.dumps({"name": name, "source": job.plan.source}, ensure_ascii=False) for name in names.to_pylist()]
    events = {"party_id": ids, "kind": pa.repeat("party.created", count), "channel": pa.repeat("other", count)}
    events |= {"direction": pa.repeat("inside", count), "occurred_at": rows["created_at"], "payload": told}
    events |= {"object_type": pa.repeat("customers.party", count), "object_id": ids}
    job.record(db, pa.table(events).select(COLUMNS))
    job.index(db, "customers.party", pa.table({"id": ids, "title": names}), new=True)
    return pa.table({"name": names, "id": ids})
