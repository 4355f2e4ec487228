"""What can be asked of orders: what a party buys, when, how much, and how he compares with the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum

from guanxi.catalog.models import Category
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.visibility import Viewer
from guanxi.orders.models import UNCOUNTED, Order, OrderLine, PurchaseSummary

YEAR = timedelta(days=365)
MONTHS_SHOWN = 12
MOST_LINES_READ = 20_000  # of one party; beyond that "buys most" speaks of his newest orders


@dataclass(frozen=True)
class Bought:
    """What a party buys: a category (or product), in how many orders, and what he paid for it."""

    name: str
    category_id: int | None
    times: int
    amount: Decimal


@dataclass(frozen=True)
class MonthOfPurchases:
    first_day: date
    amount: Decimal
    orders: int


@dataclass(frozen=True)
class Rhythm:
    """How often a party buys and how long he has been silent, in days; `allowed` is how long he may be."""

    usual: float | None
    silent: int
    allowed: int | None

    @property
    def overdue(self) -> bool:
        return self.allowed is not None and self.silent >= self.allowed

    @property
    def due(self) -> bool:
        return self.allowed is not None and not self.overdue and self.silent >= (self.usual or 0)


def orders(viewer: Viewer, *, party: Party | int | None = None) -> QuerySet[Order]:
    """Orders that `viewer` may see, with party, place and sales person."""
    rows = Order.objects.visible_to(viewer).select_related("party", "place", "sales_person", "source")
    return rows if party is None else rows.filter(party=party)


def counted(viewer: Viewer) -> QuerySet[Order]:
    """Of the orders that `viewer` may see those by which something was bought: no drafts, none cancelled."""
    return Order.objects.visible_to(viewer).exclude(state__in=UNCOUNTED)


def lines(order: Order, viewer: Viewer) -> QuerySet[OrderLine]:
    """The lines of an order with their products, in the order in which they were written."""
    rows = OrderLine.objects.visible_to(viewer).filter(order=order)
    return rows.select_related("product__category", "product__unit").order_by("id")


def purchases(party: Party | int, viewer: Viewer) -> PurchaseSummary | None:
    """What the orders of `party` say in sum; None where there are none."""
    return PurchaseSummary.objects.visible_to(viewer).filter(party=party).first()


def rhythm(summary: PurchaseSummary) -> Rhythm:
    """The rhythm of a party as of today."""
    allowed = (summary.overdue_from - summary.last_day).days if summary.overdue_from else None
    return Rhythm(summary.gap_mean, max((clock.today() - summary.last_day).days, 0), allowed)


def buys_most(party: Party | int, viewer: Viewer, *, limit: int = 5) -> list[Bought]:
    """The categories bought in most orders during the last twelve months, and what was paid for them."""
    since = clock.start_of(clock.today() - YEAR)
    recent = counted(viewer).filter(party=party, placed_at__gte=since, kind=Order.Kind.SALE)
    newest = list(recent.order_by("-placed_at", "-id").values_list("id", "line_count")[:2_000])
    kept: list[int] = []
    count = 0
    for number, size in newest:
        count += size
        if count > MOST_LINES_READ and kept:
            break
        kept.append(number)
    rows = (
        OrderLine.objects.filter(order__in=kept, product__category__isnull=False)
        .values("product__category")
        .annotate(times=Count("order", distinct=True), paid=Sum("amount"))
        .order_by("-times", "-paid")[:limit]
    )
    found = list(rows)
    names = dict(Category.objects.filter(pk__in=[row["product__category"] for row in found]).values_list("id", "name"))
    return [
        Bought(names[row["product__category"]], row["product__category"], row["times"], row["paid"]) for row in found
    ]


def by_month(party: Party | int, viewer: Viewer, *, months: int = MONTHS_SHOWN) -> list[MonthOfPurchases]:
    """What `party` paid in each of the last `months` months, the present one included; months without are zero."""
    firsts = [clock.today().replace(day=1)]
    while len(firsts) < months:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    rows = counted(viewer).filter(party=party, placed_at__gte=clock.start_of(firsts[-1]))
    paid: dict[date, Decimal] = defaultdict(Decimal)
    count: dict[date, int] = defaultdict(int)
    for day, amount, kind in rows.values_list("day", "amount", "kind"):
        paid[day.replace(day=1)] += amount
        count[day.replace(day=1)] += kind == Order.Kind.SALE
    return [MonthOfPurchases(first, paid[first], count[first]) for first in reversed(firsts)]


def last_day_of(first: date) -> date:
    """The last day of the month that begins on `first`."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def fetch_orders(ids: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """Orders by id, for the cards of a timeline."""
    return {order.pk: order for order in orders(viewer).filter(pk__in=ids)}
