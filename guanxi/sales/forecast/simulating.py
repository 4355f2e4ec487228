"""What a period may bring, by chance: each open deal is won or not, many times over.

How likely a deal is, is asked at the door “deal_probabilities”: functions (numbers of deals) → {number: chance},
chances between 0 and 1, of those that they know. What nobody says comes from the deal, which has its stage's until
somebody changes it.

Deals are taken to be won or lost independently of each other; a bad year for all of them is not in the range.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db.models import BigIntegerField
from django.db.models.functions import Cast
from numpy.typing import NDArray

from guanxi.foundation import hooks
from guanxi.foundation.money import from_units
from guanxi.sales.deals import queries
from guanxi.sales.deals.models import Deal, ForecastCategory, State
from guanxi.sales.forecast.periods import Period
from guanxi.sales.forecast.sums import MANY

DRAWS = 4_000
SINGLY = 2_000  # the largest deals are drawn one by one; of the many small ones beyond them, only their sum
AT_ONCE = 500
SEED = 1
LOW, MIDDLE, HIGH = 10, 50, 90  # percent
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Range:
    """What was won, and with it what may come: with `low` and `high` the middle eight in ten of all draws."""

    won: Decimal
    low: Decimal
    middle: Decimal
    high: Decimal
    deals: int
    scored: int  # of these, how many have a chance from elsewhere than their stage


def may_bring(period: Period, won: Decimal, people: Collection[int] | None) -> Range:
    """The range of a period for these people, or for all."""
    numbers, amounts, default = _open(period, people)
    chances, scored = probabilities(numbers, default)
    low, middle, high = (
        won + from_units(round(float(one))) for one in np.percentile(draw(amounts, chances), (LOW, MIDDLE, HIGH))
    )
    return Range(won, low, middle, high, len(numbers), scored)


def probabilities(numbers: Numbers, default: Floats) -> tuple[Floats, int]:
    """The chance of each deal, and of how many somebody said it."""
    said: dict[int, float] = {}
    listed = numbers.tolist()
    for ask in reversed(hooks.get("deal_probabilities")):  # of several that know a deal, the first one counts
        said.update(ask(listed))
    found = np.array([said.get(number, np.nan) for number in listed], dtype=np.float64)
    known = ~np.isnan(found)
    return np.clip(np.where(known, found, default), 0.0, 1.0), int(known.sum())


def draw(amounts: Floats, chances: Floats, draws: int = DRAWS) -> Floats:
    """The sum of what is won, drawn so many times; the same for the same deals."""
    generator = np.random.default_rng(SEED)
    order = np.argsort(-amounts, kind="stable")
    amounts, chances = amounts[order], chances[order]
    total = np.zeros(draws)
    for start in range(0, min(len(amounts), SINGLY), AT_ONCE):
        part = slice(start, min(start + AT_ONCE, SINGLY))
        won = generator.random((draws, len(amounts[part])), dtype=np.float32) < chances[part].astype(np.float32)
        total += won @ amounts[part]
    small, rest = amounts[SINGLY:], chances[SINGLY:]
    if len(small):
        spread = np.sqrt(np.sum(small**2 * rest * (1 - rest)))
        total += np.clip(generator.normal(np.sum(small * rest), spread, draws), 0, np.sum(small))
    return total


def _open(period: Period, people: Collection[int] | None) -> tuple[Numbers, Floats, Floats]:
    """Numbers, amounts (in ten-thousandths) and chances of the open deals that count."""
    rows = Deal.objects.filter(
        state=State.OPEN, expected_close__gte=period.start, expected_close__lte=period.last, amount__gt=0
    ).exclude(queries.in_categories([ForecastCategory.OMITTED]))
    if people is not None and len(people) <= MANY:
        rows = rows.filter(owner__in=sorted(people))
    found = rows.order_by("pk").values_list("pk", "owner", Cast("amount", BigIntegerField()), "probability")
    among = None if people is None else set(people)
    table = np.array(
        [(pk, amount, chance) for pk, owner, amount, chance in found if among is None or owner in among],
        dtype=np.float64,
    ).reshape(-1, 3)
    return table[:, 0].astype(np.int64), table[:, 1], table[:, 2] / 100
