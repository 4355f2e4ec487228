"""What all models share: parameters with their errors, and draws of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from guanxi.insight.lifetime.errors import BadData
from guanxi.insight.lifetime.newton import Point
from guanxi.insight.lifetime.rows import Array


@dataclass(frozen=True, eq=False)
class Model:
    """A model at some parameters; those of `fit_…` also know how surely they are known."""

    params: dict[str, float]
    log_likelihood: float | None = None
    covariance: Array | None = field(default=None, repr=False)  # of the logarithms of the parameters
    customers: float | None = None

    names: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        if set(self.params) != set(self.names):
            raise BadData("params", f"must be {', '.join(self.names)}, not {', '.join(self.params)}")
        ordered = {name: float(self.params[name]) for name in self.names}
        for name, value in ordered.items():
            if not 0 < value < np.inf:
                raise BadData("params", f"{name} must be greater than 0 and finite (is {value:g})")
        object.__setattr__(self, "params", ordered)

    @property
    def values(self) -> Array:
        """The parameters in the order of `names`."""
        return np.array([self.params[name] for name in self.names])

    @property
    def standard_errors(self) -> dict[str, float]:
        """The standard error of each parameter, from the curvature of the log-likelihood (delta method).

        Raises ValueError for a model that was not fitted.
        """
        errors = self.values * np.sqrt(np.diag(self._known()))
        return dict(zip(self.names, errors.tolist(), strict=True))

    def with_params(self, params: Mapping[str, float]) -> Self:
        """The same model at other parameters, without fitting."""
        return type(self)(dict(params))

    def draw(self, count: int, seed: int | np.random.Generator) -> list[Self]:
        """Models at parameters drawn from the normal distribution that their logarithms have for large samples."""
        drawn = np.random.default_rng(seed).multivariate_normal(np.log(self.values), self._known(), count)
        natural = np.exp(np.clip(drawn, -500, 500))
        return [self.with_params(dict(zip(self.names, row.tolist(), strict=True))) for row in natural]

    def _known(self) -> Array:
        if self.covariance is None:
            raise ValueError("This model was given its parameters; only a fitted one knows how sure they are.")
        return self.covariance

    @classmethod
    def _at(
        cls, point: Point, customers: float, shift: Array | float = 0.0, log_likelihood: float | None = None
    ) -> Self:
        """The model at the maximum that was found; `shift` takes the logarithms back to the caller's units."""
        values = np.exp(point.logs + shift)
        return cls(
            dict(zip(cls.names, values.tolist(), strict=True)),
            float(point.value if log_likelihood is None else log_likelihood),
            np.linalg.inv(-point.hessian),
            customers,
        )


def number(result: Array) -> Array:
    """A single figure as a number, a column as it is."""
    return result[()]


def period(name: str, value: ArrayLike) -> Array:
    """A time ahead, or a rate: not negative."""
    array = np.asarray(value, dtype=np.float64)
    if not np.all(array >= 0) or not np.all(np.isfinite(array)):
        raise BadData(name, "must be finite and not negative")
    return array


def rate(delta: float, horizon: float | None) -> tuple[float, float | None]:
    """A rate of discount with a horizon; for ever only with a rate above zero."""
    delta = float(period("delta", delta))
    if horizon is None:
        if delta == 0:
            raise BadData("delta", "must be greater than 0 where there is no horizon")
        return delta, None
    return delta, float(period("horizon", horizon))
