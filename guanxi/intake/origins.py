"""What an import says of parties that were merged: it hangs on the survivor, and remembers as whom it was recorded.

A till that goes on using the number of the one that was merged speaks of that one; when the merge is undone, what it
said since then goes with it.
"""

from __future__ import annotations

import pyarrow as pa

from guanxi.foundation.bulk import BulkSession
from guanxi.intake.importing import Job

_MERGED = pa.schema([("number", pa.string()), ("party_id", pa.int64()), ("origin", pa.int64())])
_HANGING = ("customers_contactpoint", "customers_partyrole", "customers_consent", "ledger_event")


def keep_origins(job: Job) -> None:
    """Give the rows of a run the origin of the number by which they were recognised, where that came with a merge."""
    prefix = f"{job.plan.source}:"
    with job.transaction() as db:
        merged = db.read(
            f"SELECT SUBSTR(key, {len(prefix) + 1}), party_id, origin FROM customers_contactpoint "
            # Not by kind: SQLite would look at every number there is, and not at the few that came with a merge.
            f"WHERE origin IS NOT NULL AND kind || '' = 'external' AND key LIKE '{prefix}%'",
            _MERGED,
        )
        if not merged.num_rows:
            return
        db.stage("merged_numbers", merged)
        job.work.register("merged_numbers", merged)
        if job.plan.kind == "sales":
            _of_orders(job, db)
        elif job.plan.kind == "parties":
            _of_parties(job, db)
        elif job.plan.kind == "events":
            _of_events(job, db)
        job.work.unregister("merged_numbers")


def _of_orders(job: Job, db: BulkSession) -> None:
    orders = job.work.sql(
        "SELECT DISTINCT l.key, m.party_id, m.origin FROM lines AS l JOIN merged_numbers AS m ON m.number = l.customer"
    ).to_arrow_table()
    db.stage("orders_of_merged", orders)
    db.execute(
        "UPDATE orders_order SET origin = m.origin FROM orders_of_merged AS m WHERE orders_order.key = m.key "
        f"AND orders_order.source_id = {job.source_id} AND orders_order.party_id = m.party_id "
        f"AND orders_order.origin IS NULL AND orders_order.import_run = {job.run_id}"
    )
    db.execute(
        "UPDATE ledger_event SET origin = o.origin FROM orders_order AS o JOIN orders_of_merged AS m ON m.key = o.key "
        f"WHERE o.source_id = {job.source_id} AND o.import_run = {job.run_id} AND ledger_event.object_id = o.id "
        "AND ledger_event.object_type = 'orders.order' AND ledger_event.party_id = o.party_id "
        "AND ledger_event.origin IS NULL"
    )


def _of_parties(job: Job, db: BulkSession) -> None:
    """Records by their number; what came along with them where all the run's records of the party are of one."""
    db.execute(
        "UPDATE customers_sourcerecord SET origin = m.origin FROM merged_numbers AS m "
        "WHERE customers_sourcerecord.external_id = m.number AND customers_sourcerecord.party_id = m.party_id "
        f"AND customers_sourcerecord.source_id = {job.source_id} AND customers_sourcerecord.origin IS NULL "
        f"AND customers_sourcerecord.import_run = {job.run_id}"
    )
    one = (
        "SELECT r.party_id, MIN(r.origin) AS origin FROM customers_sourcerecord AS r "
        "JOIN merged_numbers AS m ON m.party_id = r.party_id "
        f"WHERE r.import_run = {job.run_id} GROUP BY r.party_id "
        "HAVING COUNT(DISTINCT COALESCE(r.origin, 0)) = 1 AND MIN(r.origin) IS NOT NULL"
    )
    for table in _HANGING:
        db.execute(
            f"UPDATE {table} SET origin = one.origin FROM ({one}) AS one WHERE {table}.party_id = one.party_id "
            f"AND {table}.origin IS NULL AND {table}.import_run = {job.run_id}"
        )


def _of_events(job: Job, db: BulkSession) -> None:
    events = job.work.sql(
        "SELECT DISTINCT m.party_id, m.origin, l.kind, l.occurred_at FROM lines AS l "
        "JOIN merged_numbers AS m ON m.number = l.customer"
    ).to_arrow_table()
    db.stage("events_of_merged", events)
    db.execute(
        "UPDATE ledger_event SET origin = m.origin FROM events_of_merged AS m "
        "WHERE ledger_event.party_id = m.party_id AND ledger_event.kind = m.kind "
        "AND ledger_event.occurred_at = m.occurred_at AND ledger_event.origin IS NULL "
        f"AND ledger_event.import_run = {job.run_id}"
    )
