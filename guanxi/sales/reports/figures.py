"""What can be asked of selling: measures over deals, their stages and activities, and what these can be cut by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from guanxi.channels.activities.models import Activity
from guanxi.insight.cost_facts import COST
from guanxi.lake.dimensions import CHOICE, RECORD, Dimension
from guanxi.lake.measures import MONEY, NUMBER, PERCENT, RATIO, SUM, Measure, per, share
from guanxi.sales.deals import queries
from guanxi.sales.deals.models import BuyerKind, PurchaseKind, Source, State
from guanxi.sales.reports.facts import ACTIVITY, BACK, CLOSED_DEAL, LOST, ON, OPEN_DEAL, STAY, STILL, WON

if TYPE_CHECKING:
    import ibis.expr.types as ir

Choices = Iterable[tuple[Any, Any]]
OPEN, CLOSED, STAYS, DONE = OPEN_DEAL.name, CLOSED_DEAL.name, STAY.name, ACTIVITY.name
RESULTS = [
    (ON, _("went on")),
    (WON, _("won from here")),
    (LOST, _("lost from here")),
    (BACK, _("went back")),
    (STILL, _("still there")),
]


# Deals ----------------------------------------------------------------------------------------------------------------


def _count(rows: ir.Table) -> ir.Value:
    return rows.count()


def _won(rows: ir.Table) -> ir.Value:
    return rows.count(where=rows.state == WON)


def _lost(rows: ir.Table) -> ir.Value:
    return rows.count(where=rows.state == LOST)


def _won_amount(rows: ir.Table) -> ir.Value:
    return rows.amount.sum(where=rows.state == WON)


def _cycle(rows: ir.Table) -> ir.Value:
    return rows.days.cast("float64").mean(where=rows.state == WON)


def _spent(column: str) -> Callable[[ir.Table], ir.Value]:
    """What was done for deals that were won, per deal won."""
    return share(lambda rows: rows[column].sum(where=rows.state == WON), _won)


# Stages ---------------------------------------------------------------------------------------------------------------


def _went_on(rows: ir.Table) -> ir.Value:
    return rows.count(where=rows.result.isin([ON, WON]))


def _left(rows: ir.Table) -> ir.Value:
    return rows.count(where=rows.result != STILL)


# Activities -----------------------------------------------------------------------------------------------------------


def _held(kind: str) -> Callable[[ir.Table], ir.Value]:
    return lambda rows: rows.count(where=rows.activity_kind == kind)


MEASURES = (
    Measure("deals_open", _("Open deals"), NUMBER, _count, base=OPEN, parts=SUM, help=_("As they stand now.")),
    Measure("open_deals_amount", _("Open deals, amount"), MONEY, lambda rows: rows.amount.sum(), base=OPEN, parts=SUM),
    Measure("open_deals_expected", _("Open deals, expected"), MONEY, lambda rows: rows.weighted.sum(), base=OPEN,
            parts=SUM, help=_("Amount times probability.")),
    Measure("deals_won", _("Deals won"), NUMBER, _won, base=CLOSED, parts=SUM),
    Measure("deals_lost", _("Deals lost"), NUMBER, _lost, base=CLOSED, parts=SUM),
    Measure("won_amount", _("Won, amount"), MONEY, _won_amount, base=CLOSED, parts=SUM),
    Measure("lost_amount", _("Lost, amount"), MONEY, lambda rows: rows.amount.sum(where=rows.state == LOST),
            base=CLOSED, parts=SUM),
    Measure("win_rate", _("Win rate"), PERCENT, share(_won, _count), base=CLOSED, parts=RATIO,
            help=_("Of the deals that were won or lost.")),
    Measure("mean_deal", _("Amount of a deal won"), MONEY, per(_won_amount, _won), base=CLOSED, parts=RATIO),
    Measure("cycle_days", _("Days to a deal won"), NUMBER, lambda rows: _cycle(rows).round(1), base=CLOSED,
            parts=RATIO, help=_("From its beginning until it is won.")),
    Measure("velocity", _("Velocity, a day"), MONEY, per(_won_amount, _cycle), base=CLOSED, parts=RATIO,
            help=_("Deals closed × win rate × amount of a deal won ÷ days to a deal won.")),
    Measure("calls_per_won", _("Calls per deal won"), NUMBER, _spent("calls"), base=CLOSED, parts=RATIO),
    Measure("meetings_per_won", _("Meetings per deal won"), NUMBER, _spent("meetings"), base=CLOSED, parts=RATIO),
    Measure("visits_per_won", _("Visits per deal won"), NUMBER, _spent("visits"), base=CLOSED, parts=RATIO),
    Measure("cost_per_won", _("Cost per deal won"), MONEY, per(lambda rows: rows.cost.sum(), _won), base=CLOSED,
            parts=RATIO, help=_("What was booked for deals won or lost, per deal won.")),
    Measure("cost_of_selling", _("Cost of selling"), PERCENT, share(lambda rows: rows.cost.sum(), _won_amount),
            base=CLOSED, parts=RATIO, help=_("Of what was won.")),
    Measure("stage_entries", _("Entries into stages"), NUMBER, _count, base=STAYS, parts=SUM,
            help=_("How often deals came into a stage; day and month are those of coming.")),
    Measure("stage_conversion", _("Conversion of stages"), PERCENT, share(_went_on, _left), base=STAYS, parts=RATIO,
            help=_("How many of those that left a stage went on or were won.")),
    Measure("days_in_stage", _("Days in a stage"), NUMBER, lambda rows: rows.days.mean().round(1), base=STAYS,
            parts=RATIO, help=_("Of those that left it.")),
    Measure("activities_held", _("Activities held"), NUMBER, _count, base=DONE, parts=SUM),
    Measure("activity_cost", _("Cost of activities"), MONEY,
            lambda rows: rows.amount.sum(where=rows.activity_kind.notnull()), base=COST.name, parts=SUM,
            help=_("Of calls, meetings and visits, with their ways.")),
    Measure("calls_held", _("Calls held"), NUMBER, _held(Activity.Kind.CALL), base=DONE, parts=SUM),
    Measure("meetings_held", _("Meetings held"), NUMBER, _held(Activity.Kind.MEETING), base=DONE, parts=SUM),
    Measure("visits_held", _("Visits made"), NUMBER, _held(Activity.Kind.VISIT), base=DONE, parts=SUM),
    Measure("hours_held", _("Hours with customers"), NUMBER,
            lambda rows: (rows.minutes.sum().cast("float64") / 60).round(1), base=DONE, parts=SUM),
)  # fmt: skip


def _pipelines() -> Choices:
    return [(row.pk, row) for row in queries.every_pipeline()]


def _stages() -> Choices:
    return [(row.pk, row) for row in queries.every_stage()]


def _reasons() -> Choices:
    return [(row.pk, row) for row in queries.every_reason()]


def _of(name: str, label: Any, column: str, home: str, choices: Callable[[], Choices]) -> Dimension:
    return Dimension(name, label, CHOICE, column=column, home=home, choices=choices)


DIMENSIONS = (
    _of("pipeline", _("Pipeline"), "pipeline_id", OPEN, _pipelines),
    _of("deal_stage", _("Stage of deals"), "stage_id", OPEN, _stages),
    _of("deal_source", _("How deals began"), "source", OPEN, lambda: Source.choices),
    _of("purchase_kind", _("Kind of purchase"), "purchase_kind", OPEN, lambda: PurchaseKind.choices),
    _of("buyer_kind", _("Kind of buyer"), "buyer_kind", OPEN, lambda: BuyerKind.choices),
    _of(
        "deal_state", _("Won or lost"), "state", CLOSED, lambda: [one for one in State.choices if one[0] != State.OPEN]
    ),
    _of("lost_reason", _("Reason of loss"), "lost_reason_id", CLOSED, _reasons),
    Dimension("lost_to", _("Lost to"), RECORD, "party", "name", "lost_to_id", named_by="party_id"),
    _of("stage_result", _("How stages were left"), "result", STAYS, lambda: RESULTS),
    _of("activity_kind", _("Kind of activity"), "activity_kind", DONE, lambda: Activity.Kind.choices),
    _of("activity_outcome", _("Outcome of activities"), "outcome", DONE, lambda: Activity.Outcome.choices),
)
HIERARCHIES = (("pipeline", "deal_stage", "owner"),)
