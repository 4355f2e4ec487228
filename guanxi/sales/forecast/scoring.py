"""How right past forecasts were: by how long before the end, by person, by stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals.models import Stage
from guanxi.sales.forecast import periods
from guanxi.sales.forecast.actions.nights import HORIZONS
from guanxi.sales.forecast.models import PersonScore, StageScore
from guanxi.sales.forecast.outlook import require_view, seen_by
from guanxi.sales.forecast.sums import ZERO
from guanxi.sales.forecast.teams import tree

WAYS = ("original", "said", "expected")  # of forecasting: the deals, what people said, by probability
USUAL = 30  # days before the end, by which people are compared
LAST = 8  # periods of a kind that are counted


@dataclass(frozen=True)
class Score:
    """Forecasts of several periods beside what came.

    `error` is the sum of what each missed by, of what came in all: people who were too high do not make up for others
    who were too low. `bias` lets them.
    """

    actual: Decimal
    forecast: dict[str, Decimal]
    missed: dict[str, Decimal]
    cases: int

    def error(self, way: str) -> float | None:
        """The share by which it was wrong; None where nothing came."""
        return float(self.missed[way] / self.actual) if self.actual else None

    def bias(self, way: str) -> float | None:
        """The share by which it was too high, or, less than nothing, too low."""
        return float((self.forecast[way] - self.actual) / self.actual) if self.actual else None


@dataclass(frozen=True)
class OfStage:
    """Of the deals of a stage: by chance expected, and come."""

    stage: str
    deals: int
    won_deals: int
    amount: Decimal
    expected: Decimal
    actual: Decimal

    @property
    def won_share(self) -> float:
        """The share of its deals that were won in the period."""
        return self.won_deals / self.deals if self.deals else 0.0


@dataclass(frozen=True)
class Scores:
    """All scores that somebody sees."""

    kind: str
    days: int
    keys: list[str]
    by_horizon: list[tuple[int, Score]]
    by_person: list[tuple[str, int | None, Score]]
    by_stage: list[OfStage]


def scores(viewer: Viewer, kind: str = periods.QUARTER, days: int = USUAL) -> Scores:
    """Of the last periods of a kind that were scored. Raises NotAllowed."""
    require_view(viewer)
    units = seen_by(viewer, tree())
    keys = _keys(kind)
    rows = PersonScore.objects.filter(period__in=keys)
    if units.people is not None:
        rows = rows.filter(user__in=sorted(units.people))
    # A sum of all is wrong by what all together missed; each person by what he missed, period by period.
    together: list[Any] = list(rows.values("period", "days").annotate(*(Sum(name) for name in (*WAYS, "actual"))))
    single = list(rows.filter(days=days))
    people = {user.pk: str(user) for user in User.objects.filter(pk__in={row.user for row in single if row.user})}
    by_person = [
        (
            people.get(number, f"#{number}") if number else "",
            number,
            _score([_plain(row) for row in single if row.user == number]),
        )
        for number in {row.user for row in single}
    ]
    return Scores(
        kind=kind,
        days=days,
        keys=sorted(keys),
        by_horizon=[
            (horizon, _score([_summed(row) for row in together if row["days"] == horizon]))
            for horizon in HORIZONS
            if any(row["days"] == horizon for row in together)
        ],
        by_person=sorted(by_person, key=lambda one: one[0].casefold()),
        by_stage=_by_stage(keys, days) if units.people is None else [],
    )


def _keys(kind: str) -> list[str]:
    """The last scored periods of a kind."""
    known = PersonScore.objects.order_by().values_list("period", flat=True).distinct()
    return sorted(key for key in known if periods.read(key).kind == kind)[-LAST:]


def _plain(row: PersonScore) -> dict[str, Decimal]:
    return {name: getattr(row, name) for name in (*WAYS, "actual")}


def _summed(row: dict[str, Any]) -> dict[str, Decimal]:
    return {name: row[f"{name}__sum"] or ZERO for name in (*WAYS, "actual")}


def _score(cases: Iterable[dict[str, Decimal]]) -> Score:
    cases = list(cases)
    return Score(
        actual=sum((one["actual"] for one in cases), ZERO),
        forecast={way: sum((one[way] for one in cases), ZERO) for way in WAYS},
        missed={way: sum((abs(one[way] - one["actual"]) for one in cases), ZERO) for way in WAYS},
        cases=len(cases),
    )


def _by_stage(keys: list[str], days: int) -> list[OfStage]:
    names = {stage.pk: str(stage) for stage in Stage.objects.select_related("pipeline")}
    order = {number: place for place, number in enumerate(names)}
    rows = (
        StageScore.objects.filter(period__in=keys, days=days)
        .order_by()
        .values_list("stage")
        .annotate(*(Sum(name) for name in ("deals", "won_deals", "amount", "expected", "actual")))
    )
    return [
        OfStage(names.get(stage, f"#{stage}"), deals, won, amount, expected, actual)
        for stage, deals, won, amount, expected, actual in sorted(rows, key=lambda row: order.get(row[0], 999))
    ]
