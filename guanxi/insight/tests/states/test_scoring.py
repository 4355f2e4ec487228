"""What a model says of customers: filter, next period, expected purchases, to and from JSON, drawn customers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from guanxi.insight.states import BadData, HiddenMarkov, parameters, simulate
from guanxi.insight.tests.states import known

MODEL = HiddenMarkov(known.THREE)


def test_the_path_ends_with_the_last_period_and_says_nothing_before_the_start():
    drawn = simulate(known.THREE, 300, 8, start=np.resize([0, 3, 7], 300))
    start = np.resize([0, 3, 7], 300)
    path = MODEL.filtered(drawn.purchases, start=start, every_period=True)
    assert path[:, -1] == pytest.approx(MODEL.filtered(drawn.purchases, start=start), abs=1e-15)
    assert (np.isnan(path).all(axis=2) == (np.arange(8) < start[:, None])).all()
    assert np.nansum(path, axis=2)[:, -1] == pytest.approx(1)


def test_the_filter_does_not_look_ahead():
    drawn = simulate(known.THREE, 200, 10)
    path = MODEL.filtered(drawn.purchases, every_period=True)
    for periods in (1, 4, 9):
        assert MODEL.filtered(drawn.purchases[:, :periods]) == pytest.approx(path[:, periods - 1], abs=1e-12)


def test_probabilities_are_calibrated():
    drawn = simulate(known.THREE, 20_000, 12, seed=1)
    shares = MODEL.filtered(drawn.purchases)
    for state in range(4):
        was = drawn.states[:, -1] == state
        for low in np.arange(0, 1, 0.2):
            told = (shares[:, state] >= low) & (shares[:, state] < low + 0.2)
            if told.sum() > 200:
                error = np.sqrt(0.25 / told.sum())
                assert was[told].mean() == pytest.approx(shares[told, state].mean(), abs=4 * error)


def test_who_buys_is_not_lost_and_who_falls_silent_is_more_and_more():
    silent = np.array([[4, 5, 3, *[0] * 12]])
    lost = MODEL.filtered(silent, every_period=True)[0, :, 3]
    assert (lost[:3] == 0).all()
    assert (np.diff(lost[2:]) > 0).all()


def test_expected_purchases_are_those_that_come():
    drawn = simulate(known.THREE, 40_000, 18, seed=2)
    now = MODEL.filtered(drawn.purchases[:, :12])
    came = drawn.purchases[:, 12:].sum(axis=1)
    expected = MODEL.expected_purchases(now, 6)
    for tenth in np.array_split(np.argsort(expected), 10):
        error = came[tenth].std() / np.sqrt(len(tenth))
        assert expected[tenth].mean() == pytest.approx(came[tenth].mean(), abs=4 * error)
    by_steps, state = 0.0, now
    for _ in range(6):
        state = MODEL.next(state)
        by_steps = by_steps + state @ MODEL.rate
    assert expected == pytest.approx(by_steps)
    assert (MODEL.expected_purchases(now, 0) == 0).all()


def test_covariates_move_the_next_period():
    model = HiddenMarkov(known.two(covariates=1))
    now = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    ahead = model.next(now, [[0.2], [1.2]])
    assert ahead[0] == pytest.approx(model.next(now)[0])  # the mean
    assert ahead[1] == pytest.approx(now[1] @ known.matrix(model.parameters, np.array([1.2])))
    expected = model.expected_purchases(now, 1, [[0.2], [1.2]])
    assert expected == pytest.approx(ahead @ model.rate)
    with pytest.raises(BadData, match="covariates"):
        model.filtered([[1, 0]])
    with pytest.raises(BadData, match="there are 2"):
        model.filtered([[1, 0]], covariates=np.zeros((1, 2, 2)))


@pytest.mark.parametrize(
    "model",
    [known.THREE, known.two("negative_binomial", spend=True, size=3.0), known.two("binomial", trials=5, covariates=2)],
)
def test_a_model_survives_json(model):
    again = HiddenMarkov.from_json(json.loads(json.dumps(HiddenMarkov(model).as_json())))
    driven = None if model.effects is None else np.random.default_rng(0).normal(size=(50, 6, 2))
    drawn = simulate(model, 50, 6, covariates=driven)
    before = HiddenMarkov(model).filtered(drawn.purchases, drawn.spend, covariates=driven)
    assert again.filtered(drawn.purchases, drawn.spend, covariates=driven) == pytest.approx(before, abs=1e-12)


def test_drawn_customers_live_by_the_model():
    start = np.resize([0, 5], 40_000)
    drawn = simulate(known.THREE, 40_000, 10, start=start)
    assert (drawn.states[start == 5, :5] == -1).all()
    assert (drawn.purchases[drawn.states == -1] == 0).all()
    assert (drawn.purchases[drawn.states == 3] == 0).all()
    assert np.bincount(drawn.states[start == 0, 0], minlength=4) / 20_000 == pytest.approx([0.5, 0.3, 0.2, 0], abs=0.02)
    came_from = drawn.states[:, 5:9]
    for state in range(4):
        here = came_from == state
        shares = np.bincount(drawn.states[:, 6:][here], minlength=4) / here.sum()
        assert shares == pytest.approx(known.THREE.transitions[state], abs=0.015)
        if state < 3:
            assert drawn.purchases[:, 5:9][here].mean() == pytest.approx(known.THREE.purchases.mean[state], rel=0.03)


def test_parameters_that_do_not_fit_are_refused():
    good = {"rate": [1.0, 2.0], "initial": [1.0, 0.0], "transitions": [[0.5, 0.5], [0.5, 0.5]]}
    parameters(**good)
    for wrong, match in [
        ({"initial": [1.0]}, "do not fit"),
        ({"initial": [0.7, 0.7]}, "sum to 1"),
        ({"transitions": [[1.5, -0.5], [0.5, 0.5]]}, "at least 0"),
        ({"rate": [1.0]}, "absorbing"),
        ({"emission": "gauss"}, "gauss"),
    ]:
        with pytest.raises(BadData, match=match):
            parameters(**good | wrong)
    with pytest.raises(BadData, match="has 2 states"):
        MODEL.next([[0.5, 0.5]])
    with pytest.raises(BadData, match="whole number"):
        MODEL.expected_purchases([[1, 0, 0, 0]], -1)
