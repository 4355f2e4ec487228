"""The models of lifetime value against what their authors, and other programs, published.

Fader, Hardie & Lee 2005 (“Counting your customers” the easy way; A note on implementing the Pareto/NBD model; RFM and
CLV), Batislam et al. 2007, Fader & Hardie 2013 (Gamma-Gamma), Fader, Hardie & Shang 2010 (BG/BB), Fader & Hardie 2007
(sBG); and the manuals of BTYD, BTYDplus and CLVTools on the CDNOW sample.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from guanxi.insight.lifetime import (
    BgNbd,
    MbgNbd,
    ParetoNbd,
    fit_bg_bb,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    fit_sbg,
)

pytestmark = pytest.mark.published

CALIBRATION, HOLD_OUT = date(1997, 9, 30), date(1998, 6, 30)
BUYERS = [1411, 439, 214, 100, 62, 38, 29, 64]  # of 0, 1, … 6, 7 or more repeat purchases


def data_file(name: str) -> Path:
    """A data file of the package that tests install for its data only."""
    found = [file for file in metadata.files("lifetimes") or [] if file.name == name]
    return Path(str(found[0].locate()))


@dataclass(frozen=True)
class Cdnow:
    """A tenth of the customers who first bought at CDNOW in the first quarter of 1997; times in weeks."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    mean_spend: np.ndarray
    held_out: np.ndarray

    def by_purchases(self, values: np.ndarray) -> np.ndarray:
        """The mean over customers of 0, 1, … 7 or more repeat purchases."""
        group = np.minimum(self.x, 7).astype(int)
        return np.bincount(group, values) / np.bincount(group)


@pytest.fixture(scope="module")
def cdnow() -> Cdnow:
    days: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in data_file("CDNOW_sample.txt").read_text().splitlines():
        if parts := line.split():
            days[parts[1]][datetime.strptime(parts[2], "%Y%m%d").date()] += float(parts[4])  # noqa: DTZ007
    rows = []
    for spent in (days[customer] for customer in sorted(days)):
        first, *repeats = sorted(day for day in spent if day <= CALIBRATION)
        later = sum(CALIBRATION < day <= HOLD_OUT for day in spent)
        last = repeats[-1] if repeats else first
        mean = np.mean([spent[day] for day in repeats]) if repeats else np.nan
        rows.append((len(repeats), (last - first).days / 7, (CALIBRATION - first).days / 7, mean, later))
    return Cdnow(*np.array(rows).T)


def test_the_sample_is_the_published_one(cdnow: Cdnow) -> None:
    assert (len(cdnow.x), cdnow.x.sum(), cdnow.held_out.sum()) == (2357, 2457, 1882)
    assert np.bincount(np.minimum(cdnow.x, 7).astype(int)).tolist() == BUYERS
    assert len(np.unique(np.stack([cdnow.x, cdnow.t_x, cdnow.T]), axis=1).T) == 1016
    held_out = [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594]
    assert_allclose(cdnow.by_purchases(cdnow.held_out), held_out, atol=5e-5)


