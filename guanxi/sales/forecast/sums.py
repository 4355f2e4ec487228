"""What the deals of each person add up to in a period: two queries, both answered from an index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, fields
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from guanxi.sales.deals.models import Deal, ForecastCategory, Stage, State
from guanxi.sales.forecast.periods import Period

ZERO = Decimal(0)
MANY = 500  # people named in a condition; of more, all rows are added up and the others left out


@dataclass
class Sums:
    """Deals in the business's currency: won in the period, and open ones that are to close in it, by category."""

    won: Decimal = ZERO
    commit: Decimal = ZERO
    best_case: Decimal = ZERO
    pipeline: Decimal = ZERO
    omitted: Decimal = ZERO
    expected: Decimal = ZERO  # open deals times their probability, without those that are omitted
    deals: int = 0  # open, not omitted
    without_amount: int = 0  # of those: no value is known, or no rate of its currency

    @property
    def forecast(self) -> Decimal:
        """What is counted on: won, and committed to."""
        return self.won + self.commit

    @property
    def with_best(self) -> Decimal:
        """The same with the best case."""
        return self.forecast + self.best_case

    @property
    def likely(self) -> Decimal:
        """Won, and what is to be expected of the rest."""
        return self.won + self.expected

    def add(self, other: Sums) -> None:
        """Take another's sums in."""
        for name in NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.won or self.deals or self.omitted)


NAMES = tuple(one.name for one in fields(Sums))
NONE = Sums()  # of who has nothing; only read


def of_people(period: Period, people: Collection[int] | None) -> dict[int | None, Sums]:
    """The sums of each of these people; of all, and of nobody, where none are named."""
    found: dict[int | None, Sums] = defaultdict(Sums)
    wanted = None if people is None else set(people)
    _add_open(found, period, wanted)
    _add_won(found, period, wanted)
    return found


def _of(rows: QuerySet[Deal], wanted: set[int] | None) -> QuerySet[Deal]:
    return rows if wanted is None or len(wanted) > MANY else rows.filter(owner__in=sorted(wanted))


def _add_open(found: dict[int | None, Sums], period: Period, wanted: set[int] | None) -> None:
    by_stage = {stage.pk: stage.category for stage in Stage.objects.all()}
    rows = Deal.objects.filter(state=State.OPEN, expected_close__gte=period.start, expected_close__lte=period.last)
    grouped = _of(rows, wanted).order_by().values_list("owner", "stage", "forecast_category")
    added = grouped.annotate(added=Sum("amount"), likely=Sum("weighted"), deals=Count("*"), valued=Count("amount"))
    for owner, stage, said, amount, weighted, deals, valued in added:
        if wanted is not None and owner not in wanted:
            continue
        sums, category = found[owner], said or by_stage[stage]
        setattr(sums, category, getattr(sums, category) + (amount or ZERO))
        if category != ForecastCategory.OMITTED:
            sums.expected += weighted or ZERO
            sums.deals += deals
            sums.without_amount += deals - valued


def _add_won(found: dict[int | None, Sums], period: Period, wanted: set[int] | None) -> None:
    rows = Deal.objects.filter(Q(state=State.WON, closed_on__gte=period.start, closed_on__lte=period.last))
    for owner, amount in _of(rows, wanted).order_by().values_list("owner").annotate(added=Sum("amount")):
        if wanted is None or owner in wanted:
            found[owner].won += amount or ZERO
