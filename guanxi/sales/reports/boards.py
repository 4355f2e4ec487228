"""The dashboard “Sales”, which every installation has."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.lake.dashboards.declaration import ReadyMade, ReadyTile
from guanxi.lake.dashboards.models import Tile


def _figure(title: Any, measure: str) -> ReadyTile:
    return ReadyTile(title, f"m={measure}&by=", Tile.Form.NUMBER, Tile.Size.THIRD)


SALES = ReadyMade(
    "sales",
    _("Sales work"),
    _("What is won and lost, why and to whom, how long it takes, and what work goes into it."),
    (
        _figure(_("Won"), "won_amount"),
        _figure(_("Win rate"), "win_rate"),
        _figure(_("Days to a deal won"), "cycle_days"),
        _figure(_("Velocity, a day"), "velocity"),
        _figure(_("Open deals, amount"), "open_deals_amount"),
        _figure(_("Open deals, expected"), "open_deals_expected"),
        ReadyTile(_("Won by week"), "m=won_amount&by=week&plot=line", size=Tile.Size.FULL),
        ReadyTile(
            _("Colleagues"),
            "m=won_amount&m=deals_won&m=win_rate&m=calls_held&m=meetings_held&m=visits_held&by=owner&top=20",
            Tile.Form.TABLE,
            Tile.Size.FULL,
        ),
        ReadyTile(_("Open deals by stage"), "m=open_deals_amount&m=open_deals_expected&by=deal_stage&plot=bar"),
        ReadyTile(
            _("From stage to stage"),
            "m=stage_entries&m=stage_conversion&m=days_in_stage&by=deal_stage&order=deal_stage",
            Tile.Form.TABLE,
        ),
        ReadyTile(
            _("Cycle by kind of purchase"),
            "m=deals_won&m=cycle_days&m=win_rate&m=mean_deal&by=purchase_kind",
            Tile.Form.TABLE,
            Tile.Size.FULL,
        ),
        ReadyTile(_("How deals began"), "m=won_amount&m=deals_won&m=win_rate&by=deal_source", Tile.Form.TABLE),
        ReadyTile(
            _("Why deals are lost"), "m=deals_lost&m=lost_amount&by=lost_reason&f.deal_state=lost", Tile.Form.TABLE
        ),
        ReadyTile(
            _("To whom deals are lost"),
            "m=deals_lost&m=lost_amount&by=lost_to&f.deal_state=lost&top=10",
            Tile.Form.TABLE,
        ),
        ReadyTile(
            _("Work per deal won"),
            "m=calls_per_won&m=meetings_per_won&m=visits_per_won&m=cost_per_won&m=cost_of_selling&by=owner&top=20",
            Tile.Form.TABLE,
            Tile.Size.FULL,
        ),
        ReadyTile(_("Sales by customer"), "m=sales&m=margin&m=orders&by=customer&top=10", Tile.Form.TABLE),
        ReadyTile(_("Sales by product"), "m=sales&m=units&by=product&top=10", Tile.Form.TABLE),
        ReadyTile(_("Sales by sales person"), "m=sales&m=margin&by=staff&top=10", Tile.Form.TABLE),
    ),
    query="period=last_90&compare=before",
)