@pytest.mark.parametrize(
    ("fit", "params", "log_likelihood"),
    [
        (fit_bg_nbd, {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, -9582.429),
        (fit_mbg_nbd, {"r": 0.5248, "alpha": 6.183, "a": 0.8914, "b": 1.6140}, -9582.136),
        (fit_pareto_nbd, {"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}, -9594.976),
    ],
)
def test_fits_of_purchases(cdnow: Cdnow, fit, params: dict[str, float], log_likelihood: float) -> None:
    model = fit(cdnow.x, cdnow.t_x, cdnow.T)
    assert list(model.params) == list(params)
    assert_allclose(list(model.params.values()), list(params.values()), rtol=2e-4)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=6e-4)
    assert model.log_likelihood_of(cdnow.x, cdnow.t_x, cdnow.T) == pytest.approx(model.log_likelihood, abs=1e-7)


def test_purchases_expected_of_new_customers(cdnow: Cdnow) -> None:
    bg, pareto = (fit(cdnow.x, cdnow.t_x, cdnow.T) for fit in (fit_bg_nbd, fit_pareto_nbd))
    assert_allclose(bg.expected_purchases([1, 3, 31.8571, 52]), [0.0532, 0.1506, 1.0405, 1.4440], atol=6e-5)
    assert bg.expected_purchases(78) == pytest.approx(1.8576, abs=4e-4)  # by the closed form it is 1.85796
    assert pareto.expected_purchases(52) == pytest.approx(1.473434, abs=1e-6)


def test_single_customers(cdnow: Cdnow) -> None:
    bg, pareto = (fit(cdnow.x, cdnow.t_x, cdnow.T) for fit in (fit_bg_nbd, fit_pareto_nbd))
    assert pareto.conditional_expected_purchases(52, 26, 30.857, 31) == pytest.approx(25.456, abs=1.5e-3)
    assert pareto.p_alive(26, 30.857, 31) == pytest.approx(0.99787, abs=5e-6)
    assert bg.conditional_expected_purchases(52, 26, 30.857, 31) == pytest.approx(25.757, abs=1e-3)
    assert bg.conditional_expected_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=5e-4)
    frequent = [10, 15, 20, 25]  # who bought the more often, and then fell silent, is the more surely gone
    assert_allclose(
        bg.conditional_expected_purchases(52, frequent, 20, 39), [0.3475, 0.04283, 0.004159, 0.0003584], rtol=2e-4
    )
    assert_allclose(
        pareto.conditional_expected_purchases(52, frequent, 20, 39), [0.7062, 0.1442, 0.02251, 0.003093], rtol=1e-3
    )


def test_hold_out_by_past_purchases(cdnow: Cdnow) -> None:
    def predicted(model) -> np.ndarray:
        return cdnow.by_purchases(model.conditional_expected_purchases(39, cdnow.x, cdnow.t_x, cdnow.T))

    bg = predicted(fit_bg_nbd(cdnow.x, cdnow.t_x, cdnow.T))
    pareto = predicted(fit_pareto_nbd(cdnow.x, cdnow.t_x, cdnow.T))
    assert_allclose(bg, [0.2251, 0.5231, 1.0441, 1.5203, 2.1639, 2.6538, 3.5040, 6.1572], atol=6e-5)
    assert_allclose(pareto, [0.1384, 0.5995, 1.1958, 1.7138, 2.3983, 2.9072, 3.8186, 6.4031], atol=6e-5)


def test_spend(cdnow: Cdnow) -> None:
    model = fit_gamma_gamma(cdnow.x, cdnow.mean_spend)
    assert_allclose(list(model.params.values()), [6.25, 3.744, 15.44], rtol=3e-4)
    assert list(model.params) == ["p", "q", "v"]
    assert model.customers == 946
    assert model.log_likelihood == pytest.approx(-4055.918, abs=6e-4)
    first = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert_allclose(model.expected_spend(cdnow.x[:10], cdnow.mean_spend[:10]), first, atol=6e-3)


def test_discounted_expected_residual_transactions() -> None:
    model = ParetoNbd({"r": 0.5629966, "alpha": 12.5590370, "s": 0.4081095, "beta": 10.5148048})
    assert model.dert(7, 35, 77.86, 0.0027) == pytest.approx(1.8641833, abs=5e-8)
    expected = [2.199155, 2.843534, 2.867128, 2.445410, 1.840502, 1.262416, 0.809618, 0.494804, 0.292025, 0.167928]
    assert_allclose(model.dert(np.arange(1, 11), 30, 77.86, 0.0027), expected, atol=1e-6)


def test_traps_of_bg_nbd() -> None:
    model = BgNbd({"r": 0.25, "alpha": 4, "a": 0.8, "b": 2.5})
    assert model.log_likelihood_of([0], [0], [40]) == pytest.approx(-0.59947382, abs=5e-9)
    assert model.log_likelihood_of([200], [38], [40]) == pytest.approx(100.7957, abs=5e-5)
    modified = MbgNbd(model.params)
    for figure in (model, modified):
        assert np.isfinite(figure.conditional_expected_purchases(52, 200, 38, 40))


@pytest.mark.parametrize(
    ("params", "x", "t_x", "T"),
    [
        ((10.465, 0.00798565181, 3.0516, 2.820), [400, 500, 500], [5, 1, 4], [6, 37, 37]),
        (
            (0.5143, 2.8845, 0.2856, 14.1087),
            [221, 254, 161, 204],
            [103.42857, 97.14286, 94.71429, 98.57143],
            [103.57143, 97.28571, 98, 99.42857],
        ),
    ],
)
def test_traps_of_pareto_nbd(params: tuple[float, ...], x: list[int], t_x: list[float], T: list[float]) -> None:  # noqa: N803
    model = ParetoNbd(dict(zip(("r", "alpha", "s", "beta"), params, strict=True)))
    for row in zip(x, t_x, T, strict=True):
        value = model.log_likelihood_of(*[[part] for part in row])
        assert value == pytest.approx(by_hypergeometric(*params, *row), rel=2e-8)
    assert np.all(np.isfinite(model.conditional_expected_purchases(52, x, t_x, T)))
    assert np.all((model.p_alive(x, t_x, T) >= 0) & (model.p_alive(x, t_x, T) <= 1))


def by_hypergeometric(r: float, alpha: float, s: float, beta: float, x: int, t_x: float, T: float) -> float:  # noqa: N803
    """The log-likelihood as Fader, Hardie & Lee write it: A0 a difference of two hypergeometric functions."""
    from scipy.special import gammaln, hyp2f1

    total, second = r + s + x, s + 1 if alpha >= beta else r + x
    top, apart = max(alpha, beta), abs(alpha - beta)

    def q(u: float) -> float:
        return float(np.log(hyp2f1(total, second, total + 1, apart / (top + u))) - total * np.log(top + u))

    difference = q(t_x) + np.log1p(-np.exp(q(T) - q(t_x)))
    still = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
    start = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float(start + np.logaddexp(still, np.log(s / total) + difference))


def test_donations() -> None:
    x, t_x, n, count = np.loadtxt(data_file("donations.csv"), delimiter=",", skiprows=1).T
    assert (len(x), count.sum()) == (22, 11_104)
    model = fit_bg_bb(x, t_x, n, count)
    assert_allclose(list(model.params.values()), [1.204, 0.750, 0.657, 2.783], atol=6e-4)
    assert list(model.params) == ["alpha", "beta", "gamma", "delta"]
    assert model.log_likelihood == pytest.approx(-33225.58, abs=6e-3)
    assert_allclose(model.p_alive([0, 2, 6], [0, 4, 6], 6), [0.11, 0.59, 0.93], atol=5e-3)
    assert model.conditional_expected_purchases(5, x, t_x, n) @ count == pytest.approx(12_884.2, abs=0.06)


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta"),
    [
        ([1000, 869, 743, 653, 593, 551, 517, 491], 0.668, 3.806),
        ([1000, 631, 468, 382, 326, 289, 262, 241], 0.704, 1.182),
    ],
)
def test_contracts(survivors: list[int], alpha: float, beta: float) -> None:
    model = fit_sbg(survivors=survivors)
    assert_allclose([model.params["alpha"], model.params["beta"]], [alpha, beta], atol=6e-4)
    assert_allclose(model.survival(np.arange(8)), np.array(survivors) / 1000, atol=0.02)
    lost = -np.diff(survivors)
    assert fit_sbg(lost, survivors[-1]).params == model.params
