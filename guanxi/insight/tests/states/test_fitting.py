"""The fit: it climbs, it finds what the data came from, it does not mind how they are arranged, it refuses nonsense."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.insight.states import BadData, HiddenMarkov, NotConverged, fit_hidden_markov, simulate
from guanxi.insight.states.climbing import Wanted, beginning, climb
from guanxi.insight.states.panel import Panel, checked
from guanxi.insight.tests.states import known

DRAWN = simulate(known.THREE, 1500, 16, seed=7)


def close(model: HiddenMarkov, other: HiddenMarkov, *, rel: float = 1e-3) -> None:
    """Both have the same parameters, within a small part of their errors."""
    for name, value in model.params.items():
        assert other.params[name] == pytest.approx(value, rel=rel, abs=2e-3), name


def beyond(model: HiddenMarkov, truth) -> np.ndarray:
    """How many standard errors each free parameter is from the truth."""
    found = []
    for name, value in model.params.items():
        free = (model.standard_errors[name] > 0) & (truth.named[name] > 0 if name == "initial" else True)
        found.append(((value - truth.named[name])[free] / model.standard_errors[name][free]).ravel())
    return np.concatenate(found)


@settings(max_examples=40)
@given(
    st.integers(0, 100_000),
    st.sampled_from(["poisson", "negative_binomial", "binomial", "bernoulli"]),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_expectation_and_maximisation_never_lower_the_likelihood(seed, emission, states, lost, begin_lost, spends):
    random = np.random.default_rng(seed)
    rows = random.poisson(random.gamma(0.7, 2, (40, 1)) * (random.random((40, 8)) < 0.7))
    if emission in ("binomial", "bernoulli"):
        rows = np.minimum(rows, 1 if emission == "bernoulli" else 6)
    rows[0, 0] = 1
    spend = np.where(rows > 0, random.lognormal(2, 1, rows.shape), np.nan) if spends else None
    start = np.minimum(random.integers(0, 4, 40), (rows > 0).argmax(axis=1))
    acquired = (rows[np.arange(40), start] > 0) & (random.random(40) < 0.5)
    data = checked(rows, spend, start, None, random.uniform(0.2, 3, 40), acquired)
    wanted = Wanted(states, lost, emission, 6, begin_lost and lost)
    begun = beginning(data, wanted, random if seed % 2 else None)
    heights = [height for _, height in islice(climb(Panel.of(data), begun), 30)]
    for before, after in pairwise(heights):
        assert after >= before - 1e-7 * abs(before)


def test_order_splitting_and_merging_of_rows_do_not_matter():
    whole = fit_hidden_markov(DRAWN.purchases)
    order = np.random.default_rng(0).permutation(1500)
    close(whole, fit_hidden_markov(DRAWN.purchases[order]))
    halves = np.concatenate([DRAWN.purchases, DRAWN.purchases])
    split = fit_hidden_markov(halves, weight=np.full(3000, 0.5))
    close(whole, split)
    assert split.log_likelihood == pytest.approx(whole.log_likelihood, abs=0.01)
    assert split.standard_errors["rate"] == pytest.approx(whole.standard_errors["rate"], rel=0.01)
    distinct, times = np.unique(DRAWN.purchases, axis=0, return_counts=True)
    close(whole, fit_hidden_markov(distinct, weight=times))
    unweighted = np.concatenate([DRAWN.purchases, np.full((5, 16), 50)])
    close(whole, fit_hidden_markov(unweighted, weight=np.repeat([1.0, 0.0], [1500, 5])))


def test_the_same_seed_gives_the_same_figures_and_another_the_same_maximum():
    first, again = (fit_hidden_markov(DRAWN.purchases, seed=3) for _ in range(2))
    assert first.log_likelihood == again.log_likelihood
    other = fit_hidden_markov(DRAWN.purchases, seed=4, starts=4)
    assert other.log_likelihood == pytest.approx(first.log_likelihood, abs=2e-3)


def test_the_maximum_is_above_the_truth_and_flat():
    model = fit_hidden_markov(DRAWN.purchases)
    truth = HiddenMarkov(known.THREE).log_likelihoods(DRAWN.purchases).sum()
    # Twice the gain is chi-square of as many degrees as there are numbers.
    assert 0 <= model.log_likelihood - truth < 0.5 * (len(model.covariance) + 4 * np.sqrt(2 * len(model.covariance)))
    assert model.log_likelihoods(DRAWN.purchases).sum() == pytest.approx(model.log_likelihood, rel=1e-12)
    assert model.converged
    assert (np.diff(model.params["rate"]) > 0).all()
    fewer, more = (fit_hidden_markov(DRAWN.purchases, states=states) for states in (2, 4))
    assert model.bic < fewer.bic
    assert more.log_likelihood > model.log_likelihood - 0.01


def test_customers_who_begin_later_spend_and_are_lost_from_the_start():
    truth = known.two("negative_binomial", begin_lost=True, spend=True, size=2.0)
    start = np.random.default_rng(1).integers(0, 10, 4000)
    drawn = simulate(truth, 4000, 18, start=start, seed=2)
    model = fit_hidden_markov(
        drawn.purchases, drawn.spend, start=start, states=2, emission="negative_binomial", begin_lost=True
    )
    assert np.abs(beyond(model, truth)).max() < 3.5
    assert set(model.params) == {"initial", "transitions", "rate", "size", "spend_log_mean", "spend_log_deviation"}


def test_old_and_newly_acquired_customers_side_by_side():
    """The old may have left before the panel begins; the new are there because they bought."""
    truth = known.two(begin_lost=True)
    acquired = np.arange(4000) % 2 == 0
    start = np.where(acquired, np.random.default_rng(1).integers(0, 10, 4000), 0)
    drawn = simulate(truth, 4000, 18, start=start, acquired=acquired, seed=9)
    model = fit_hidden_markov(drawn.purchases, start=start, acquired=acquired, states=2, begin_lost=True)
    assert np.abs(beyond(model, truth)).max() < 3.5
    now = model.filtered(drawn.purchases, start=start, acquired=acquired, every_period=True)
    assert (now[acquired, start[acquired], 2] == 0).all()
    path = drawn.states[:, -1] == 2
    assert now[path, -1, 2].mean() > 0.7 > 0.3 > now[~path, -1, 2].mean()


def test_bernoulli_and_binomial_are_found():
    for emission, trials in (("bernoulli", 1), ("binomial", 4)):
        truth = known.two(emission, **({"trials": 4} if trials > 1 else {}))
        drawn = simulate(truth, 4000, 16, seed=5)
        model = fit_hidden_markov(drawn.purchases, states=2, emission=emission, trials=trials)
        assert np.abs(beyond(model, truth)).max() < 3.5


def test_effects_of_covariates_are_found_in_their_own_units():
    truth = known.two(covariates=2)
    driven = np.random.default_rng(3).normal(size=(3000, 14, 2)) + 0.2
    drawn = simulate(truth, 3000, 14, covariates=driven, seed=6)
    model = fit_hidden_markov(drawn.purchases, covariates=driven, states=2)
    away = beyond(model, truth)
    assert np.abs(away).max() < 3.5
    assert model.params["effects"].shape == (3, 3, 2)
    plain = fit_hidden_markov(drawn.purchases, states=2)
    assert model.log_likelihood > plain.log_likelihood + 50
    scaled = fit_hidden_markov(drawn.purchases, covariates=driven * [1000, 1] + [5e4, 0], states=2)
    assert scaled.params["effects"] * [1000, 1] == pytest.approx(model.params["effects"], rel=0.01, abs=0.01)
    assert scaled.log_likelihood == pytest.approx(model.log_likelihood, abs=0.01)


def test_a_sample_is_a_fit_on_so_many_customers():
    drawn = simulate(known.THREE, 7000, 16, seed=8)
    model = fit_hidden_markov(drawn.purchases, sample=5000, seed=1)
    assert model.customers == 5000
    assert np.abs(beyond(model, known.THREE)).max() < 3.5
    assert model.filtered(drawn.purchases).shape == (7000, 4)


def test_without_a_lost_state():
    model = fit_hidden_markov(DRAWN.purchases, states=2, lost=False)
    assert model.params["transitions"].shape == (2, 2)
    assert model.filtered(DRAWN.purchases).sum(axis=1) == pytest.approx(1)


def test_one_state_is_the_mean():
    rows = np.random.default_rng(0).poisson(1.3, (500, 10))
    model = fit_hidden_markov(rows, states=1, lost=False)
    assert model.params["rate"] == pytest.approx(rows.mean(), rel=1e-6)
    assert model.standard_errors["rate"] == pytest.approx(np.sqrt(rows.mean() / rows.size), rel=1e-3)


def test_counts_of_a_thousand_over_500_periods():
    rows = np.random.default_rng(0).choice([0, 1, 1000], size=(60, 500), p=[0.5, 0.3, 0.2])
    model = fit_hidden_markov(rows, states=2)
    assert model.params["rate"] == pytest.approx([0.375, 1000], rel=0.02)
    assert all(np.isfinite(errors).all() for errors in model.standard_errors.values())


def test_customers_who_are_all_alike_give_finite_figures_with_errors_that_say_so():
    model = fit_hidden_markov(np.ones((80, 12), int))
    assert model.params["rate"] == pytest.approx(1, abs=0.05)
    assert model.standard_errors["transitions"].max() > 0.5  # nothing tells the states apart
    assert np.isfinite(model.filtered(np.ones((3, 12), int))).all()


GOOD = DRAWN.purchases[:200]
WRONG = [
    ({"purchases": np.zeros((0, 5), int)}, BadData, "empty"),
    ({"purchases": np.zeros((5, 0), int)}, BadData, "empty"),
    ({"purchases": [1, 2, 3]}, BadData, "row per customer"),
    ({"purchases": [["a", "b"]]}, BadData, "not a number"),
    ({"purchases": np.where(GOOD[3, 2] == GOOD, np.nan, GOOD)}, BadData, "not a finite number"),
    ({"purchases": GOOD - 1}, BadData, "negative"),
    ({"purchases": GOOD + 0.5}, BadData, "whole number"),
    ({"purchases": GOOD * 0}, NotConverged, "nobody bought"),
    ({"purchases": GOOD[:1]}, NotConverged, "too little"),
    ({"emission": "bernoulli"}, BadData, "more than the 1"),
    ({"emission": "gauss"}, BadData, "there is no “gauss”"),
    ({"states": 0}, BadData, "at least 1"),
    ({"weight": np.full(200, -1.0)}, BadData, "negative"),
    ({"weight": np.zeros(200)}, BadData, "no customer"),
    ({"weight": np.ones(3)}, BadData, "shape"),
    ({"start": np.full(200, 16)}, BadData, "no period 0 … 15"),
    ({"start": np.full(200, np.nan)}, BadData, "finite"),
    ({"spend": np.full(GOOD.shape, -1.0)}, BadData, "not above 0"),
    ({"spend": np.full(GOOD.shape, np.inf)}, BadData, "not above 0"),
    ({"spend": np.full(GOOD.shape, 9.9)}, NotConverged, "every spend is the same"),
    ({"spend": np.full(GOOD.shape, np.nan)}, NotConverged, "leave spend out"),
    ({"acquired": GOOD[:, 0] == GOOD[:, 0]}, BadData, "no purchase in his first period"),
    ({"purchases": np.eye(16, dtype=int), "start": np.arange(16), "acquired": np.ones(16)}, NotConverged, "again"),
    ({"covariates": np.ones((200, 16, 1))}, BadData, "same everywhere"),
    ({"covariates": np.full((200, 16, 1), np.nan)}, BadData, "finite"),
    ({"covariates": np.ones((200, 15, 1))}, BadData, "shape"),
]


@pytest.mark.parametrize(("arguments", "error", "match"), WRONG)
def test_what_cannot_be_fitted_is_refused_in_words(arguments, error, match):
    with pytest.raises(error, match=match):
        fit_hidden_markov(**{"purchases": GOOD} | arguments)


def test_the_first_wrong_customer_is_named():
    rows = GOOD.astype(float)
    rows[17, 4] = np.nan
    with pytest.raises(BadData, match="period 4") as caught:
        fit_hidden_markov(rows)
    assert (caught.value.argument, caught.value.row) == ("purchases", 17)


def test_too_few_iterations_say_how_far_they_came():
    with pytest.raises(NotConverged, match="could still grow"):
        fit_hidden_markov(DRAWN.purchases, most_iterations=1)


def test_purchases_before_the_start_are_refused():
    with pytest.raises(BadData, match="before"):
        fit_hidden_markov(GOOD + 1, start=np.full(200, 3))
