"""Values and their intervals on simulated customers, whose true expected values are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from guanxi.insight import tiering, valuing
from guanxi.insight.history import History, Statistics
from guanxi.insight.lifetime import BgNbd, GammaGamma, fit_bg_nbd, fit_gamma_gamma
from guanxi.insight.lifetime.simulate import simulate_bg_nbd, simulate_gamma_gamma
from guanxi.insight.purchasing import Purchases
from guanxi.insight.valuing import Discount, Spending, Valuation, Worth

PURCHASES = {"r": 0.8, "alpha": 6.0, "a": 0.8, "b": 2.5}
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
DISCOUNT = Discount(0.10, 5)
UNIT = 10_000


def customers(count: int, seed: int) -> Statistics:
    weeks = np.random.default_rng(seed).integers(10, 105, count)
    x, t_x, T = simulate_bg_nbd(PURCHASES, weeks.astype(float), seed, resolution=1 / 7)  # noqa: N806
    mean = simulate_gamma_gamma(SPEND, x, seed + 1)
    repeat = np.rint(np.nan_to_num(mean) * x * UNIT).astype(np.int64)
    first = -np.rint(T * 7).astype(np.int64)
    last = first + np.rint(t_x * 7).astype(np.int64)
    return Statistics(np.arange(count), first, last, x.astype(np.int64), repeat, repeat, 0)


def worth(known: Statistics, purchases: BgNbd, spend: GammaGamma) -> Worth:
    return valuation(purchases, spend).worth(known, np.ones(len(known)), np.zeros(len(known)))


def value_at(known: Statistics, purchases: BgNbd, spend: GammaGamma) -> np.ndarray:
    return valuation(purchases, spend).value(known, np.ones(len(known)), np.zeros(len(known)))


def valuation(purchases: BgNbd, spend: GammaGamma, discount: Discount = DISCOUNT) -> Valuation:
    return Valuation(Purchases("bg_nbd", purchases), Spending(spend, 30.0), discount, UNIT)


def test_four_in_five_intervals_hold_the_true_expected_value() -> None:
    """Over several businesses; within one, the intervals of all customers err together."""
    held = []
    for seed in range(200, 212):
        known = customers(2_000, seed)
        some = known.x > 0
        fitted = fit_bg_nbd(known.x, known.t_x, known.T)
        spend = fit_gamma_gamma(known.x[some], known.mean_spend[some] / UNIT)
        told = worth(known, fitted, spend)
        truth = value_at(known, BgNbd(PURCHASES), GammaGamma(SPEND))
        held.append(np.mean((told.low <= truth) & (truth <= told.high)))
    assert np.mean(held) == pytest.approx(0.8, abs=0.12)


def test_cells_tell_the_same_as_each_customer_by_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    known = customers(4_000, 7)
    some = known.x > 0
    fitted = fit_bg_nbd(known.x, known.t_x, known.T)
    spend = fit_gamma_gamma(known.x[some], known.mean_spend[some] / UNIT)
    by_cell = worth(known, fitted, spend)
    monkeypatch.setattr(valuing, "TOO_FEW_TO_GROUP", 10_000)
    alone = worth(known, fitted, spend)
    assert (by_cell.expected == alone.expected).all()
    assert by_cell.low.sum() == pytest.approx(alone.low.sum(), rel=0.01)
    assert by_cell.high.sum() == pytest.approx(alone.high.sum(), rel=0.01)
    width = alone.high - alone.low
    wide = width > np.median(width)
    assert np.median(np.abs((by_cell.high - by_cell.low)[wide] / width[wide] - 1)) < 0.1


def test_value_follows_rate_horizon_and_margin() -> None:
    known = customers(500, 3)
    fitted, spend = BgNbd(PURCHASES), GammaGamma(SPEND)
    ones, zeros = np.ones(500), np.zeros(500)

    def total(discount: Discount, rate: float = 1.0, cost: float = 0.0) -> float:
        return float(valuation(fitted, spend, discount).value(known, ones * rate, zeros + cost).sum())

    base = total(Discount(0.1, 5))
    assert total(Discount(0.2, 5)) < base < total(Discount(0.1, 10)) < total(Discount(0.1, None))
    assert total(Discount(0.1, 5), rate=0.4) == pytest.approx(0.4 * base)
    assert total(Discount(0.1, 5), cost=1.0) < base
    assert total(Discount(0.0, 1)) == pytest.approx(
        float((fitted.conditional_expected_purchases(365.25 / 7, known.x, known.t_x, known.T)
               * spend.expected_spend(known.x, known.mean_spend / UNIT)).sum()), rel=1e-6,
    )  # fmt: skip


def test_margins_and_costs_are_drawn_towards_the_mean() -> None:
    margin, amount, purchases = np.array([30.0, 0.0, 900.0]), np.array([100.0, 0.0, 1000.0]), np.array([2, 1, 100])
    rates = valuing.margin_rates(margin, amount, purchases)
    overall = 930 / 1100
    assert rates[1] == pytest.approx(overall)  # nothing of his own to go by
    assert 0.3 < rates[0] < overall < rates[2] < 0.9
    assert valuing.contact_costs(np.array([0.0, 90.0]), np.array([1, 8])) == pytest.approx([7.5, 120 / 11])


def test_next_purchase_goes_by_his_own_rhythm() -> None:
    weekly = np.arange(0, 210, 7)
    monthly = np.arange(0, 210, 30)
    history = History(
        np.repeat([1, 2], [len(weekly), len(monthly)]), np.concatenate([weekly, monthly]), np.full(37, UNIT), 210
    )
    begin, end = valuing.next_purchase(history.at(), np.array([0.99, 0.99]))
    assert (begin > 210).all() and (end > begin).all()
    assert end[0] < end[1]
    assert np.isnan(valuing.next_purchase(history.at(), np.array([0.01, 0.99]))[0][0])


def test_lorenz_grades_and_fifths() -> None:
    value = np.array([80.0, 10.0, 5.0, 3.0, 2.0, 0.0, -4.0])
    assert tiering.grades(value, 0.8, 0.95).tolist() == ["A", "B", "B", "C", "C", "C", "C"]
    curve = tiering.lorenz(value)
    assert curve[0] == [0.0, 0.0] and curve[-1] == [1.0, 1.0]
    assert all(up[1] >= down[1] for down, up in itertools.pairwise(curve))
    assert tiering.rfm(np.arange(10), np.arange(10), np.arange(10.0)).tolist()[0] == "111"
    assert tiering.rfm(np.arange(10), np.arange(10), np.arange(10.0)).tolist()[-1] == "555"
    assert (tiering.grades(np.zeros(3), 0.8, 0.95) == "C").all()
