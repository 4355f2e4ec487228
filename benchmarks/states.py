"""Hidden Markov models of relationship states: fit and scoring of a million customers by 24 months."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from benchmarks.measure import Figure, best
from guanxi.insight.states import fit_hidden_markov, label, parameters, simulate

PERIODS = 24
SAMPLE = 30_000
MODEL = parameters(
    rate=[0.3, 1.5, 4.0],
    initial=[0.5, 0.3, 0.2, 0],
    transitions=[[0.85, 0.08, 0.02, 0.05], [0.1, 0.8, 0.07, 0.03], [0.02, 0.1, 0.86, 0.02], [0, 0, 0, 1]],
    spend_log_mean=[2.0, 2.5, 3.0],
    spend_log_deviation=[0.5, 0.5, 0.6],
)


def figures(customers: int = 1_000_000) -> list[Figure]:
    """The fit on a sample with the scoring of all, and its parts, with and without spend; floors in the same run."""
    random = np.random.default_rng(0)
    start = random.integers(0, PERIODS - 4, customers)
    drawn = simulate(MODEL, customers, PERIODS, start=start, seed=random)
    purchases, spend = drawn.purchases.astype(np.int32), drawn.spend
    del drawn
    floor = best(lambda: _bare_steps(purchases))
    found = []
    for name, money in (("counts", None), ("counts and spend", spend)):
        began = time.perf_counter()
        model = fit_hidden_markov(purchases, money, start=start, sample=SAMPLE)
        fitted = time.perf_counter()
        shares = model.filtered(purchases, money, start)
        scored = time.perf_counter()
        label(shares)
        memory = _memory(lambda model=model, money=money: model.filtered(purchases, money, start))
        what = f"{customers:,} x {PERIODS}, {name}"
        found += [
            _beside(floor, f"states: fit on {SAMPLE:,} and score {what}", scored - began, 30),
            _beside(floor, f"states: fit on {SAMPLE:,} of {what}", fitted - began),
            _beside(floor, f"states: score {what}", scored - fitted, 5, memory),
        ]
    began = time.perf_counter()
    for first in range(0, customers, 100_000):
        rows = slice(first, first + 100_000)
        label(model.filtered(purchases[rows], spend[rows], start[rows], every_period=True))
    return [*found, _beside(floor, f"states: labels of all periods, {what}", time.perf_counter() - began)]


def _beside(
    floor: float, name: str, seconds: float, target: float | None = None, memory: float | None = None
) -> Figure:
    bare = "the matrix products of the filter alone"
    return Figure(name, seconds, "s", floor, bare, target, memory_mb=memory)


def _memory(call: Callable[[], object]) -> float:
    """The most memory that a call holds beside its arguments, in MB."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _bare_steps(purchases: np.ndarray) -> None:
    """Multiply every customer's probabilities by the transitions, period by period, 2,048 customers at a time."""
    matrix = MODEL.transitions.T.copy()
    for first in range(0, len(purchases), 2048):
        state = np.ones((4, len(purchases[first : first + 2048])))
        for _ in range(purchases.shape[1]):
            state = matrix @ state


if __name__ == "__main__":
    for figure in figures():
        print(
            f"{figure.name:<75}{figure.value:8.2f} s  floor {figure.floor:.3f} s  memory {figure.memory_mb or 0:.0f} MB"
        )
