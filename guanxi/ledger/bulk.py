"""Events in sets: what imports record in the ledger."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from guanxi.foundation.bulk import BulkSession

MOMENT = pa.timestamp("us", "UTC")


def append_events(db: BulkSession, events: pa.Table, at: datetime) -> None:
    """Append events; `events` has party_id, kind, channel, direction, occurred_at, object_type, object_id and payload
    (JSON text). `at` is when they were recorded."""
    if not events.num_rows:
        return
    recorded = pa.repeat(pa.scalar(at, MOMENT), events.num_rows)
    db.append("ledger_event", events.append_column("recorded_at", recorded))
