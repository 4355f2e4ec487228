"""What cannot be right is refused by argument and row; what cannot be told is not guessed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from guanxi.insight.lifetime import (
    BadData,
    BgBb,
    BgNbd,
    GammaGamma,
    NotConverged,
    ParetoNbd,
    fit_bg_bb,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_sbg,
)
from guanxi.insight.tests.lifetime.customers import MODELS, PARAMS

GOOD = ([0, 2, 1], [0, 5, 3], [9, 9, 9])


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize(
    ("rows", "argument", "row", "what"),
    [
        (([0, -2, 1], [0, 5, 3], [9, 9, 9]), "x", 1, "not negative"),
        (([0, 2, 1.5], [0, 5, 3], [9, 9, 9]), "x", 2, "whole number"),
        (([0, 2, np.nan], [0, 5, 3], [9, 9, 9]), "x", 2, "must be a number"),
        (([0, 2, 1], [0, 5, np.inf], [9, 9, 9]), "t_x", 2, "finite"),
        (([0, 2, 1], [0, 5, 13], [9, 9, 9]), "t_x", 2, "not be later than T"),
        (([0, 2, 1], [0, 0, 3], [9, 9, 9]), "t_x", 1, "later than 0"),
        (([0, 2, 1], [4, 5, 3], [9, 9, 9]), "t_x", 0, "must be 0"),
        (([0, 2], [0, 5, 3], [9, 9, 9]), "t_x", None, "shape"),
        (([], [], []), "x", None, "no customers"),
        ((["often", 2, 1], [0, 5, 3], [9, 9, 9]), "x", None, "numbers"),
    ],
)
def test_wrong_rows_are_named(kind, rows, argument: str, row: int | None, what: str) -> None:
    with pytest.raises(BadData, match=what) as caught:
        kind.fit(*rows)
    assert (caught.value.argument, caught.value.row) == (argument, row)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("weight", "what"), [([1, 2], "shape"), ([1, -1, 1], "negative"), ([0, 0, 0], "zero for every row")]
)
def test_wrong_weights_are_named(weight: list[float], what: str) -> None:
    with pytest.raises(BadData, match=what) as caught:
        fit_bg_nbd(*GOOD, weight)
    assert caught.value.argument == "weight"


@pytest.mark.parametrize("kind", MODELS)
def test_what_cannot_be_told_is_said(kind) -> None:
    nobody, days = np.zeros(50), np.arange(1.0, 51)
    assert reason(lambda: kind.fit(nobody, nobody, days)) == "no repeat purchase"
    assert reason(lambda: kind.fit(nobody, nobody, nobody)) == "no time"
    assert reason(lambda: kind.fit([3], [20], [30])) == "too little"
    assert reason(lambda: kind.fit(*GOOD)) == "too little"


@pytest.mark.parametrize("kind", MODELS)
def test_customers_who_are_all_alike_have_no_differences_to_be_told(kind) -> None:
    """Everybody buys at the same pace and nobody leaves: parameters run away, and are named."""
    draw = np.random.default_rng(1)
    T = np.round(draw.uniform(50, 100, 1_000))
    x = draw.poisson(0.3 * T).astype(float)
    with pytest.raises(NotConverged) as caught:
        kind.fit(x, np.where(x > 0, np.ceil(T * draw.random(1_000) ** (1 / np.maximum(x, 1))), 0), T)
    assert caught.value.reason in ("unbounded", "no optimum")
    assert caught.value.parameters or caught.value.reason == "no optimum"


def test_one_customer_with_most_purchases_does_not_upset_the_fit() -> None:
    draw = np.random.default_rng(1)
    T = draw.integers(100, 365, 500).astype(float)
    x = draw.poisson(draw.gamma(0.5, 2, 500)).astype(float)
    t_x = np.where(x > 0, np.ceil(T * draw.random(500)), 0)
    x[0], t_x[0] = 5_000, T[0]
    model = fit_bg_nbd(x, t_x, T)
    for figure in (
        model.p_alive(x, t_x, T),
        model.conditional_expected_purchases(365, x, t_x, T),
        model.discounted_expected_purchases(x, t_x, T, 0.1 / 365),
    ):
        assert np.all(np.isfinite(figure)) and np.all(figure >= 0)


def test_spend() -> None:
    assert reason(lambda: fit_gamma_gamma([0, 0], [np.nan, 0])) == "no repeat purchase"
    assert reason(lambda: fit_gamma_gamma([1, 2, 3, 4], [5, 5, 5, 5])) == "all alike"
    assert reason(lambda: fit_gamma_gamma([1, 2], [5, 7])) == "too little"
    for spend, row in (([5, -1, 3], 1), ([5, 1, 0], 2), ([np.nan, 1, 2], 0)):
        with pytest.raises(BadData) as caught:
            fit_gamma_gamma([1, 2, 3], spend)
        assert (caught.value.argument, caught.value.row) == ("mean_spend", row)
    model = GammaGamma({"p": 6, "q": 4, "v": 15})
    assert model.expected_spend([0, 0], [np.nan, -3]) == pytest.approx(30)  # of customers without purchases


def test_periods_and_contracts() -> None:
    with pytest.raises(BadData, match="one purchase in a period"):
        fit_bg_bb([0, 4], [0, 3], [6, 6])
    with pytest.raises(BadData, match="whole number"):
        BgBb({"alpha": 1, "beta": 1, "gamma": 1, "delta": 1}).p_alive(1, 1.5, 6)
    assert reason(lambda: fit_bg_bb([0, 0], [0, 0], [6, 6])) == "no repeat purchase"
    assert reason(lambda: fit_sbg(survivors=[100, 100, 100])) == "all alike"
    assert reason(lambda: fit_sbg(survivors=[100, 40, 0])) == "unbounded"
    assert reason(lambda: fit_sbg([20, 16, 12.8, 10.24], 40.96)) == "unbounded"  # a fifth each time: all are alike
    assert reason(lambda: fit_sbg([20], 80)) == "too little"
    with pytest.raises(BadData, match="must not grow"):
        fit_sbg(survivors=[100, 80, 90])
    with pytest.raises(BadData, match="say either"):
        fit_sbg([1], 2, survivors=[3, 2])


def test_questions_that_have_no_answer() -> None:
    model = ParetoNbd(PARAMS[ParetoNbd])
    for question in (
        lambda: model.dert(1, 5, 9, 0),
        lambda: model.dert(1, 5, 9, -0.1),
        lambda: model.discounted_expected_purchases(1, 5, 9, 0.1, horizon=-1),
        lambda: model.conditional_expected_purchases(np.nan, 1, 5, 9),
        lambda: model.p_alive(1, 10, 9),
        lambda: model.with_params({"r": 1}),
        lambda: BgNbd({"r": 1, "alpha": 0, "a": 1, "b": 1}),
    ):
        with pytest.raises(BadData):
            question()


def test_the_module_needs_no_django() -> None:
    program = "import sys, guanxi.insight.lifetime; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def reason(fit) -> str:
    """Why a fit was not had."""
    with pytest.raises(NotConverged) as caught:
        fit()
    return caught.value.reason
