"""The likelihood, its gradient and the filter against slower ways to the same figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.insight.states import HiddenMarkov, parameters, simulate
from guanxi.insight.states.panel import Panel, checked, merged
from guanxi.insight.states.parameters import Layout
from guanxi.insight.states.recursion import expect
from guanxi.insight.states.summit import Search
from guanxi.insight.tests.states import known

FAMILIES = [
    ("poisson", {}),
    ("negative_binomial", {"size": 2.0}),
    ("binomial", {"trials": 5}),
    ("bernoulli", {}),
]
START = np.array([0, 1, 0, 3, 2, 4])


@pytest.mark.parametrize(("emission", "more"), FAMILIES)
@pytest.mark.parametrize("covariates", [0, 2])
@pytest.mark.parametrize("begin_lost", [False, True])
def test_likelihood_and_filter_are_those_of_all_paths(emission, more, covariates, begin_lost):
    model = known.two(emission, spend=True, begin_lost=begin_lost, covariates=covariates, **more)
    driven = np.random.default_rng(2).normal(size=(6, 5, covariates)) if covariates else None
    drawn = simulate(model, 6, 5, start=START, covariates=driven, seed=3)
    drawn.spend[2, drawn.purchases[2] > 0] = np.nan  # a spend that is not known says nothing
    asked = HiddenMarkov(model)
    heights = asked.log_likelihoods(drawn.purchases, drawn.spend, START, driven)
    shares = asked.filtered(drawn.purchases, drawn.spend, START, driven)
    for row in range(6):
        of_row = None if driven is None else driven[row]
        height, share = known.by_every_path(model, drawn.purchases[row], drawn.spend[row], START[row], of_row)
        assert heights[row] == pytest.approx(height, abs=1e-11)
        assert shares[row] == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("begin_lost", [False, True])
def test_the_purchase_by_which_a_customer_came_is_given(begin_lost):
    model = known.two(begin_lost=begin_lost)
    acquired = np.array([True, False, True, True, False, True])
    drawn = simulate(model, 6, 5, start=START, acquired=acquired, seed=3)
    assert (drawn.purchases[acquired, START[acquired]] > 0).all()
    asked = HiddenMarkov(model)
    heights = asked.log_likelihoods(drawn.purchases, start=START, acquired=acquired)
    shares = asked.filtered(drawn.purchases, start=START, acquired=acquired)
    for row, (counts, start) in enumerate(zip(drawn.purchases, START, strict=True)):
        height, share = known.by_every_path(model, counts, np.full(5, np.nan), start, None, acquired[row])
        assert heights[row] == pytest.approx(height, abs=1e-11)
        assert shares[row] == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(("emission", "more"), FAMILIES)
@pytest.mark.parametrize("covariates", [0, 2])
def test_gradient_is_that_of_the_likelihood(emission, more, covariates):
    model = known.two(emission, spend=True, begin_lost=True, covariates=covariates, **more)
    driven = np.random.default_rng(2).normal(size=(60, 5, covariates)) if covariates else None
    start = np.resize(START, 60)
    acquired = np.resize([True, False, False], 60) & (emission != "bernoulli")
    drawn = simulate(model, 60, 5, start=start, covariates=driven, acquired=acquired, seed=4)
    drawn.purchases[:] = np.minimum(drawn.purchases, more.get("trials", 1 if emission == "bernoulli" else 99))
    weight = np.random.default_rng(1).uniform(0.5, 2, 60)
    panel = Panel.of(checked(drawn.purchases, drawn.spend, start, driven, weight, acquired), centre=model.centre)
    search, layout = Search(panel, 1e-3, 1), Layout(model)
    numbers = layout.pack(model) + 0.1
    _, gradient = search.height(layout, numbers)
    steps = np.eye(len(numbers)) * 1e-5
    by_difference = [
        (search.height(layout, numbers + step)[0] - search.height(layout, numbers - step)[0]) / 2e-5 for step in steps
    ]
    assert gradient == pytest.approx(np.array(by_difference), abs=1e-6)


@pytest.mark.parametrize(("emission", "more"), FAMILIES)
def test_numbers_without_bounds_are_the_parameters_again(emission, more):
    model = known.two(emission, spend=True, begin_lost=True, covariates=2, **more)
    layout = Layout(model)
    again = layout.unpack(layout.pack(model)).named
    for name, value in model.named.items():
        assert again[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name


@settings(max_examples=30)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(0, 10_000))
def test_expectations_account_for_every_period(counts, seed):
    model = known.two(begin_lost=True)
    rows = np.random.default_rng(seed).permuted(np.tile(counts, (3, 1)), axis=1)
    panel = Panel.of(checked(rows))
    found = expect(panel, model)
    assert found.initial.sum() == pytest.approx(3)
    assert found.counts.sum() == pytest.approx(3 * (len(counts) - 1))
    assert found.histogram[:, 1:].sum() == pytest.approx((rows > 0).sum())  # who bought was not lost


LONG = {
    "silence of 499 periods, then a purchase": [3, *[0] * 498, 1],
    "silence to the end": [3, *[0] * 499],
    "a thousand in every period": [1000] * 500,
    "a thousand after silence": [*[0] * 499, 1000],
    "nothing and a thousand in turn": [0, 1000] * 250,
    "nothing at all": [0] * 500,
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("rates", [[0.5, 3.0], [0.01, 400.0], [2.0, 1000.0]])
def test_long_panels_are_exact(name, rates):
    model = parameters(rate=rates, initial=[0.6, 0.4, 0], transitions=[[0.9, 0.05, 0.05], [0.1, 0.85, 0.05], [0, 0, 1]])
    rows = np.array([LONG[name]])
    height, path = known.in_logarithms(model, LONG[name])
    assert HiddenMarkov(model).log_likelihoods(rows)[0] == pytest.approx(height, rel=1e-10)
    found = HiddenMarkov(model).filtered(rows, every_period=True)[0]
    assert found == pytest.approx(path, abs=1e-9)
    expected = expect(Panel.of(checked(rows)), model)
    assert np.isfinite(expected.counts).all()
    assert expected.initial.sum() == pytest.approx(1)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_neither_order_nor_merging_of_rows_matters(seed):
    random = np.random.default_rng(seed)
    start = random.integers(0, 3, 200)
    rows = random.poisson(0.4, (200, 4)) * (np.arange(4) >= start[:, None])
    weight = random.uniform(0.1, 3, 200)
    order = random.permutation(200)
    model = known.two(begin_lost=True)
    whole = expect(Panel.of(checked(rows, start=start, weight=weight)), model)
    moved = expect(Panel.of(checked(rows[order], start=start[order], weight=weight[order])), model)
    fewer = merged(checked(rows, start=start, weight=weight))
    assert fewer.customers < 200
    assert fewer.weight.sum() == pytest.approx(weight.sum())
    for other in (moved, expect(Panel.of(fewer), model)):
        assert other.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)
        assert other.counts == pytest.approx(whole.counts, rel=1e-10)
        assert other.histogram == pytest.approx(whole.histogram, rel=1e-10)


def test_merging_keeps_apart_what_differs_in_spend_or_covariates():
    rows = np.tile([1, 0], (10, 1))
    spend = np.where(rows > 0, np.resize([5.0, 6.0], (10, 1)), np.nan)
    driven = np.zeros((10, 2, 1))
    driven[0, 0, 0] = 1
    assert merged(checked(rows)).customers == 1
    assert merged(checked(rows, spend)).customers == 2
    assert merged(checked(rows, spend, None, driven)).customers == 3
