"""Standings in sets: all parties at once into the database, only where they changed, and into the lake."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from django.utils import timezone

from guanxi.foundation import bulk, clock
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.bulk.amounts import as_decimal
from guanxi.foundation.tasks import progress
from guanxi.insight.equity import Point
from guanxi.insight.models import Learning
from guanxi.insight.statistics import UNIT
from guanxi.lake import store
from guanxi.lake.schema import LakeTable
from guanxi.ledger.bulk import MOMENT, append_events

_int, _small, _text, _day, _number = pa.int64(), pa.int16(), pa.string(), pa.date32(), pa.float64()
MONEY = (
    "value_so_far", "expected_value", "expected_low", "expected_high", "lifetime_value", "at_stake", "growth", "spend",
)  # fmt: skip
COLUMNS = pa.schema(
    [
        ("party_id", _int),
        ("learning_id", _int),
        ("day", _day),
        *((name, _int) for name in MONEY),
        ("p_alive", _number),
        ("purchases_ahead", _number),
        ("risk", _number),
        ("risk_before", _number),
        ("next_from", _day),
        ("next_to", _day),
        ("stage", _text),
        ("stage_since", _day),
        ("stage_chance", _number),
        ("tier", _text),
        ("grade", _text),
        ("rfm", _text),
        ("strength", _number),
        ("strength_parts", _text),
        ("loyalty", _small),
        ("categories", _int),
        ("channels", _small),
        ("warned_on", _day),
    ]
)
WHEN = ("learning_id", "day")  # what is new in every row and no change by itself
CHANGES = ("stage", "tier")  # what the timeline tells of
KEPT_DAYS = 35  # of history in full; of what is older, the last of each month

_LAKE = tuple(
    (field.name, pa.decimal128(18, 4) if field.name in MONEY else field.type)
    for field in COLUMNS
    if field.name not in ("learning_id", "strength_parts")
)
# Small files, in the order of parties: whoever is erased costs one of them.
STANDING = LakeTable(
    "standing", "party_id", _LAKE, file_size=4_000_000, remedy="guanxi learn", model="insight.standing"
)
HISTORY = LakeTable(
    "standing_history", "party_id", _LAKE, file_size=4_000_000, remedy="guanxi learn", model="insight.standing"
)
LEARNED = "guanxi.learning"  # the mark: which learning the table holds


def read(db: BulkSession) -> pa.Table:
    """The standings as they are in the database, by party."""
    names = ", ".join(COLUMNS.names)
    return db.read(f"SELECT {names} FROM insight_standing ORDER BY party_id", COLUMNS)


def publish(
    learning: Learning, rows: pa.Table, before: pa.Table, points: Sequence[Point] = (), known_to: int = 0
) -> int:
    """Make `rows` (sorted by party, all of them) the newest standings, in one transaction; how many were written.

    `before` are the standings that `read` gave, `points` equity over time, `known_to` the number up to which no party
    will appear any more: those up to it who have no standing are listed. Changes of stage and tier and early
    warnings go to the ledger; models of the learning that are used take the place of those before.
    """
    at = timezone.now()
    fresh, changed, gone = compare(rows, before)
    happened = changes(rows, before, learning.day)
    with bulk.session() as db:
        db.begin()
        progress(0, 3, "standings")
        written = pa.concat_tables([rows.filter(fresh), rows.filter(changed)])
        leaving = pa.concat_arrays([_of(rows.filter(changed), "party_id"), gone])
        if before.num_rows == len(leaving):
            db.execute("DELETE FROM insight_standing")
        elif len(leaving):
            db.stage("old_standings", pa.table({"party_id": leaving}))
            db.execute("DELETE FROM insight_standing WHERE party_id IN (SELECT party_id FROM old_standings)")
        db.append("insight_standing", written.sort_by("party_id"))
        append_events(db, happened, at)
        _list_without_standing(db, known_to)
        _replace_equity(db, points)
        db.execute(
            "UPDATE insight_modelversion SET state = 'replaced' WHERE state = 'used' "
            f"AND learning_id <> {int(learning.pk)} AND family IN (SELECT family FROM insight_modelversion "
            f"WHERE learning_id = {int(learning.pk)} AND state = 'used')"
        )
        db.execute(
            f"UPDATE insight_learning SET state = 'published', finished_at = '{at:%Y-%m-%d %H:%M:%S%z}', "
            f"known_to = {int(known_to)} WHERE id = {int(learning.pk)}"
        )
        db.commit()
    return int(written.num_rows)


def _list_without_standing(db: BulkSession, known_to: int) -> None:
    """List the parties up to `known_to` who have none now, so that nobody need look for them among all."""
    db.execute("DELETE FROM insight_withoutstanding")
    db.execute(
        "INSERT INTO insight_withoutstanding (party_id) SELECT p.id FROM customers_party AS p LEFT JOIN "
        "insight_standing AS s ON s.party_id = p.id WHERE s.party_id IS NULL AND p.merged_into_id IS NULL "
        f"AND p.id <= {int(known_to)} ORDER BY p.id ON CONFLICT DO NOTHING"
    )


def _replace_equity(db: BulkSession, points: Sequence[Point]) -> None:
    """Equity over time as the models of now tell it, in place of what earlier ones told of the same time."""
    if not points:
        return
    days = pa.array([point.day for point in points], pa.int32()).cast(_day)
    amounts = {
        name: pa.array([round(getattr(point, name) * 100) * UNIT // 100 for point in points], _int)
        for name in ("equity", "acquired", "developed", "retained", "lost")
    }
    customers = pa.array([point.customers for point in points], _int)
    db.stage("equity_days", pa.table({"day": days}))
    db.execute("DELETE FROM insight_equitypoint WHERE day >= (SELECT MIN(day) FROM equity_days)")
    db.append("insight_equitypoint", pa.table({"day": days, **amounts, "customers": customers}))


def nobody() -> pa.Table:
    """No standing at all."""
    return COLUMNS.empty_table()


def compare(
    rows: pa.Table, before: pa.Table, key: str = "party_id", when: Collection[str] = WHEN
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Which of `rows` are new, which differ from `before`, and the parties that are no longer among them.

    Rows are told apart by `key`; what stands in the columns `when` is new in every row and no change by itself.
    """
    place = pc.index_in(_of(rows, key), _of(before, key))
    fresh = pc.is_null(place)
    differs = pa.array(np.zeros(rows.num_rows, bool))
    for name in rows.column_names:
        if name in (key, *when):
            continue
        now, then = _of(rows, name), _of(before, name).take(place)
        same = pc.coalesce(pc.equal(now, then), pc.and_(pc.is_null(now), pc.is_null(then)))
        differs = pc.or_(differs, pc.invert(same))
    gone = _of(before, key).filter(pc.is_null(pc.index_in(_of(before, key), _of(rows, key))))
    return fresh, pc.and_(differs, pc.invert(fresh)), gone


