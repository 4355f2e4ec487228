"""Consents in sets: what imports note of what parties agreed to or withdrew."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from guanxi.foundation.bulk import BulkSession, read_beside

MOMENT = pa.timestamp("us", "UTC")
ROWS = pa.schema(
    [
        ("row", pa.int64()),
        ("party_id", pa.int64()),
        ("purpose", pa.string()),
        ("channel", pa.string()),
        ("given", pa.bool_()),
        ("basis", pa.string()),
        ("proof", pa.string()),  # JSON
        ("at", MOMENT),
        ("dated", pa.bool_()),  # whether the file says when; else it is now
    ]
)
_KNOWN = pa.schema(
    [
        ("party_id", pa.int64()),
        ("purpose", pa.string()),
        ("channel", pa.string()),
        ("given", pa.bool_()),
        ("basis", pa.string()),
        ("at", MOMENT),
        ("nth", pa.int64()),
    ]
)


def append_consents(db: BulkSession, rows: pa.Table, source: str, run_id: int | None) -> tuple[pa.Table, pa.Table]:
    """Add to the ledger of consents what it does not hold yet; nothing in it changes.

    A row with a moment is known where the same was noted for that moment, one without where the newest says the same.
    Gives the states (row, state new or unchanged, party_id) and the events for the ledger.
    """
    with duckdb.connect() as work:
        work.execute("SET TimeZone = 'UTC'")
        work.register("rows", rows.cast(ROWS))
        parties = work.sql("SELECT DISTINCT party_id AS id FROM rows ORDER BY 1").to_arrow_table()
        known = read_beside(
            db,
            "consenting",
            parties,
            "SELECT c.party_id, c.purpose, c.channel, c.given, c.basis, c.at, row_number() OVER (PARTITION BY "
            "c.party_id, "
            "c.purpose, c.channel ORDER BY c.at DESC, c.id DESC) FROM consenting AS p CROSS JOIN "
            "customers_consent AS c "
            "WHERE c.party_id = p.id",
            _KNOWN,
        )
        work.register("known", known)
        same = "k.party_id = r.party_id AND k.purpose = r.purpose AND k.channel = r.channel AND k.given = r.given"
        work.execute(
            f"CREATE TABLE fresh AS SELECT r.* FROM rows AS r ANTI JOIN known AS k ON {same} AND k.basis = r.basis "
            'AND CASE WHEN r.dated THEN k."at" = r."at" ELSE k.nth = 1 END '
            'QUALIFY row_number() OVER (PARTITION BY r.party_id, r.purpose, r.channel, r.given, r.basis, r."at" '
            "ORDER BY r.row) = 1"
        )
        written = work.sql(
            f"SELECT party_id, purpose, channel, given, basis, proof, '{source}' AS source, \"at\", "
            f'CAST({"NULL" if run_id is None else int(run_id)} AS BIGINT) AS import_run FROM fresh ORDER BY "at", row'
        ).to_arrow_table()
        if written.num_rows:
            db.append("customers_consent", written)
        states = work.sql(
            "SELECT r.row, CASE WHEN f.row IS NULL THEN 'unchanged' ELSE 'new' END AS state, "
            "CASE WHEN r.party_id > 0 THEN r.party_id END AS party_id FROM rows AS r LEFT JOIN fresh AS f "
            "ON f.row = r.row ORDER BY r.row"
        ).to_arrow_table()
        events = work.sql(
            "SELECT party_id, CASE WHEN given THEN 'consent.given' ELSE 'consent.withdrawn' END AS kind, "
            "'other' AS channel, 'inside' AS direction, \"at\" AS occurred_at, 'customers.party' AS object_type, "
            "party_id AS object_id, CAST(to_json({'purpose': purpose, 'channel': channel, 'basis': basis}) AS VARCHAR) "
            'AS payload FROM fresh ORDER BY "at", row'
        ).to_arrow_table()
    return states, events
