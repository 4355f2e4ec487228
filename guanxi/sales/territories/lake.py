"""The territory of each customer as the lake has it, so that any figure can be cut by it."""

from __future__ import annotations

import pyarrow as pa
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.bulk import BulkSession
from guanxi.lake.dashboards.declaration import ReadyTile
from guanxi.lake.dashboards.models import Tile
from guanxi.lake.dimensions import TEXT, Dimension
from guanxi.lake.followed import Since, Source
from guanxi.lake.schema import LakeTable
from guanxi.lake.sources import Batches
from guanxi.sales.territories.applying import ASSIGNED

TERRITORY = LakeTable(
    "territory", "party_id", (("party_id", pa.int64()), ("territory", pa.string())), file_size=8_000_000
)
DIMENSION = Dimension("territory", _("Territory"), TEXT, TERRITORY.name, "territory", "party_id")
HIERARCHY = ("territory", "customer")
TILES = (
    ReadyTile(_("Sales by territory"), "m=sales&m=customers&by=territory&top=20", Tile.Form.TABLE),
    ReadyTile(
        _("Deals by territory"), "m=open_deals_amount&m=won_amount&m=win_rate&by=territory&top=20", Tile.Form.TABLE
    ),
)


def rows(db: BulkSession, among: str) -> Batches:
    """The customers of territories."""
    narrowed = f" AND a.party_id {among}" if among else ""
    sql = (
        "SELECT a.party_id, t.name FROM territories_assigned a JOIN territories_territory t ON t.id = a.territory_id "
        f"WHERE a.origin IS NULL{narrowed}"
    )
    return db.stream(sql, TERRITORY.schema)


def changed(since: Since) -> str:
    """SQL for the customers who were merged or parted; moves are written in sets."""
    return since.parties()


SOURCE = Source(TERRITORY, rows, changed, (ASSIGNED,), ("territories.territory",))
