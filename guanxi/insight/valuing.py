"""What each customer is worth: what he has left so far, what he is expected to leave, and how sure that is.

    expected value = discounted purchases ahead x (spend per purchase x margin - what a purchase costs in contacts)

Money is in whole units of currency here (floats); purchases are discounted continuously at ln(1 + rate) a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from guanxi.insight.history import Floats, Ints, Statistics
from guanxi.insight.purchasing import Purchases

WEEKS_A_YEAR = 365.25 / 7.0
DRAWS, SEED = 60, 20_050_101
LOW, HIGH = 10, 90  # percentiles of the interval
CELLS = (12, 14, 14)  # classes of purchases, of recency and of age by which draws are told: at most 2,352 cells
MARGIN_PRIOR, COST_PRIOR = 5.0, 3.0  # purchases that the mean of all counts as, beside a customer's own
CHUNK = 100_000
TOO_FEW_TO_GROUP = 2_500


@dataclass(frozen=True)
class Discount:
    """At what rate a year, and for how many years (None: for ever)."""

    rate: float
    years: int | None

    @property
    def per_week(self) -> float:
        return float(np.log1p(self.rate) / WEEKS_A_YEAR)

    @property
    def weeks(self) -> float | None:
        return None if self.years is None else self.years * WEEKS_A_YEAR

    @property
    def weighty_weeks(self) -> float:
        """The time without discount that weighs as much as all the discounted time: ∫ e**(-delta u) du."""
        delta = self.per_week
        if self.weeks is None:
            return 1.0 / delta
        return float(-np.expm1(-delta * self.weeks) / delta) if delta else self.weeks


@dataclass(frozen=True)
class Worth:
    """By customer: spend per purchase, expected value and its interval."""

    spend: Floats
    expected: Floats
    low: Floats
    high: Floats
    total_low: float  # the interval of all customers together, which is not the sum of theirs
    total_high: float


@dataclass(frozen=True)
class Spending:
    """What a purchase brings: the Gamma-Gamma model, or where it cannot be had the mean of all."""

    model: Any  # None: every customer is expected to spend the mean
    mean: float

    def of_each(self, x: Ints, mean_spend: Floats) -> Floats:
        """Expected spend per purchase (whole units); without a purchase to go by, what all spend."""
        if self.model is None:
            return np.full(len(x), self.mean)
        told = np.asarray(self.model.expected_spend(x, np.maximum(mean_spend, 0.0)))
        # The mean over all that the model knows of may be infinite (q <= 1): then what was seen stands for it.
        return np.where(np.isfinite(told), told, self.mean)


def margin_rates(margin: Floats, amount: Floats, purchases: Ints) -> Floats:
    """What share of his spend each customer leaves: his own, drawn towards that of all where he bought little."""
    total = amount.sum()
    overall = margin.sum() / total if total > 0 else 0.0
    usual = total / max(purchases.sum(), 1) * MARGIN_PRIOR
    weight = np.maximum(amount, 0.0) + usual
    own = np.where(amount > 0, margin, 0.0)
    rates = np.divide(own + usual * overall, weight, out=np.full(len(margin), overall), where=weight > 0)
    return np.asarray(np.clip(rates, -1.0, 1.0))


def contact_costs(cost: Floats, purchases: Ints) -> Floats:
    """What the contacts with each customer cost per purchase, drawn towards the mean of all."""
    overall = cost.sum() / max(purchases.sum(), 1)
    return np.asarray((cost + COST_PRIOR * overall) / (purchases + COST_PRIOR))


@dataclass(frozen=True)
class Valuation:
    """The models by which customers are valued. `unit` turns stored money into whole units; the customers' `rates`
    (margin as a share of spend) and `costs` (of contacts, per purchase) come with each question.
    """

    purchases: Purchases
    spending: Spending
    discount: Discount
    unit: float

    def value(self, known: Statistics, rates: Floats, costs: Floats) -> Floats:
        """The expected value of each customer alone, without its interval."""
        spend = self.spending.of_each(known.x, known.mean_spend / self.unit)
        return self._ahead(known) * (spend * rates - costs)

    def worth(self, known: Statistics, rates: Floats, costs: Floats) -> Worth:
        """The worth of each customer, with the interval that the uncertainty of the parameters leaves."""
        ahead = self._ahead(known)
        mean_spend = known.mean_spend / self.unit
        spend = self.spending.of_each(known.x, mean_spend)
        value = ahead * (spend * rates - costs)
        low, high, totals = self._interval(known, mean_spend, ahead, rates, costs)
        total = float(value.sum())
        total_low, total_high = (float(share) for share in np.percentile(totals, [LOW, HIGH]))
        return Worth(
            spend, value, np.minimum(low, value), np.maximum(high, value),
            min(total_low, total), max(total_high, total),
        )  # fmt: skip

    def _ahead(self, known: Statistics) -> Floats:
        delta, weeks = self.discount.per_week, self.discount.weeks
        return self.purchases.of_each(
            known, lambda model, s: model.discounted_expected_purchases(s.x, s.t_x, s.T, delta, weeks)
        )

    def _interval(
        self, known: Statistics, mean_spend: Floats, ahead: Floats, rates: Floats, costs: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """The 10th and 90th percentile of the expected value over parameters drawn from their sampling distribution,
        and what all customers come to together in each draw.

        How a draw moves the purchases ahead is told by cells of like customers (purchases, recency, age), for that is
        smooth; what it does to the spend is worked out for each.
        """
        cell, like = cells(known)
        factors = self._factors(like)
        spenders = self._spenders()
        low, high, totals = np.empty(len(known)), np.empty(len(known)), np.zeros(DRAWS)
        for begin in range(0, len(known), CHUNK):
            part = slice(begin, begin + CHUNK)
            values = np.stack(
                [
                    ahead[part] * factors[index][cell[part]]
                    * (spender.of_each(known.x[part], mean_spend[part]) * rates[part] - costs[part])
                    for index, spender in enumerate(spenders)
                ]
            )  # fmt: skip
            low[part], high[part] = np.percentile(values, [LOW, HIGH], axis=0)
            totals += values.sum(axis=1)
        return low, high, totals

    def _factors(self, like: Statistics) -> Floats:
        """By draw and customer, what a draw multiplies the purchases ahead by; told from purchases without discount
        over a time that weighs as much, which costs a fraction.
        """
        weeks = self.discount.weighty_weeks

        def ahead(drawn: Purchases) -> Floats:
            return drawn.of_each(like, lambda model, s: model.conditional_expected_purchases(weeks, s.x, s.t_x, s.T))

        base = ahead(self.purchases)
        draws = self.purchases.drawn(DRAWS, SEED)
        return np.stack([np.divide(ahead(one), base, out=np.ones(len(base)), where=base > 0) for one in draws])

    def _spenders(self) -> list[Spending]:
        """The models of spend at drawn parameters."""
        model, mean = self.spending.model, self.spending.mean
        if model is None:
            return [self.spending] * DRAWS
        return [Spending(drawn, mean) for drawn in model.draw(DRAWS, SEED + 1)]


def cells(known: Statistics) -> tuple[Ints, Statistics]:
    """Which cell each customer falls into, and the mean customer of every cell; few customers are a cell each."""
    if len(known) <= TOO_FEW_TO_GROUP:
        return np.arange(len(known)), known
    age = known.until - known.first
    recency = (known.last - known.first) / np.maximum(age, 1)
    codes = np.zeros(len(known), np.int64)
    for values, classes in zip((known.x, recency, age), CELLS, strict=True):
        edges = np.unique(np.quantile(values, np.linspace(0, 1, classes + 1)[1:-1]))
        codes = codes * classes + np.searchsorted(edges, values, side="right")
    distinct, cell = np.unique(codes, return_inverse=True)
    size = np.bincount(cell)

    def mean(values: Ints) -> Ints:
        return np.rint(np.bincount(cell, weights=values) / size).astype(np.int64)

    first = mean(known.first)
    x = mean(known.x)
    last = np.where(x > 0, np.maximum(mean(known.last), first + 1), first)
    nothing = np.zeros(len(distinct), np.int64)
    return cell, Statistics(nothing, first, np.minimum(last, known.until), x, nothing, nothing, known.until)


# What else the model says of a customer -------------------------------------------------------------------------------


def chance_of_none(days: int, known: Statistics, purchases: Purchases) -> Floats:
    """The chance of no purchase in the next `days`."""
    weeks = days / 7.0
    return 1.0 - purchases.of_each(known, lambda model, s: model.chance_of_purchase(weeks, s.x, s.t_x, s.T))


def next_purchase(known: Statistics, p_alive: Floats, low: float = 0.1, high: float = 0.9) -> tuple[Floats, Floats]:
    """Between which day numbers the next purchase is expected, given that he is still a customer; NaN where he hardly
    is.

    The gaps of a customer are taken as gamma distributed around his own usual gap (drawn towards that of all where he
    bought little), with the variability of all; the days of silence so far are conditioned on.
    """
    from scipy.special import gammainc, gammaincinv

    gaps = known.x.sum()
    if not gaps:
        return np.full(len(known), np.nan), np.full(len(known), np.nan)
    own = (known.last - known.first).astype(float)
    usual = own.sum() / gaps
    mean = (own + 2.0 * usual) / (known.x + 2.0)
    shape = 1.5  # somewhat more regular than chance, as most shoppers are
    scale = mean / shape
    silent = (known.until - known.last) / scale
    passed = gammainc(shape, silent)
    left = 1.0 - passed

    def day(share: float) -> Floats:
        ahead: Floats = gammaincinv(shape, np.minimum(passed + share * left, 1.0 - 1e-9)) * scale
        return np.asarray(known.last + np.maximum(np.round(ahead), known.until - known.last + 1.0))

    gone = p_alive < 0.2
    return tuple(np.where(gone, np.nan, day(share)) for share in (low, high))  # type: ignore[return-value]
