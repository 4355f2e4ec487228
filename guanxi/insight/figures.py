"""What can be asked of standings, beside sales: measures over all customers, and the dimensions that standings add."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from guanxi.insight.bulk import STANDING
from guanxi.insight.models import Grade, Loyalty, Stage, Tier
from guanxi.lake.dashboards.declaration import ReadyTile
from guanxi.lake.dashboards.models import Tile
from guanxi.lake.dimensions import CHOICE, TEXT, Dimension
from guanxi.lake.measures import MONEY, NUMBER, PERCENT, RATIO, SUM, Measure

if TYPE_CHECKING:
    import ibis.expr.types as ir

TABLE = STANDING.name


def _sum(column: str) -> Callable[[ir.Table], ir.Value]:
    return lambda rows: rows[column].sum()


def _mean(column: str) -> Callable[[ir.Table], ir.Value]:
    return lambda rows: rows[column].mean()


MEASURES = (
    Measure("equity", _("Customer equity"), MONEY, _sum("expected_value"), base=TABLE, parts=SUM,
            help=_("What all customers are expected to leave from now on, discounted to today.")),
    Measure("lifetime_value", _("Lifetime value"), MONEY, _sum("lifetime_value"), base=TABLE, parts=SUM,
            help=_("What customers have left so far and are expected to leave.")),
    Measure("value_so_far", _("Margin so far"), MONEY, _sum("value_so_far"), base=TABLE, parts=SUM),
    Measure("at_stake", _("At stake"), MONEY, _sum("at_stake"), base=TABLE, parts=SUM,
            help=_("What would be expected of them if they had not begun to leave, less what still is.")),
    Measure("room_to_grow", _("Room to grow in a year"), MONEY, _sum("growth"), base=TABLE, parts=SUM),
    Measure("customers_alive", _("Customers still there"), NUMBER, lambda rows: rows.p_alive.sum().round(1), base=TABLE,
            help=_("The sum of everybody's chance that he is still a customer.")),
    Measure("mean_risk", _("Mean risk"), PERCENT, _mean("risk"), base=TABLE, parts=RATIO,
            help=_("Of no purchase in the days ahead that the assumptions name.")),
    Measure("mean_strength", _("Mean strength"), NUMBER, lambda rows: rows.strength.mean().round(1), base=TABLE,
            parts=RATIO),
)  # fmt: skip


def _labelled(name: str, label: Any, choices: Iterable[tuple[Any, Any]]) -> Dimension:
    known = list(choices)
    return Dimension(name, label, CHOICE, TABLE, name, "party_id", choices=lambda: known, listed=f"standing.{name}")


DIMENSIONS = (
    _labelled("stage", _("Stage"), Stage.choices),
    _labelled("tier", _("Tier"), Tier.choices),
    _labelled("grade", _("Grade"), Grade.choices),
    _labelled("loyalty", _("Loyalty"), Loyalty.choices),
    Dimension("rfm", _("RFM"), TEXT, TABLE, "rfm", "party_id", listed="standing.rfm"),
)

TILES = (
    ReadyTile(_("Customer equity"), "m=equity&by=", Tile.Form.NUMBER, Tile.Size.THIRD),
    ReadyTile(_("At stake"), "m=at_stake&by=", Tile.Form.NUMBER, Tile.Size.THIRD),
    ReadyTile(_("Customers still there"), "m=customers_alive&by=", Tile.Form.NUMBER, Tile.Size.THIRD),
)
