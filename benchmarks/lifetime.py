"""Lifetime value on simulated customers: the four fits and the scoring, beside scipy without gradients and `lifetimes`.

    python -m benchmarks.lifetime [CUSTOMERS] [FOLDER]

The floor is what one writes in an afternoon: the log-likelihood with scipy's functions on all rows, minimised by
Nelder-Mead from one start. The oracle is the package `lifetimes`, in an environment of its own: it needs an old NumPy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from benchmarks.measure import Figure
from guanxi.insight.lifetime import (
    BgNbd,
    ParetoNbd,
    PurchaseModel,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
)
from guanxi.insight.lifetime.simulate import simulate_bg_nbd, simulate_gamma_gamma

TRUTH = {"r": 0.25, "alpha": 31.0, "a": 0.8, "b": 2.4}  # those of CDNOW, in days
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
YEARS, A_YEAR = 2, 365
Result = TypeVar("Result")
PARETO_CUSTOMERS = 10_000  # for the floor and the oracle, which would take many minutes on all
ORACLE = ("lifetimes==0.11.3", "numpy<2", "pandas<2.2", "scipy<1.12", "autograd<1.6", "setuptools<80")
ORACLE_PYTHON = "3.11"
ORACLE_PROGRAM = """
import json, sys, time
import numpy as np
from lifetimes import BetaGeoFitter, ParetoNBDFitter
x, t_x, T = np.load(sys.argv[1])
fitter = BetaGeoFitter() if sys.argv[2] == "bg" else ParetoNBDFitter()
start = time.perf_counter()
fitter.fit(x, t_x, T)
print(json.dumps([time.perf_counter() - start, dict(fitter.params_)]))
"""


def measure(customers: int = 1_000_000, folder: Path | None = None) -> list[Figure]:
    """The figures of fits and scoring for so many customers; the oracle's environment is made in the folder."""
    draw = np.random.default_rng(1)
    T = draw.integers(1, YEARS * A_YEAR + 1, customers).astype(float)  # noqa: N806
    rows = simulate_bg_nbd(TRUTH, T, 2, resolution=1.0)
    x, mean_spend = rows[0], simulate_gamma_gamma(SPEND, rows[0], 3)
    few = tuple(column[:PARETO_CUSTOMERS] for column in rows)

    bg_time, bg = timed(lambda: fit_bg_nbd(*rows))
    mbg_time, _ = timed(lambda: fit_mbg_nbd(*rows))
    pareto_time, pareto = timed(lambda: fit_pareto_nbd(*rows))
    spend_time, spend = timed(lambda: fit_gamma_gamma(x, mean_spend))
    few_time, few_pareto = timed(lambda: fit_pareto_nbd(*few))
    floors = {"bg": floor(bg_log_likelihood, rows), "pareto": floor(pareto_log_likelihood, few)}
    same_optimum(bg, floors["bg"][1], "scipy, BG/NBD")
    same_optimum(few_pareto, floors["pareto"][1], "scipy, Pareto/NBD")
    share = min(customers, PARETO_CUSTOMERS)
    figures = [
        Figure("BG/NBD", bg_time, "s", floors["bg"][0], "scipy, no gradients"),
        Figure("MBG/NBD", mbg_time, "s"),
        Figure("Pareto/NBD", pareto_time, "s"),
        Figure(f"Pareto/NBD, {share:,} of them", few_time, "s", floors["pareto"][0], "scipy, no gradients"),
        Figure("Gamma-Gamma", spend_time, "s"),
        Figure("the four fits together", bg_time + mbg_time + pareto_time + spend_time, "s", target=3.0),
        *[scoring(model, rows, x, mean_spend, spend) for model in (bg, pareto)],
    ]
    return figures + oracle(rows, few, {"bg": (bg_time, bg), "pareto": (few_time, few_pareto)}, folder)


def timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds that one call takes, and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def scoring(model: PurchaseModel, rows: tuple, x: np.ndarray, mean_spend: np.ndarray, spend) -> Figure:
    """P(alive), purchases of the next year, discounted purchases and spend of every customer."""

    def score() -> None:
        model.p_alive(*rows)
        model.conditional_expected_purchases(A_YEAR, *rows)
        model.discounted_expected_purchases(*rows, 0.1 / A_YEAR)
        spend.expected_spend(x, mean_spend)

    return Figure(f"scoring with {type(model).__name__}", timed(score)[0], "s", target=2.0)


# The floor --------------------------------------------------------------------------------------------------------