def changes(rows: pa.Table, before: pa.Table, day: date) -> pa.Table:
    """The events that tell of changes: another stage, another tier, an early warning. None of a first standing."""
    place = pc.index_in(_of(rows, "party_id"), _of(before, "party_id"))
    parts = [
        _of_change(name, _of(rows, "party_id"), _of(rows, name), _of(before, name).take(place)) for name in CHANGES
    ]
    warned = _of(rows, "warned_on")
    fresh = pc.and_(pc.equal(warned, pa.scalar(day)), pc.is_valid(place))
    fresh = pc.and_(fresh, pc.coalesce(pc.not_equal(warned, _of(before, "warned_on").take(place)), pa.scalar(True)))
    risk, was = _of(rows, "risk"), _of(rows, "risk_before")
    parts.append(_events("standing.warning", *(array.filter(fresh) for array in (_of(rows, "party_id"), was, risk))))
    moment = datetime.combine(day, time(23, 59), clock.zone()).astimezone(UTC)
    found = pa.concat_tables(parts)
    return found.append_column("occurred_at", pa.repeat(pa.scalar(moment, MOMENT), found.num_rows))


def _of_change(name: str, party: pa.Array, now: pa.Array, then: pa.Array) -> pa.Table:
    differs = pc.coalesce(pc.not_equal(now, then), pa.scalar(False))
    return _events(f"standing.{name}", party.filter(differs), then.filter(differs), now.filter(differs))


