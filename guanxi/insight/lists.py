"""What lists of customers show and ask of standings. Only what has an index of its own is sorted by."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.desk import Board, Column, Filter, Pill
from guanxi.insight import explaining, naming, queries
from guanxi.insight.models import Standing
from guanxi.insight.panels import standing_of


def _of(render: Any) -> Any:
    """A column's `render` that asks the standing; nothing where there is none."""

    def asked(party: Any) -> Any:
        standing: Standing | None = standing_of(party)
        return "" if standing is None else render(standing)

    return asked


def stage(row: Standing) -> Pill:
    """The stage as a pill."""
    return naming.stage_pill(row.stage)


def tier(row: Standing) -> Pill:
    """The tier as a pill."""
    return naming.tier_pill(row.tier)


def grade(row: Standing) -> Pill:
    """The grade as a pill."""
    return naming.grade_pill(row.grade)


def alive(row: Standing) -> str:
    """The chance of still being a customer, in per cent."""
    return explaining.percent(row.p_alive) if row.p_alive is not None else ""


def risk(row: Standing) -> str:
    """The risk in per cent."""
    return explaining.percent(row.risk) if row.risk is not None else ""


def _kind(name: str, label: Any, render: Any, shown: bool = False) -> Column:
    """A column by which customers are parted, also those without a standing."""
    path = f"standing.{name}"
    lacking = queries.without_standing
    return Column(path, label=label, sort=False, shown=shown, render=_of(render), needs=[path], lacking=lacking)


COLUMNS = [
    _kind("stage", _("Stage"), stage, shown=True),
    Column("standing.lifetime_value", label=_("Lifetime value")),
    Column("standing.expected_value", label=_("Expected value"), shown=False),
    Column("standing.at_stake", label=_("At stake"), shown=False),
    Column(
        "standing.p_alive",
        label=_("Still a customer"),
        sort=False,
        shown=False,
        render=_of(alive),
        needs=["standing.p_alive"],
    ),
    Column("standing.risk", label=_("Risk"), shown=False, render=_of(risk), needs=["standing.risk"]),
    _kind("tier", _("Tier"), tier),
    _kind("grade", _("Grade"), grade),
    Column("standing.value_so_far", label=_("Margin so far"), sort=False, shown=False),
    Column("standing.growth", label=_("Room to grow"), sort=False, shown=False),
    Column("standing.purchases_ahead", label=_("Purchases in a year"), sort=False, shown=False),
    Column("standing.next_from", label=_("Next purchase from"), sort=False, shown=False),
    Column("standing.next_to", label=_("Next purchase until"), sort=False, shown=False),
    Column("standing.strength", label=_("Strength"), sort=False, shown=False),
    Column("standing.rfm", label=_("RFM"), sort=False, shown=False),
    Column("standing.loyalty", label=_("Loyalty"), sort=False, shown=False, lacking=queries.without_standing),
    Column("standing.stage_since", label=_("In this stage since"), sort=False, shown=False),
    Column("standing.warned_on", label=_("Early warning"), sort=False, shown=False),
]
FILTERS = [
    Filter("standing.categories", label=_("Categories bought")),
    Filter("standing.channels", label=_("Channels used")),
]
BOARD = Board(
    by="standing.stage",
    sums=["standing.lifetime_value"],
    card=["city", "standing.at_stake", "purchases.last_day"],
    sort="-standing.at_stake",
    sorts={"standing.tier": "-standing.expected_value"},
    fixed=_(
        "The stage is learned from what the customer does, so nobody moves the cards; it is worked out anew each night."
    ),
)
