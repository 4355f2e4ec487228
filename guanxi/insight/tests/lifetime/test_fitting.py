"""Fits find again what was simulated, with exact derivatives, whatever the unit, order and weights of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from guanxi.insight.lifetime import BgNbd, MbgNbd, Model, ParetoNbd, fit_bg_bb, fit_gamma_gamma, fit_sbg
from guanxi.insight.lifetime.bg_bb import Terms
from guanxi.insight.lifetime.gamma_gamma import Spending
from guanxi.insight.lifetime.likelihood import Histories
from guanxi.insight.lifetime.rows import distinct
from guanxi.insight.lifetime.sbg import _objective
from guanxi.insight.lifetime.simulate import simulate_bg_bb, simulate_gamma_gamma, simulate_sbg
from guanxi.insight.tests.lifetime.customers import MODELS, PARAMS, customers


def assert_recovered(model: Model, truth: dict[str, float], errors: float = 4.0) -> None:
    """The parameters are those of the simulation, give or take a few standard errors, taken jointly."""
    apart = np.log(model.values) - np.log([truth[name] for name in model.names])
    assert apart @ np.linalg.solve(model.covariance, apart) < errors**2
    assert all(error < 0.5 * model.params[name] for name, error in model.standard_errors.items())


# Recovery ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_purchase_models_are_recovered(kind) -> None:
    assert_recovered(kind.fit(*customers(kind, 20_000)), PARAMS[kind])


@pytest.mark.parametrize("kind", MODELS)
def test_intervals_cover_the_truth(kind) -> None:
    """The covariance is right: the squared distance to the truth, in its terms, is that of chi-square with 4."""
    distances = []
    for seed in range(8):
        model = kind.fit(*customers(kind, 1_500, seed=100 + 2 * seed))
        apart = np.log(model.values) - np.log([PARAMS[kind][name] for name in model.names])
        distances.append(apart @ np.linalg.solve(model.covariance, apart))
    assert 1.5 < np.mean(distances) < 8


def test_gamma_gamma_is_recovered() -> None:
    x, _, _ = customers(BgNbd, 20_000)
    truth = {"p": 4.0, "q": 3.5, "v": 20.0}
    assert_recovered(fit_gamma_gamma(x, simulate_gamma_gamma(truth, x, 3)), truth)


def test_bg_bb_is_recovered() -> None:
    truth = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    n = np.random.default_rng(1).integers(5, 13, 20_000)
    assert_recovered(fit_bg_bb(*simulate_bg_bb(truth, n, 2)), truth)


def test_sbg_is_recovered_from_one_cohort_and_from_several() -> None:
    truth = {"alpha": 0.9, "beta": 3.2}
    survivors = simulate_sbg(truth, 20_000, 8, 1)
    assert_recovered(fit_sbg(survivors=survivors), truth)
    lost, remaining = np.zeros(8), np.zeros(8)
    for periods in range(1, 9):
        cohort = simulate_sbg(truth, 3_000, periods, periods)
        lost[:periods] -= np.diff(cohort)
        remaining[periods - 1] = cohort[-1]
    assert_recovered(fit_sbg(lost, remaining), truth)


# Derivatives ------------------------------------------------------------------------------------------------------


def assert_derivatives(objective, logs: np.ndarray) -> None:
    """The gradient is that of the value, the second derivatives are those of the gradient."""
    point, step = objective(logs), 1e-5
    ahead = [(objective(logs + step * one), objective(logs - step * one)) for one in np.eye(len(logs))]
    gradient = [(up.value - down.value) / (2 * step) for up, down in ahead]
    hessian = [(up.gradient - down.gradient) / (2 * step) for up, down in ahead]
    scale = np.abs(point.hessian).max()
    assert_allclose(point.gradient, gradient, atol=1e-6 * scale, rtol=1e-6)
    assert_allclose(point.hessian, hessian, atol=1e-7 * scale, rtol=1e-6)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("size", [500, 6_000], ids=["distinct pairs", "interpolated"])
def test_derivatives_of_purchase_models(kind, size: int) -> None:
    histories = Histories.of(distinct(*customers(kind, size), None))
    assert (len(histories.left.x) < size) == (size > 5_000)
    for other in ([0.4, 5.0, 0.5, 3.0], [2.0, 30.0, 1.5, 0.7], [0.5, 0.1, 0.3, 40.0]):
        assert_derivatives(lambda logs: histories.log_likelihood(kind.parts, np.exp(logs)), np.log(other))


def test_derivatives_of_the_other_models() -> None:
    x, t_x, n = simulate_bg_bb({"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}, np.full(300, 7), 2)
    assert_derivatives(Terms.of(distinct(x, t_x, n, None)).log_likelihood, np.log([0.8, 1.5, 0.4, 2.0]))
    x = np.arange(1.0, 200) % 9 + 1
    spend = simulate_gamma_gamma({"p": 4.0, "q": 3.5, "v": 20.0}, x, 3)
    assert_derivatives(Spending.of(x, spend, np.full(199, 2.0)).log_likelihood, np.log([2.0, 5.0, 9.0]))
    assert_derivatives(_objective(np.array([30.0, 20, 9]), np.array([4.0, 5, 50])), np.log([0.8, 2.0]))


@pytest.mark.parametrize("kind", MODELS)
def test_interpolation_in_time_changes_nothing(kind, monkeypatch) -> None:
    rows = distinct(*customers(kind, 6_000), None)
    interpolated = Histories.of(rows).log_likelihood(kind.parts, np.array(list(PARAMS[kind].values())))
    monkeypatch.setattr("guanxi.insight.lifetime.rows.FINE", 1_000_000)
    exact = Histories.of(rows).log_likelihood(kind.parts, np.array(list(PARAMS[kind].values())))
    assert interpolated.value == pytest.approx(exact.value, rel=1e-11)
    assert_allclose(interpolated.gradient, exact.gradient, atol=1e-6)
    assert_allclose(interpolated.hessian, exact.hessian, rtol=1e-8)


# What must not matter ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_days_and_weeks_are_worth_the_same(kind) -> None:
    x, t_x, T = customers(kind, 1_200)
    weeks, days = kind.fit(x, t_x, T), kind.fit(x, 7 * t_x, 7 * T)
    for name, value in weeks.params.items():
        assert days.params[name] == pytest.approx(value * (7 if name in ("alpha", "beta") else 1), rel=1e-6)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - x.sum() * np.log(7), abs=1e-6)
    assert_allclose(
        days.discounted_expected_purchases(x, 7 * t_x, 7 * T, 0.1 / 364),
        weeks.discounted_expected_purchases(x, t_x, T, 0.1 / 52),
        rtol=1e-5,
    )


def test_the_currency_does_not_matter() -> None:
    x, _, _ = customers(BgNbd, 1_000)
    spend = simulate_gamma_gamma({"p": 4.0, "q": 3.5, "v": 20.0}, x, 3)
    one, other = fit_gamma_gamma(x, spend), fit_gamma_gamma(x, spend * 31.7)
    assert_allclose(other.expected_spend(x, spend * 31.7), 31.7 * one.expected_spend(x, spend), rtol=1e-6)


@pytest.mark.parametrize("kind", [BgNbd, MbgNbd, ParetoNbd])
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_rows_and_splitting_of_weights_do_not_matter(kind, seed: int) -> None:
    x, t_x, T = (np.round(column) for column in customers(kind, 400))
    t_x = np.where(x > 0, np.clip(t_x, 1, T), 0)
    draw = np.random.default_rng(seed)
    weight = draw.integers(1, 5, len(x)).astype(float)
    whole = kind.fit(x, t_x, T, weight)
    rows = draw.permutation(np.repeat(np.arange(len(x)), weight.astype(int)))
    split = kind.fit(x[rows], t_x[rows], T[rows])
    assert_allclose(split.values, whole.values, rtol=1e-5)
    assert split.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-6)
    share = draw.uniform(0.2, 0.8, len(x))
    twice = np.concatenate([np.arange(len(x))] * 2)
    halves = np.concatenate([weight * share, weight * (1 - share)])
    assert_allclose(kind.fit(x[twice], t_x[twice], T[twice], halves).values, whole.values, rtol=1e-5)


def test_rows_of_no_weight_do_not_count() -> None:
    x, t_x, T = customers(BgNbd, 400)
    weight = np.ones(400)
    weight[::2] = 0
    assert_allclose(BgNbd.fit(x, t_x, T, weight).values, BgNbd.fit(x[1::2], t_x[1::2], T[1::2]).values, rtol=1e-9)


# Errors of parameters ---------------------------------------------------------------------------------------------


def test_draws_have_the_fitted_spread() -> None:
    model = BgNbd.fit(*customers(BgNbd, 5_000))
    drawn = np.log([other.values for other in model.draw(4_000, seed=5)])
    assert_allclose(drawn.mean(axis=0), np.log(model.values), atol=0.02)
    assert_allclose(np.cov(drawn.T), model.covariance, rtol=0.15, atol=0.001)
    assert [other.params for other in model.draw(3, 5)] == [other.params for other in model.draw(3, 5)]


def test_a_model_at_given_parameters_knows_no_errors() -> None:
    model = BgNbd(PARAMS[BgNbd])
    with pytest.raises(ValueError, match="only a fitted one"):
        _ = model.standard_errors
    assert model.with_params({"b": 1, "a": 2, "alpha": 3, "r": 4}).params == {"r": 4, "alpha": 3, "a": 2, "b": 1}
