"""What the models say of customers, against what simulated customers do, closed forms, and each other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import hyp2f1, hyperu

from guanxi.insight.lifetime import BgBb, BgNbd, GammaGamma, MbgNbd, ParetoNbd, Sbg
from guanxi.insight.lifetime.simulate import simulate_bg_bb
from guanxi.insight.tests.lifetime.customers import MODELS, PARAMS, customers

X, T_X, T = np.array([0, 1, 3, 12, 60]), np.array([0, 20.0, 30, 35, 38]), np.full(5, 40.0)


@pytest.mark.parametrize("kind", MODELS)
def test_calibration_by_decile(kind) -> None:
    """Customers watched for a year, then for half of one more: what is told of each tenth happens."""
    year, half = 52.0, 26.0
    count = 60_000
    x, t_x, later, there = watched(kind, count, year, half)
    model = kind(PARAMS[kind])
    T = np.full(count, year)
    expected = model.conditional_expected_purchases(half, x, t_x, T)
    alive, again = model.p_alive(x, t_x, T), model.chance_of_purchase(half, x, t_x, T)
    for figure, happened in ((expected, later), (alive, there), (again, later > 0)):
        for tenth in np.array_split(np.argsort(figure, kind="stable"), 10):
            error = np.std(happened[tenth]) / np.sqrt(len(tenth))
            assert abs(figure[tenth].mean() - happened[tenth].mean()) < 4.5 * error + 0.002


def watched(kind, count: int, year: float, half: float) -> tuple[np.ndarray, ...]:
    """x and t_x in the first year, purchases in the half year after, whether the customer was there when it began."""
    draw = np.random.default_rng(7)
    params = PARAMS[kind]
    pace = draw.gamma(params["r"], 1 / params["alpha"], count)
    if kind is ParetoNbd:
        end = draw.exponential(1 / draw.gamma(params["s"], 1 / params["beta"], count))
        leaving = np.zeros(count)
    else:
        end, leaving = np.full(count, np.inf), draw.beta(params["a"], params["b"], count)
        if kind is MbgNbd:
            end[draw.random(count) < leaving] = 0
    time, x, t_x, later = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    buying = np.arange(count)
    while len(buying):
        time[buying] += draw.exponential(1 / pace[buying])
        buying = buying[time[buying] < np.minimum(end[buying], year + half)]
        early = buying[time[buying] <= year]
        x[early] += 1
        t_x[early] = time[early]
        later[buying[time[buying] > year]] += 1
        left = buying[draw.random(len(buying)) < leaving[buying]]
        end[left] = time[left]
    return x, t_x, later, end > year


@pytest.mark.parametrize("a", [0.3, 0.9999, 1.0, 2.5])
def test_bg_nbd_is_its_closed_form(a: float) -> None:
    """Fader, Hardie & Lee 2005, equation 10; at a = 1 it has a hole, which the integral has not."""
    r, alpha, b, t = 0.25, 4.4, 2.4, 39.0
    model = BgNbd({"r": r, "alpha": alpha, "a": a, "b": b})
    at = a + 1e-6 if a == 1 else a
    z = t / (alpha + T + t)
    there = (at + b + X - 1) / (at - 1)
    there *= 1 - ((alpha + T) / (alpha + T + t)) ** (r + X) * hyp2f1(r + X, b + X, at + b + X - 1, z)
    gone = np.where(X > 0, a / (b + np.maximum(X, 1) - 1) * ((alpha + T) / (alpha + T_X)) ** (r + X), 0)
    assert_allclose(model.p_alive(X, T_X, T), 1 / (1 + gone), rtol=1e-12)
    assert_allclose(
        model.conditional_expected_purchases(t, X, T_X, T), there / (1 + gone), rtol=1e-5 if a == 1 else 1e-9
    )


@pytest.mark.parametrize("s", [0.4, 1.0, 1.7])
def test_dert_is_its_closed_form(s: float) -> None:
    """Fader, Hardie & Lee 2005, “RFM and CLV”, equation 2, over P(alive)."""
    r, alpha, beta, delta = 0.55, 10.6, 11.7, 0.002
    model = ParetoNbd({"r": r, "alpha": alpha, "s": s, "beta": beta})
    there = (r + X) / (alpha + T) * (beta + T) ** s * delta ** (s - 1) * hyperu(s, s, delta * (beta + T))
    assert_allclose(model.dert(X, T_X, T, delta), model.p_alive(X, T_X, T) * there, rtol=1e-8)


@pytest.mark.parametrize("kind", MODELS)
def test_discounting_agrees_with_expecting(kind) -> None:
    model = kind(PARAMS[kind])
    plain = model.conditional_expected_purchases(30, X, T_X, T)
    assert_allclose(model.discounted_expected_purchases(X, T_X, T, 0, horizon=30), plain, rtol=1e-8)
    some, more, ever = (model.discounted_expected_purchases(X, T_X, T, 0.01, horizon) for horizon in (52, 520, None))
    assert np.all(some < more) and np.all(more < ever)
    assert_allclose(model.discounted_expected_purchases(X, T_X, T, 0.01, 5_000), ever, rtol=1e-8)
    assert_allclose(model.discounted_expected_purchases(X, T_X, T, 0.01, 0), 0)
    # a discounted stream is the sum of its weeks, each at its own discount
    weeks = np.array([model.conditional_expected_purchases(week, X, T_X, T) for week in range(53)])
    middle = np.exp(-0.01 * (np.arange(52) + 0.5))
    assert_allclose(middle @ np.diff(weeks, axis=0), some, rtol=1e-3)


@pytest.mark.parametrize("kind", MODELS)
def test_many_customers_are_told_the_same_as_each_alone(kind) -> None:
    """Interpolation over distinct pairs, over flowing time, and the bare computation agree."""
    model = kind(PARAMS[kind])
    x, t_x, T = customers(kind, 6_000)
    whole = np.ceil(T)
    for times in (T, whole):
        for figure in (
            model.p_alive(x, t_x, times),
            model.conditional_expected_purchases(26, x, t_x, times),
            model.discounted_expected_purchases(x, t_x, times, 0.002),
        ):
            assert np.all(np.isfinite(figure)) and figure.min() >= 0
        for row in (0, 17, 400, int(np.argmax(x))):
            one = (x[row], t_x[row], times[row])
            assert model.p_alive(x, t_x, times)[row] == pytest.approx(model.p_alive(*one), rel=1e-9)
            assert model.discounted_expected_purchases(x, t_x, times, 0.002)[row] == pytest.approx(
                model.discounted_expected_purchases(*one, 0.002), rel=1e-8
            )


def test_new_customers_of_the_modified_model_may_leave_at_once() -> None:
    params = PARAMS[BgNbd]
    later, at_once = BgNbd(params), MbgNbd(params)
    assert later.p_alive(0, 0, 0) == 1
    assert at_once.p_alive(0, 0, 0) == pytest.approx(params["b"] / (params["a"] + params["b"]))
    assert at_once.expected_purchases(52) < later.expected_purchases(52)


def test_bg_bb_is_what_happens() -> None:
    truth = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    model = BgBb(truth)
    x, t_x, n = simulate_bg_bb(truth, np.full(100_000, 10), 3)
    assert model.expected_purchases(10) == pytest.approx(x.mean(), rel=0.02)
    chance = model.p_alive(x, t_x, n)
    assert np.all(chance[t_x == 10] == chance[t_x == 10].max())
    # what was expected of the first year is what is expected at its end, in the mean over what may happen
    first = simulate_bg_bb(truth, np.full(100_000, 4), 4)
    ahead = model.conditional_expected_purchases(6, *first).mean()
    assert ahead == pytest.approx(model.expected_purchases(10) - model.expected_purchases(4), rel=0.02)
    some, ever = (model.discounted_expected_purchases(3, 4, 6, 0.1, horizon) for horizon in (8, None))
    assert 0 < some < ever
    undiscounted = model.discounted_expected_purchases(3, 4, 6, 0, 8)
    assert undiscounted == pytest.approx(model.conditional_expected_purchases(8, 3, 4, 6))


def test_contracts_are_kept_the_more_surely_the_older_they_are() -> None:
    model = Sbg({"alpha": 0.7, "beta": 1.2})
    retention = model.retention(np.arange(1, 9))
    assert np.all(np.diff(retention) > 0)
    assert_allclose(model.survival(np.arange(1, 9)), np.cumprod(retention))
    assert model.expected_renewals(0, 3) == pytest.approx(model.survival([1, 2, 3]).sum())
    by_hand = sum(model.survival(5 + k) / model.survival(5) * np.exp(-0.1 * k) for k in range(1, 500))
    assert model.discounted_expected_renewals([0, 5], 0.1)[1] == pytest.approx(by_hand, rel=1e-9)


def test_spend_lies_between_his_own_and_that_of_all() -> None:
    model = GammaGamma({"p": 6.25, "q": 3.74, "v": 15.4})
    everybody = model.expected_spend(0, np.nan)
    often, seldom = model.expected_spend([100, 1], 80.0)
    assert everybody < seldom < often < 80
    assert np.isinf(GammaGamma({"p": 1, "q": 0.9, "v": 15}).expected_spend(0, 0))
