"""Newton's method on the logarithms of the parameters, with exact second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from guanxi.insight.lifetime.errors import NotConverged
from guanxi.insight.lifetime.rows import Array

FARTHEST = 14.0  # no parameter, in the units that the data are scaled to, is taken seriously beyond e**±14
LONGEST_STEP = 2.0
LARGEST_ERROR = 12.0  # the standard error, in logarithms, beyond which nothing is known of a parameter
CLOSE = 1e-6  # of log-likelihood still to be gained: one more step of Newton's method squares it


@dataclass(frozen=True)
class Point:
    """The log-likelihood at one set of parameters, with its derivatives by their logarithms."""

    logs: Array
    value: float
    gradient: Array
    hessian: Array


Objective = Callable[[Array], Point]


def climb(objective: Objective, start: Array, names: Sequence[str], steps: int = 100) -> Point:
    """The maximum that is reached from `start`.

    Raises NotConverged, naming the parameters that run away or of which the data say nothing.
    """
    point = objective(start)
    for _ in range(steps):
        step, gain = _newton_step(point)
        if gain < CLOSE and _is_maximum(point):
            return _checked(objective(point.logs + step), names)
        following = _ahead(objective, point, step)
        if following is None:
            # No better point along the step: rounding hides what is left to be gained.
            if gain < 1e-9 * abs(point.value) + CLOSE:
                return _checked(point, names)
            break
        point = following
        _refuse_runaways(point.logs, names)
    raise NotConverged("no optimum", f"the search for {', '.join(names)} found no maximum")


def best_of(objective: Objective, starts: Sequence[Array], names: Sequence[str], steps: int = 60) -> Point:
    """The highest maximum that is reached from several starts; where none is, what went wrong at the first."""
    found, trouble = [], []
    for start in starts:
        try:
            found.append(climb(objective, start, names, steps))
        except NotConverged as error:
            trouble.append(error)
    if not found:
        raise trouble[0]
    return max(found, key=lambda point: point.value)


def _newton_step(point: Point) -> tuple[Array, float]:
    """The step towards the maximum of the local parabola, not longer than allowed, and what it should gain."""
    values, vectors = np.linalg.eigh(-point.hessian)
    values = np.maximum(np.abs(values), 1e-9 * max(1.0, float(np.abs(values).max())))
    step = vectors @ (vectors.T @ point.gradient / values)
    gain = 0.5 * float(point.gradient @ step)
    return step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300)), gain


def _ahead(objective: Objective, point: Point, step: Array) -> Point | None:
    """The first point along the step, halved again and again, that is enough better; None where there is none."""
    share = 1.0
    while share > 1e-6:
        following = objective(point.logs + share * step)
        if following.value >= point.value + 1e-4 * share * float(point.gradient @ step):
            return following
        share *= 0.5 if share > 0.2 else 0.25
    return None


def _is_maximum(point: Point) -> bool:
    return bool(np.linalg.eigvalsh(point.hessian).max() < 0)


def _refuse_runaways(logs: Array, names: Sequence[str]) -> None:
    away = tuple(name for name, value in zip(names, logs, strict=True) if abs(value) > FARTHEST)
    if away:
        ways = ", ".join(
            f"{n} to {'infinity' if v > 0 else '0'}" for n, v in zip(names, logs, strict=True) if n in away
        )
        raise NotConverged(
            "unbounded", f"the likelihood grows without end ({ways}): these data fit a simpler model", away
        )


def _checked(point: Point, names: Sequence[str]) -> Point:
    """The point, where its parameters are known at least roughly."""
    if not np.all(np.isfinite(point.hessian)):
        raise NotConverged("no optimum", f"the search for {', '.join(names)} ended where nothing can be computed")
    values, vectors = np.linalg.eigh(point.hessian)
    flat = values > -(LARGEST_ERROR**-2)
    if flat.any():
        along = np.abs(vectors[:, flat]).max(axis=1)
        unknown = tuple(name for name, part in zip(names, along, strict=True) if part > 0.3)
        what = f"the likelihood does not change any more along {', '.join(unknown)}: a simpler model fits as well"
        raise NotConverged("unbounded", what, unknown)
    return point