def _events(kind: str, party: pa.Array, then: pa.Array, now: pa.Array) -> pa.Table:
    quote = '"' if pa.types.is_string(now.type) else ""

    def words(values: pa.Array) -> pa.Array:
        return pc.coalesce(values.cast(_text), pa.scalar("null"))

    payload = pc.binary_join_element_wise(
        f'{{"from": {quote}', words(then), f'{quote}, "to": {quote}', words(now), f"{quote}}}", ""
    )
    return pa.table(
        {
            "party_id": party,
            "kind": pa.repeat(kind, len(party)),
            "channel": pa.repeat("other", len(party)),
            "direction": pa.repeat("inside", len(party)),
            "object_type": pa.repeat("", len(party)),
            "object_id": pa.nulls(len(party), _int),
            "payload": payload,
        }
    )


# The lake -------------------------------------------------------------------------------------------------------------


def to_lake(learning: Learning, rows: pa.Table) -> None:
    """Write the newest standings to the lake, and add them to their history: each once per learning."""
    stored = store.open_table(STANDING)
    batches = _for_lake(rows).to_batches()
    if stored is None or store.mark_of(stored, LEARNED) != learning.pk:
        store.overwrite(STANDING, batches, {LEARNED: learning.pk})
    kept = store.open_table(HISTORY)
    if kept is None or (store.mark_of(kept, LEARNED) or 0) < learning.pk:
        if kept is not None:
            thin_out(kept, learning.day)
        store.append(HISTORY, batches, {LEARNED: learning.pk})


def lake_is_behind(learning: Learning) -> bool:
    """Whether the lake does not hold the newest learning (which was killed between database and lake)."""
    stored = store.open_table(STANDING)
    return stored is None or store.mark_of(stored, LEARNED) != learning.pk


def thin_out(delta: DeltaTable, day: date) -> None:
    """Of history older than five weeks, keep the last day of each month; of this very day, keep what comes now."""
    days = sorted(set(pc.unique(delta.to_pyarrow_table(columns=["day"])["day"]).to_pylist()))
    lasting = {f"{one:%Y-%m}": one for one in days}.values()
    old = [one for one in days if one < day - timedelta(days=KEPT_DAYS) and one not in lasting]
    for one in {*old, *(found for found in days if found == day)}:
        delta.delete(f"day = DATE '{one}'")


def _for_lake(rows: pa.Table) -> pa.Table:
    columns = {name: as_decimal(_of(rows, name)) if name in MONEY else _of(rows, name) for name, _ in _LAKE}
    return pa.table(columns, schema=STANDING.schema)


def _of(rows: pa.Table, name: str) -> pa.Array:
    return rows[name].combine_chunks()


def table(columns: dict[str, Any]) -> pa.Table:
    """Standings as Arrow from NumPy columns: NaN and negative day numbers of the far past stand for “not known”."""
    arrays = []
    for field in COLUMNS:
        values = columns[field.name]
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            known = np.isfinite(values)
            whole = field.type != _number
            filled = np.rint(np.where(known, values, 0)).astype(np.int64) if whole else values
            array = pa.array(filled, mask=~known)
            arrays.append(array.cast(pa.int32()).cast(_day) if field.type == _day else array.cast(field.type))
        elif field.type == _day and isinstance(values, np.ndarray):
            arrays.append(pa.array(values.astype(np.int32)).cast(_day))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=COLUMNS)