def floor(log_likelihood: Callable[..., np.ndarray], rows: tuple[np.ndarray, ...]) -> tuple[float, float]:
    """Seconds that Nelder-Mead takes on all rows from one start, and the log-likelihood that it comes to."""
    pace = rows[0].sum() / rows[2].sum()
    start = np.log([0.5, 0.3 / pace, 0.6, 2.0 if log_likelihood is bg_log_likelihood else rows[2].mean()])

    def objective(logs: np.ndarray) -> float:
        return -float(log_likelihood(np.exp(logs), *rows).mean())

    options = {"xatol": 1e-4, "fatol": 1e-10, "maxiter": 2_000}
    seconds, found = timed(lambda: minimize(objective, start, method="Nelder-Mead", options=options))
    return seconds, -found.fun * len(rows[0])


def bg_log_likelihood(params: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:  # noqa: N803
    """The log-likelihood of each row as the paper writes it."""
    r, alpha, a, b = params
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    shared += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    gone = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
    return shared + np.logaddexp(-(r + x) * np.log(alpha + T), gone)


def pareto_log_likelihood(params: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:  # noqa: N803
    """The log-likelihood of each row as the paper writes it, A0 by hypergeometric functions."""
    from scipy.special import hyp2f1

    r, alpha, s, beta = params
    total, second = r + s + x, s + 1 if alpha >= beta else r + x
    top, apart = max(alpha, beta), abs(alpha - beta)

    def q(u: np.ndarray) -> np.ndarray:
        return np.log(hyp2f1(total, second, total + 1, apart / (top + u))) - total * np.log(top + u)

    with np.errstate(divide="ignore"):  # a customer who bought on the last day has not left before
        difference = q(t_x) + np.log(-np.expm1(np.minimum(q(T) - q(t_x), 0)))
    still = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return shared + np.logaddexp(still, np.log(s / total) + difference)


# The oracle -------------------------------------------------------------------------------------------------------


def oracle(rows: tuple, few: tuple, ours: dict[str, tuple[float, PurchaseModel]], folder: Path | None) -> list[Figure]:
    """How many times quicker than `lifetimes` the fits are; nothing where it cannot be installed."""
    with tempfile.TemporaryDirectory() as scratch:
        work = folder or Path(scratch)
        python = environment(work / "lifetimes")
        if python is None:
            return []
        figures = []
        for name, data in (("bg", rows), ("pareto", few)):
            answer = ask(python, name, data, work)
            if answer is None:
                continue
            seconds, params = answer
            model = (BgNbd if name == "bg" else ParetoNbd)(params)
            same_optimum(ours[name][1], model.log_likelihood_of(*data), f"lifetimes, {name}")
            label = f"{type(model).__name__} on {len(data[0]):,}: times as quick as lifetimes"
            figures.append(Figure(label, seconds / ours[name][0], "x", target=10.0, higher_is_better=True))
        return figures


def environment(folder: Path) -> Path | None:
    """An environment with `lifetimes` and what it needs; None, with a message, where it cannot be had."""
    python = folder / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    if not (folder / "done").exists():
        for command in (
            [uv, "venv", "-q", "--clear", "--python", ORACLE_PYTHON, folder],
            [uv, "pip", "install", "-q", "--python", python, *ORACLE],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=registry())
            if done.returncode:
                print(f"without lifetimes, which could not be installed: {done.stderr.strip()[-300:]}", file=sys.stderr)
                return None
        (folder / "done").touch()
    return python


def registry() -> dict[str, str]:
    """uv reads no pip configuration: hand on the package index that pip was told to use."""
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return os.environ | ({"UV_DEFAULT_INDEX": told} if told and "UV_DEFAULT_INDEX" not in os.environ else {})


def ask(python: Path, model: str, data: tuple, folder: Path) -> tuple[float, dict[str, float]] | None:
    """Seconds and parameters of a fit with `lifetimes`; None, with a message, where it fails."""
    file = folder / f"{model}.npy"
    np.save(file, np.array(data))
    done = subprocess.run([python, "-c", ORACLE_PROGRAM, file, model], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"lifetimes failed on {model}: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    answer: tuple[float, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def same_optimum(model: PurchaseModel, log_likelihood: float, what: str) -> None:
    """Fail where somebody else found a better optimum; say where theirs is worse."""
    ours = model.log_likelihood or 0.0
    if log_likelihood > ours + 0.01:
        raise RuntimeError(f"{what}: found a better optimum, {log_likelihood:.3f} against {ours:.3f}")
    print(f"{what}: log-likelihood {log_likelihood:.3f}, ours {ours:.3f}", file=sys.stderr)


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for figure in measure(size, Path(sys.argv[2]) if len(sys.argv) > 2 else None):
        beside = f"  ({figure.floor_name}: {figure.floor:.2f}, {figure.ratio:.3f} x)" if figure.floor else ""
        target = f"  target {figure.target}: {'reached' if figure.reached else 'missed'}" if figure.target else ""
        print(f"{figure.name}: {figure.value:.2f} {figure.unit}{beside}{target}")
