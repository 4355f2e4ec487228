"""What can be measured, declared once: for the query, Explore, reports and the API.

Each measure is an Ibis expression over its base: sales lines, or a table with one row per customer. Amounts are what
was paid, after discounts, refunds taken off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers import profile
from guanxi.foundation import hooks, visibility
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.lake.allowed import reads_hidden
from guanxi.lake.schema import COMPUTED, PROFILE, WORKED_OUT, worked_out_fields

if TYPE_CHECKING:
    import ibis.expr.types as ir

    Formula = Callable[[ir.Table], ir.Value]

SALES_LINES = "sales_line"
MONEY, NUMBER, PERCENT = "money", "number", "percent"  # a percentage is a share: 0.25 is 25 %
# How the parts of a measure make its whole: they add up; they overlap, so that the whole must be asked (different
# customers); or they are no parts at all (an average).
SUM, DISTINCT, RATIO = "sum", "distinct", "ratio"


@dataclass(frozen=True)
class Measure:
    """One figure over the table `base`: the sales lines, or a table of the lake that has one row per customer (key
    "party_id"). `needs` names the table that must be joined; `of_cost` that it knows only lines whose cost is known;
    `parts` how its parts make the whole (SUM, DISTINCT, RATIO): when in doubt it is asked, never added up.
    """

    name: str
    label: Any
    format: str
    formula: Formula
    needs: str = ""
    of_cost: bool = False
    help: Any = ""
    base: str = SALES_LINES
    parts: str = DISTINCT


def _ratio(part: Formula, whole: Formula, kind: str) -> Formula:
    def formula(rows: ir.Table) -> ir.Value:
        return (part(rows).cast("float64") / whole(rows).cast("float64").nullif(0.0)).cast(kind)

    return formula


def per(part: Formula, whole: Formula) -> Formula:
    """An amount of money per something."""
    return _ratio(part, whole, "decimal(18, 4)")


def share(part: Formula, whole: Formula) -> Formula:
    """What a part is of a whole, or how many there are per something."""
    return _ratio(part, whole, "float64")


def _sales(rows: ir.Table) -> ir.Value:
    return rows.amount.sum()


def _discount(rows: ir.Table) -> ir.Value:
    return rows.discount.sum()


def _gross(rows: ir.Table) -> ir.Value:
    return rows.amount.sum() + rows.discount.sum()


def _margin(rows: ir.Table) -> ir.Value:
    return (rows.amount - rows.cost).sum()


def _sales_of_known_cost(rows: ir.Table) -> ir.Value:
    return rows.amount.sum(where=rows.cost.notnull())


def _orders(rows: ir.Table) -> ir.Value:
    return rows.order_id.nunique(where=rows.kind == "sale")


def _customers(rows: ir.Table) -> ir.Value:
    return rows.party_id.nunique()


def _units(rows: ir.Table) -> ir.Value:
    return rows.quantity.sum()


def _lines(rows: ir.Table) -> ir.Value:
    return rows.count()


def _returned(rows: ir.Table) -> ir.Value:
    return -rows.amount.sum(where=rows.kind == "return")


def _sold(rows: ir.Table) -> ir.Value:
    return rows.amount.sum(where=rows.kind == "sale")


DECLARED = (
    Measure("sales", _("Sales"), MONEY, _sales, help=_("What was paid, refunds taken off."), parts=SUM),
    Measure("orders", _("Orders"), NUMBER, _orders, help=_("Returns are not counted.")),
    Measure("customers", _("Customers"), NUMBER, _customers, help=_("Different customers who bought or returned.")),
    Measure(
        "new_customers",
        _("New customers"),
        NUMBER,
        lambda rows: rows.party_id.nunique(where=rows.first_purchase__first_day == rows.day),
        needs="first_purchase",
        help=_("Customers on their first day of purchase."),
    ),
    Measure(
        "repeat_customers",
        _("Returning customers"),
        NUMBER,
        lambda rows: rows.party_id.nunique(where=rows.first_purchase__first_day < rows.day),
        needs="first_purchase",
        help=_("Customers who had bought on an earlier day."),
    ),
    Measure("basket", _("Basket"), MONEY, per(_sales, _orders), help=_("Sales per order."), parts=RATIO),
    Measure("units", _("Units"), NUMBER, _units, parts=SUM),
    Measure("lines", _("Lines"), NUMBER, _lines, parts=SUM),
    Measure("discount", _("Discount"), MONEY, _discount, parts=SUM),
    Measure(
        "discount_rate",
        _("Discount rate"),
        PERCENT,
        share(_discount, _gross),
        help=_("Of the price before discount."),
        parts=RATIO,
    ),
    Measure("cost", _("Cost"), MONEY, lambda rows: rows.cost.sum(), of_cost=True, parts=SUM),
    Measure(
        "margin",
        _("Margin"),
        MONEY,
        _margin,
        of_cost=True,
        help=_("Sales less cost, where the cost is known."),
        parts=SUM,
    ),
    Measure("margin_rate", _("Margin rate"), PERCENT, share(_margin, _sales_of_known_cost), of_cost=True, parts=RATIO),
    Measure("sales_per_customer", _("Sales per customer"), MONEY, per(_sales, _customers), parts=RATIO),
    Measure("orders_per_customer", _("Orders per customer"), NUMBER, share(_orders, _customers), parts=RATIO),
    Measure("lines_per_order", _("Lines per order"), NUMBER, share(_lines, _orders), parts=RATIO),
    Measure("unit_price", _("Price per unit"), MONEY, per(_sales, _units), parts=RATIO),
    Measure("returned", _("Returned"), MONEY, _returned, help=_("What was paid back."), parts=SUM),
    Measure(
        "return_rate",
        _("Return rate"),
        PERCENT,
        share(_returned, _sold),
        help=_("Paid back, of what was sold."),
        parts=RATIO,
    ),
    Measure(
        "known", _("Known"), NUMBER, _lines, help=_("People and organisations, buyers or not."), base="party", parts=SUM
    ),
    Measure(
        "days_late",
        _("Days late"),
        NUMBER,
        lambda rows: rows.days_late.mean().round(1),
        help=_("How late customers pay on average, each counted once; below nothing: early."),
        base="paying",
        parts=RATIO,
    ),
    Measure(
        "invoices_paid", _("Invoices paid"), NUMBER, lambda rows: rows.invoices_paid.sum(), base="paying", parts=SUM
    ),
    Measure("open_amount", _("Open amount"), MONEY, lambda rows: rows.open_amount.sum(), base="paying", parts=SUM),
    Measure("overdue", _("Overdue amount"), MONEY, lambda rows: rows.overdue.sum(), base="paying", parts=SUM),
)


def all() -> dict[str, Measure]:  # noqa: A001  read as measures.all()
    """Every measure by name: the declared ones, those of the door "measure" and two per number among the custom fields
    of customers, worked-out ones too; none of what is hidden from who asks.
    """
    viewer = visibility.viewer_now()
    said = [(field.custom, "party", PROFILE) for field in profile.fields() if field.custom is not None]
    worked_out = [(field, WORKED_OUT.name, COMPUTED) for field in worked_out_fields()]
    custom = [measure for one in [*said, *worked_out] for measure in _of_field(*one)]
    every = [*DECLARED, *hooks.get("measure"), *custom]
    return {one.name: one for one in every if not reads_hidden(viewer, one)}


def _of_field(field: CustomField, base: str, prefix: str) -> list[Measure]:
    """The sum and the average of a number over customers, buyers or not; of other fields none."""
    if field.result not in ("number", "money"):
        return []
    column, format_ = prefix + field.key, MONEY if field.result == "money" else NUMBER

    def total(rows: ir.Table) -> ir.Value:
        return rows[column].sum()

    def mean(rows: ir.Table) -> ir.Value:
        return rows[column].mean()

    return [
        Measure(f"{field.key}_sum", _now("%(field)s, sum") % {"field": field.label}, format_, total, base=base),
        Measure(f"{field.key}_mean", _now("%(field)s, average") % {"field": field.label}, format_, mean, base=base),
    ]
