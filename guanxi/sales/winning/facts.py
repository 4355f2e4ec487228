"""What was recorded of deals, and when: read in sets from the tables that nobody changes afterwards.

Steps between stages, the audit log (edits, committee, competitors, contacts) and the history of standings each say when
a fact was written down; the deal's row says only what holds now, and is undone by its later edits (`features.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers import contacting
from guanxi.foundation.bulk import BulkSession
from guanxi.insight.bulk import HISTORY
from guanxi.insight.models import Learning
from guanxi.lake import store
from guanxi.ledger.bulk import MOMENT

_int, _text, _flag = pa.int64(), pa.string(), pa.int8()
PLAIN = pa.timestamp("us")  # in UTC; DuckDB asks no time zone of it
LOOK_BACK = timedelta(days=180)  # contacts of longer ago tell nothing any more
EDITED = ("owner", "party", "source", "purchase_kind", "buyer_kind", "amount", "expected_close")
HEARD = (
    "deals.deal", "deals.contender", "deals.committeeseat", "activities.activity", "todos.todo", "notes.note",
    "mail.message",
)  # fmt: skip

DEALS = pa.schema(
    [
        ("deal", _int), ("party", _int), ("owner", _int), ("source", _text), ("purchase_kind", _text),
        ("buyer_kind", _text), ("state", _text), ("made_up", pa.bool_()),
    ]
)  # fmt: skip
STEPS = pa.schema(
    [
        ("deal", _int), ("id", _int), ("moment", MOMENT), ("from_stage", _int), ("to_stage", _int),
        ("from_state", _text), ("to_state", _text), ("amount", _int), ("expected_close", pa.date32()),
    ]
)  # fmt: skip
STAGES = pa.schema([("stage", _int), ("pipeline", _int), ("position", _int), ("expected_days", _int)])
EDITS = pa.schema(
    [("deal", _int), ("id", _int), ("moment", MOMENT)]
    + [(f"{name}_{side}", _text) for name in EDITED for side in ("before", "after")]
)
MEMBERS = pa.schema(
    [
        ("kind", _text), ("moment", MOMENT), ("left", _int), ("joined", _int), ("role", _text),
    ]
)  # fmt: skip
TOUCHES = pa.schema([("deal", _int), ("moment", MOMENT)])
STANDINGS = pa.schema([("party", _int), ("moment", PLAIN), ("standing", _text)])


@dataclass(frozen=True)
class Facts:
    """Everything that was recorded, each row with the moment (UTC) at which it became known."""

    deals: pa.Table
    steps: pa.Table
    stages: pa.Table
    edits: pa.Table
    members: pa.Table
    touches: pa.Table
    standings: pa.Table

    def only(self, made_up: bool) -> Facts:
        """Real deals alone, or those made up for demonstration alone: neither tells of the other."""
        return replace(self, deals=self.deals.filter(pc.equal(self.deals["made_up"], made_up)))


def read(db: BulkSession) -> Facts:
    """All that is known, without deals of those of whom nothing may be worked out."""
    unprofiled = pa.array(list(contacting.unprofiled().values_list("party", flat=True)), _int)
    deals = db.read(
        "SELECT id, party_id, owner_id, source, purchase_kind, buyer_kind, state, made_up FROM deals_deal", DEALS
    )
    deals = deals.filter(pc.invert(pc.is_in(deals["party"], unprofiled)))
    steps = _plain(
        db.read(
            "SELECT deal_id, id, at, from_stage_id, to_stage_id, from_state, to_state, amount, expected_close "
            "FROM deals_stagechange",
            STEPS,
        )
    )
    since = pc.min(steps["moment"]).as_py()
    stages = db.read("SELECT id, pipeline_id, position, expected_days FROM deals_stage", STAGES)
    return Facts(
        deals,
        steps,
        stages,
        _plain(db.read(_edits(db.vendor), EDITS)),
        _plain(db.read(_members(db.vendor), MEMBERS)),
        _touches(db, since),
        _standings(deals),
    )


def newest(db: BulkSession) -> list[int]:
    """By what one state of the facts is told from another: the newest rows of the tables that are read."""
    tables = ("deals_stagechange", "bulk_changes_bulkchange", "deals_deal")
    heard = ", ".join(f"'{label}'" for label in HEARD)  # not of what scoring itself writes down
    sources = [*tables, f"foundation_auditentry WHERE object_type IN ({heard})"]
    sql = " UNION ALL ".join(f"SELECT COALESCE(MAX(id), 0) AS newest FROM {source}" for source in sources)
    return [int(one) for one in db.read(sql, pa.schema([("newest", _int)]))["newest"].to_pylist()]


def _plain(rows: pa.Table) -> pa.Table:
    """Moments without their zone: UTC all of them."""
    columns = [column.cast(PLAIN) if column.type == MOMENT else column for column in rows.columns]
    return pa.table(columns, names=rows.column_names)


def _said(vendor: str, name: str, place: int, column: str = "changes") -> str:
    """What a change of the audit log said of a field before (0) or after it (1), as text."""
    if vendor == "postgresql":
        return f"({column} -> '{name}' ->> {place})"
    return f"CAST(json_extract({column}, '$.{name}[{place}]') AS TEXT)"


def _edits(vendor: str) -> str:
    """Edits of deals one by one, then those of sets, and of sets that were undone the way back."""

    def pairs(column: str, back: bool = False) -> str:
        sides = (1, 0) if back else (0, 1)
        return ", ".join(_said(vendor, name, side, column) for name in EDITED for side in sides)

    # A new row is no edit: its entry says the name, and nothing before it.
    single = (
        f"SELECT object_id, id, at, {pairs('changes')} FROM foundation_auditentry WHERE object_type = 'deals.deal' "
        f"AND object_id IS NOT NULL AND ({_said(vendor, 'name', 1)} IS NULL OR {_said(vendor, 'name', 0)} IS NOT NULL)"
    )
    of_sets = (
        "FROM bulk_changes_bulkrow AS r JOIN bulk_changes_bulkchange AS c ON c.id = r.change_id "
        "WHERE c.object_type = 'deals.deal' AND NOT c.one_by_one"
    )
    return (
        f"{single} UNION ALL SELECT r.object_id, c.id, c.at, {pairs('r.changes')} {of_sets} "
        "AND r.state IN ('changed', 'undone', 'kept') "
        f"UNION ALL SELECT r.object_id, c.id, c.undone_at, {pairs('r.changes', back=True)} {of_sets} "
        "AND r.state = 'undone' AND c.undone_at IS NOT NULL"
    )


def _members(vendor: str) -> str:
    """Who came to a deal, and who left it: seats of the committee, competitors."""
    # A row that was changed, and neither made nor deleted, says nothing of its deal.
    role = f"COALESCE({_said(vendor, 'role', 1)}, {_said(vendor, 'role', 0)}, '')"
    left, joined = (f"CAST({_said(vendor, 'deal', place)} AS BIGINT)" for place in (0, 1))
    return (
        f"SELECT object_type, at, {left}, {joined}, {role} FROM foundation_auditentry "
        "WHERE object_type IN ('deals.committeeseat', 'deals.contender') AND object_id IS NOT NULL "
        f"AND ({left} IS NOT NULL OR {joined} IS NOT NULL)"
    )


def _touches(db: BulkSession, since: datetime | None) -> pa.Table:
    """When somebody was in touch over a deal: held a call, meeting or visit, did a task, wrote a note, filed a mail."""
    if since is None:
        return _plain(TOUCHES.empty_table())
    begin = f"'{since:%Y-%m-%d %H:%M:%S}'"

    def said(name: str, place: int) -> str:
        return _said(db.vendor, name, place, "e.changes")

    same = f"COALESCE({said('object_type', 1)}, {said('object_type', 0)}, r.object_type)"
    number = f"COALESCE({said('object_id', 1)}, {said('object_id', 0)}, CAST(r.object_id AS TEXT))"
    parts = []
    for label, table, done in (
        ("activities.activity", "activities_activity", f"{said('state', 1)} = 'held'"),
        ("todos.todo", "todos_todo", f"{said('done_at', 1)} IS NOT NULL"),
        ("notes.note", "notes_note", f"{said('object_id', 1)} IS NOT NULL"),
        ("mail.message", "mail_message", f"{said('object_id', 1)} IS NOT NULL"),
    ):
        parts.append(
            f"SELECT CAST({number} AS BIGINT), e.at FROM foundation_auditentry AS e LEFT JOIN {table} AS r "
            f"ON r.id = e.object_id WHERE e.object_type = '{label}' AND e.at >= {begin} AND {done} "
            f"AND {same} = 'deals.deal'"
        )
    # Brought in without entries of their own (demonstrations, other systems): known once written down and over.
    latest = "GREATEST" if db.vendor == "postgresql" else "MAX"
    parts.append(
        f"SELECT a.object_id, {latest}(a.starts_at, a.created_at) FROM activities_activity AS a "
        f"WHERE a.object_type = 'deals.deal' AND a.state = 'held' AND a.starts_at >= {begin} "
        "AND NOT EXISTS (SELECT 1 FROM foundation_auditentry AS e "
        "WHERE e.object_type = 'activities.activity' AND e.object_id = a.id)"
    )
    return _plain(db.read(" UNION ALL ".join(parts), TOUCHES))


def _standings(deals: pa.Table) -> pa.Table:
    """The stages of the customers of deals as each learning found them, known from when it had ended."""
    stored = store.open_table(HISTORY)
    if stored is None:
        return STANDINGS.empty_table()
    published = Learning.objects.filter(state=Learning.State.PUBLISHED, finished_at__isnull=False)
    learned = dict(published.order_by("finished_at").values_list("day", "finished_at"))
    known = pa.table(
        {
            "day": pa.array(list(learned), pa.date32()),
            "moment": pa.array(list(learned.values()), MOMENT).cast(PLAIN),
        }
    )
    with duckdb.connect() as work:
        work.register("history", stored.to_pyarrow_dataset())
        work.register("learned", known)
        work.register("deals", deals)
        return (
            work.sql(
                "SELECT h.party_id AS party, l.moment, h.stage AS standing FROM history AS h "
                "JOIN learned AS l USING (day) WHERE h.party_id IN (SELECT party FROM deals)"
            )
            .to_arrow_table()
            .cast(STANDINGS)
        )
