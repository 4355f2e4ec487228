"""What the lake knows of selling: open deals as they stand, closed ones, each stay of a deal in a stage, and what was
done with customers. Every row says whose it is, so that figures are seen as far as the records are.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from guanxi.channels.activities.models import Activity
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.bulk.amounts import DECIMAL, as_decimal
from guanxi.insight.models import COSTS
from guanxi.lake.followed import Since, Source
from guanxi.lake.schema import LakeTable
from guanxi.lake.sources import Batches, batch, business_day

DEALS, ACTIVITIES = "deals.deal", "activities.activity"
FILE_SIZE = 8_000_000  # bytes: a deal that moves rewrites the file that holds it
SECONDS_A_DAY = 86_400

_int, _text, _day, _moment = pa.int64(), pa.string(), pa.date32(), pa.timestamp("us", "UTC")
_OF_DEAL = (
    ("deal_id", _int),
    ("party_id", _int),
    ("owner_id", _int),
    ("pipeline_id", _int),
    ("stage_id", _int),
    ("source", _text),
    ("purchase_kind", _text),
    ("buyer_kind", _text),
    ("amount", DECIMAL),
)
_DEAL_COLUMNS = (
    "d.id, d.party_id, d.owner_id, d.pipeline_id, d.stage_id, NULLIF(d.source, ''), NULLIF(d.purchase_kind, ''), "
    "NULLIF(d.buyer_kind, ''), d.amount"
)


def _table(name: str, *columns: tuple[str, pa.DataType], others: tuple[str, ...] = ()) -> LakeTable:
    return LakeTable(
        name,
        "deal_id",
        (*_OF_DEAL, *columns),
        file_size=FILE_SIZE,
        model=DEALS,
        owner="owner_id",
        records="deals",
        others=others,
    )


# As they stand: that has no day, so that figures of open deals are those of now, whatever the period.
OPEN_DEAL = _table("open_deal", ("weighted", DECIMAL), ("expected_close", _day), ("made_on", _day))
CLOSED_DEAL = _table(
    "closed_deal",
    ("state", _text),
    ("day", _day),  # on which it was won or lost
    ("days", _int),  # from its beginning
    ("lost_reason_id", _int),
    ("lost_to_id", _int),
    ("calls", _int),  # that were held for it
    ("meetings", _int),
    ("visits", _int),
    ("cost", DECIMAL),  # what the ledger was told of it
    others=("lost_to_id",),
)
# From coming into a stage until leaving it; `result` says how it left, “still” that it has not.
STAY = _table("deal_stay", ("day", _day), ("days", pa.float64()), ("result", _text))
ACTIVITY = LakeTable(
    "activity",
    "activity_id",
    (
        ("activity_id", _int),
        ("party_id", _int),
        ("owner_id", _int),
        ("activity_kind", _text),
        ("outcome", _text),
        ("channel", _text),
        ("day", _day),
        ("minutes", _int),
        ("deal_id", _int),
    ),
    file_size=FILE_SIZE,
    model=ACTIVITIES,
    with_customers=True,
    records="activities",
)
ON, BACK, WON, LOST, STILL = "on", "back", "won", "lost", "still"


def _wire(table: LakeTable, **other: pa.DataType) -> pa.Schema:
    """The columns as the database gives them: money in whole units, and those that are worked out from others."""
    kept = {name: _int if kind == DECIMAL else kind for name, kind in table.columns}
    return pa.schema(list((kept | other).items()))


# Deals ----------------------------------------------------------------------------------------------------------------


def open_deals(db: BulkSession, among: str) -> Batches:
    """Deals that are open, as they stand."""
    wire = _wire(OPEN_DEAL, made_on=_moment)
    sql = (
        f"SELECT {_DEAL_COLUMNS}, d.weighted, d.expected_close, d.created_at FROM deals_deal d "
        f"WHERE d.state = 'open'{_and('d.id', among)}"
    )
    for rows in db.stream(sql, wire):
        columns = {name: rows[name] for name in wire.names}
        columns["amount"], columns["weighted"] = as_decimal(columns["amount"]), as_decimal(columns["weighted"])
        columns["made_on"] = business_day(columns["made_on"])
        yield batch(OPEN_DEAL, columns)


def closed_deals(db: BulkSession, among: str) -> Batches:
    """Deals that were won or lost, with how long they took and what was done for them until then."""
    wire = _wire(CLOSED_DEAL, days=_moment)
    counts = ", ".join(f"COALESCE(a.{name}, 0)" for name in ("calls", "meetings", "visits"))
    sql = (
        f"SELECT {_DEAL_COLUMNS}, d.state, d.closed_on, d.created_at, d.lost_reason_id, d.lost_to_id, {counts}, "
        f"COALESCE(c.amount, 0) FROM deals_deal d LEFT JOIN ({_held_for_deals(among)}) a ON a.object_id = d.id "
        f"LEFT JOIN ({_cost_of_deals(among)}) c ON c.place_id = d.id "
        f"WHERE d.state <> 'open'{_and('d.id', among)}"
    )
    for rows in db.stream(sql, wire):
        columns = {name: rows[name] for name in wire.names}
        columns["amount"], columns["cost"] = as_decimal(columns["amount"]), as_decimal(columns["cost"])
        made_on = business_day(columns["days"])
        columns["days"] = pc.max_element_wise(pc.days_between(made_on, columns["day"]), pa.scalar(0, _int))
        yield batch(CLOSED_DEAL, columns)


def _held_for_deals(among: str) -> str:
    """SQL for how many calls, meetings and visits were held for each deal."""
    sums = ", ".join(f"SUM(CASE WHEN kind = '{name}' THEN 1 ELSE 0 END) AS {name}s" for name in Activity.Kind.values)
    return (
        f"SELECT object_id, {sums} FROM activities_activity "
        f"WHERE object_type = '{DEALS}' AND object_id IS NOT NULL AND state = 'held'{_and('object_id', among)} "
        "GROUP BY object_id"
    )


def _cost_of_deals(among: str) -> str:
    """SQL for what was booked for each deal."""
    return (
        "SELECT place_id, CAST(SUM(amount) AS BIGINT) AS amount FROM insight_cost "
        f"WHERE place_type = '{DEALS}' AND place_id IS NOT NULL{_and('place_id', among)} GROUP BY place_id"
    )


def stays(db: BulkSession, among: str) -> Batches:
    """How long each deal was in each stage that it came into, and how it went on from there."""
    wire = _wire(STAY, day=_moment, days=_moment)
    steps = (
        "SELECT c.deal_id, c.to_stage_id, c.to_state, c.amount, c.at, LEAD(c.at) OVER w AS left_at, "
        "LEAD(c.to_state) OVER w AS next_state, LEAD(c.to_stage_id) OVER w AS next_stage "
        f"FROM deals_stagechange c WHERE 1 = 1{_and('c.deal_id', among)} "
        "WINDOW w AS (PARTITION BY c.deal_id ORDER BY c.at, c.id)"
    )
    result = (
        f"CASE WHEN t.next_state IS NULL THEN '{STILL}' WHEN t.next_state <> 'open' THEN t.next_state "
        f"WHEN n.pipeline_id <> s.pipeline_id OR n.position >= s.position THEN '{ON}' ELSE '{BACK}' END"
    )
    sql = (
        "SELECT t.deal_id, d.party_id, d.owner_id, s.pipeline_id, t.to_stage_id, NULLIF(d.source, ''), "
        f"NULLIF(d.purchase_kind, ''), NULLIF(d.buyer_kind, ''), t.amount, t.at, t.left_at, {result} "
        f"FROM ({steps}) t JOIN deals_deal d ON d.id = t.deal_id JOIN deals_stage s ON s.id = t.to_stage_id "
        "LEFT JOIN deals_stage n ON n.id = t.next_stage WHERE t.to_state = 'open'"
    )
    for rows in db.stream(sql, wire):
        columns = {name: rows[name] for name in wire.names}
        columns["amount"] = as_decimal(columns["amount"])
        seconds = pc.seconds_between(columns["day"], columns["days"])
        columns["days"] = pc.round(pc.divide(seconds.cast(pa.float64()), float(SECONDS_A_DAY)), 2)
        columns["day"] = business_day(columns["day"])
        yield batch(STAY, columns)


# Activities -----------------------------------------------------------------------------------------------------------


def activities(db: BulkSession, among: str) -> Batches:
    """Calls, meetings and visits that were held."""
    wire = _wire(ACTIVITY, day=_moment)
    channel = "CASE WHEN kind = 'call' THEN 'phone' ELSE 'in_person' END"
    sql = (
        f"SELECT id, party_id, owner_id, kind, NULLIF(outcome, ''), {channel}, starts_at, minutes, "
        f"CASE WHEN object_type = '{DEALS}' THEN object_id END FROM activities_activity "
        f"WHERE state = 'held'{_and('id', among)}"
    )
    for rows in db.stream(sql, wire):
        columns = {name: rows[name] for name in wire.names}
        columns["day"] = business_day(columns["day"])
        yield batch(ACTIVITY, columns)


# What changed ---------------------------------------------------------------------------------------------------------


def changed_deals(since: Since) -> str:
    """SQL for the ids of deals that changed, or whose customer is another."""
    return (
        f"SELECT object_id AS id FROM ({since.records(DEALS)}) AS changed "
        f"UNION SELECT id FROM deals_deal WHERE party_id IN ({since.parties()})"
    )


def changed_or_worked_on(since: Since) -> str:
    """The same, with deals for which an activity was noted, changed or deleted, or a cost was booked."""
    held = f"SELECT object_id FROM activities_activity WHERE object_type = '{DEALS}' AND object_id IS NOT NULL"
    # Of one that was deleted, the log says for what it was.
    number = "(changes #>> '{object_id,0}')::bigint" if _on_postgres() else "json_extract(changes, '$.object_id[0]')"
    kind = "changes #>> '{object_type,0}'" if _on_postgres() else "json_extract(changes, '$.object_type[0]')"
    deleted = f"SELECT {number} FROM foundation_auditentry WHERE {since.entries(ACTIVITIES)} AND {kind} = '{DEALS}'"
    booked = (
        f"SELECT place_id FROM insight_cost WHERE place_type = '{DEALS}' AND id IN ({since.events(COSTS, 'object_id')})"
    )
    return f"{changed_deals(since)} UNION {held} AND id IN ({since.records(ACTIVITIES)}) UNION {deleted} UNION {booked}"


def changed_activities(since: Since) -> str:
    """SQL for the ids of activities that changed, or whose customer is another."""
    return (
        f"SELECT object_id AS id FROM ({since.records(ACTIVITIES)}) AS changed "
        f"UNION SELECT id FROM activities_activity WHERE party_id IN ({since.parties()})"
    )


def _on_postgres() -> bool:
    return connection.vendor == "postgresql"


def _and(column: str, among: str) -> str:
    return f" AND {column} {among}" if among else ""


# A new exchange rate works out the amounts of open deals anew; a stage that moves is before or behind others.
SOURCES = (
    Source(OPEN_DEAL, open_deals, changed_deals, (DEALS,), ("catalog.exchangerate",)),
    Source(CLOSED_DEAL, closed_deals, changed_or_worked_on, (DEALS, ACTIVITIES), kinds=(COSTS,)),
    Source(STAY, stays, changed_deals, (DEALS,), ("deals.stage",)),
    Source(ACTIVITY, activities, changed_activities, (ACTIVITIES,)),
)
