"""Ready-made dashboards, declared in code (door “dashboard”); higher floors add tiles (“dashboard_tile:<slug>”)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.lake.dashboards.models import Tile


@dataclass(frozen=True)
class ReadyTile:
    """A tile of a ready-made dashboard: its title, and the question as Explore's address writes it."""

    title: Any
    query: str
    form: str = Tile.Form.PLOT
    size: str = Tile.Size.HALF


@dataclass(frozen=True)
class ReadyMade:
    """A dashboard that every installation has; whoever wants it otherwise copies it."""

    slug: str
    title: Any
    words: Any
    own: tuple[ReadyTile, ...]
    query: str = "period=last_30&compare=before"

    @property
    def tiles(self) -> list[ReadyTile]:
        return [*self.own, *hooks.get(f"dashboard_tile:{self.slug}")]


def all() -> list[ReadyMade]:  # noqa: A001  read as declaration.all()
    """Every ready-made dashboard."""
    return hooks.get("dashboard")


def find(slug: str) -> ReadyMade | None:
    """The ready-made dashboard called `slug`."""
    return next((one for one in all() if one.slug == slug), None)


def _figure(title: Any, measure: str) -> ReadyTile:
    return ReadyTile(title, f"m={measure}&by=", Tile.Form.NUMBER, Tile.Size.THIRD)


MANAGEMENT = ReadyMade(
    "management",
    _("Management"),
    _("What came in, what was earned, from whom and where."),
    (
        _figure(_("Sales"), "sales"),
        _figure(_("Customers buying"), "customers"),
        _figure(_("Basket"), "basket"),
        ReadyTile(_("Sales by week"), "m=sales&by=week&plot=line", size=Tile.Size.FULL),
        ReadyTile(_("Sales by department"), "m=sales&by=department&plot=hbar&top=10"),
        ReadyTile(_("Places of sale"), "m=sales&m=customers&by=place&top=10", Tile.Form.TABLE),
    ),
)
MARKETING = ReadyMade(
    "marketing",
    _("Marketing"),
    _("Who is new, who comes back, and who they are."),
    (
        _figure(_("New customers"), "new_customers"),
        _figure(_("Returning customers"), "repeat_customers"),
        _figure(_("Orders per customer"), "orders_per_customer"),
        ReadyTile(
            _("New and returning customers by week"),
            "m=new_customers&m=repeat_customers&by=week&plot=line",
            size=Tile.Size.FULL,
        ),
        ReadyTile(_("Customers by age"), "m=customers&by=age&plot=bar"),
        ReadyTile(_("Discounts by department"), "m=discount_rate&m=discount&by=department&top=10", Tile.Form.TABLE),
    ),
)
SERVICE = ReadyMade(
    "service",
    _("Service"),
    _("What comes back, of what, and where."),
    (
        _figure(_("Returned"), "returned"),
        _figure(_("Return rate"), "return_rate"),
        _figure(_("Orders"), "orders"),
        ReadyTile(_("Returned by week"), "m=returned&by=week&plot=bar", size=Tile.Size.FULL),
        ReadyTile(
            _("Return rate by department"), "m=return_rate&m=returned&by=department&order=-returned", Tile.Form.TABLE
        ),
        ReadyTile(
            _("Return rate by place"), "m=return_rate&m=returned&by=place&top=10&order=-returned", Tile.Form.TABLE
        ),
    ),
)
READY = (MANAGEMENT, MARKETING, SERVICE)
