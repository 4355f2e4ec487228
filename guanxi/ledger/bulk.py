"""Events in sets: what imports record in the ledger."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation.bulk import BulkSession

MOMENT = pa.timestamp("us", "UTC")


def append_events(db: BulkSession, events: pa.Table, at: datetime, run_id: int | None = None) -> None:
    """Append events; `events` has party_id, kind, channel, direction, occurred_at, object_type, object_id and payload
    (JSON text). `at` is when they were recorded, `run_id` the import that did."""
    if not events.num_rows:
        return
    count = events.num_rows
    told = events.append_column("recorded_at", pa.repeat(pa.scalar(at, MOMENT), count))
    db.append("ledger_event", told.append_column("import_run", pa.repeat(pa.scalar(run_id, pa.int64()), count)))


COLUMNS = ["party_id", "kind", "channel", "direction", "occurred_at", "object_type", "object_id", "payload"]
_KNOWN = pa.schema(
    [
        ("party_id", pa.int64()),
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("direction", pa.string()),
        ("occurred_at", MOMENT),
        ("payload", pa.string()),
    ]
)


def append_new_events(db: BulkSession, events: pa.Table, at: datetime, run_id: int | None = None) -> pa.Table:
    """Append those events that the ledger does not hold yet, in content; they are returned. Equal ones are counted.

    Columns of `events` beyond those of `append_events` are kept in what is returned.
    """
    with duckdb.connect() as work:
        work.execute("SET TimeZone = 'UTC'")
        work.register("events", events)
        parties = work.sql("SELECT DISTINCT party_id FROM events ORDER BY party_id").to_arrow_table()
        kinds = ", ".join("'" + kind.replace("'", "''") + "'" for kind in pc.unique(events.column("kind")).to_pylist())
        db.stage("events_of", parties)
        known = db.read(
            "SELECT e.party_id, e.kind, e.channel, e.direction, e.occurred_at, e.payload FROM events_of AS p "
            f"CROSS JOIN ledger_event AS e WHERE e.party_id = p.party_id AND e.kind IN ({kinds})",
            _KNOWN,
        )
        work.register("known", known)
        same = "party_id, kind, channel, direction, occurred_at"
        # JSON is compared key by key: PostgreSQL gives it back in another order and spacing.
        details = "list_sort(map_entries(CAST(CAST(payload AS JSON) AS MAP(VARCHAR, JSON))))"
        nth = f"row_number() OVER (PARTITION BY {same}, {details}) AS nth, {details} AS details"
        fresh = work.sql(
            f"SELECT e.* EXCLUDE (nth, details) FROM (SELECT *, {nth} FROM events) AS e ANTI JOIN (SELECT *, "
            f"{nth} FROM known) AS k "
            "ON k.party_id = e.party_id AND k.kind = e.kind AND k.channel = e.channel AND k.direction = e.direction "
            "AND k.occurred_at = e.occurred_at AND k.details = e.details AND k.nth = e.nth ORDER BY e.occurred_at"
        ).to_arrow_table()
    append_events(db, fresh.select(COLUMNS), at, run_id)
    return fresh
