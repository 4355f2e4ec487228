"""What the lake knows of costs: the events by which the ledger tells them, and what can be asked of them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy as _

from guanxi.channels.activities.models import Activity
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.bulk.amounts import DECIMAL
from guanxi.insight.models import COSTS, CostRate, kinds_with_cost
from guanxi.lake.dimensions import CHOICE, Dimension
from guanxi.lake.followed import Since, Source
from guanxi.lake.measures import MONEY, SUM, Measure
from guanxi.lake.schema import LakeTable
from guanxi.lake.sources import Batches, batch, business_day

_int, _text = pa.int64(), pa.string()
COST = LakeTable(
    "cost",
    "event_id",
    (
        ("event_id", _int),
        ("party_id", _int),
        ("owner_id", _int),
        ("day", pa.date32()),
        ("channel", _text),
        ("cost_kind", _text),
        ("activity_kind", _text),  # of calls, meetings and visits
        ("cost_purpose", _text),
        ("deal_id", _int),
        ("amount", DECIMAL),
    ),
    model="insight.cost",
)
_WIRE = pa.schema(
    [(name, kind) for name, kind in COST.columns if name not in ("day", "amount", "activity_kind")]
    + [("day", pa.timestamp("us", "UTC")), ("amount", _text)]
)
_COLUMNS = (
    "id, party_id, actor_id, channel, payload ->> 'of', payload ->> 'purpose', "
    "CASE WHEN payload ->> 'place_type' = 'deals.deal' THEN CAST(payload ->> 'place_id' AS BIGINT) END, occurred_at, "
    "payload ->> 'amount'"
)


def rows(db: BulkSession, among: str) -> Batches:
    """The costs that the ledger tells of."""
    sql = f"SELECT {_COLUMNS} FROM ledger_event WHERE kind = '{COSTS}'" + (f" AND id {among}" if among else "")
    done = pa.array(Activity.Kind.values)
    for found in db.stream(sql, _WIRE):
        columns = {name: found[name] for name in _WIRE.names}
        columns["day"] = business_day(columns["day"])
        columns["amount"] = pc.cast(columns["amount"], DECIMAL)
        columns["activity_kind"] = pc.if_else(pc.is_in(columns["cost_kind"], done), columns["cost_kind"], None)
        yield batch(COST, columns)


def changed(since: Since) -> str:
    """SQL for the ids of events that are new, or whose customer is another."""
    return (
        f"{since.events(COSTS)} UNION SELECT id FROM ledger_event WHERE kind = '{COSTS}' "
        f"AND party_id IN ({since.parties()})"
    )


SOURCE = Source(COST, rows, changed, types=(), kinds=(COSTS,))
MEASURES = (
    Measure(
        "contact_cost",
        _("Cost of contacts"),
        MONEY,
        lambda rows: rows.amount.sum(),
        base=COST.name,
        parts=SUM,
        help=_("What the ledger was told that calls, visits, mailings and other events cost, with their ways."),
    ),
)
DIMENSIONS = (
    Dimension("cost_kind", _("What cost it"), CHOICE, column="cost_kind", home=COST.name, choices=kinds_with_cost),
    Dimension(
        "cost_purpose",
        _("Purpose of costs"),
        CHOICE,
        column="cost_purpose",
        home=COST.name,
        choices=lambda: CostRate.Purpose.choices,
    ),
)
