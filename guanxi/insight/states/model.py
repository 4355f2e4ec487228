"""A fitted model and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.lifetime.errors import BadData
from guanxi.insight.states.filtering import filtered
from guanxi.insight.states.panel import Panel, checked
from guanxi.insight.states.parameters import Parameters
from guanxi.insight.states.recursion import Driven, log_likelihoods

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HiddenMarkov:
    """A hidden Markov model of relationship states, from `fit_hidden_markov` or with parameters given by hand.

    States are numbered from the rarest buyers to the most frequent; the lost state, where there is one, is the last.
    """

    parameters: Parameters
    log_likelihood: float = float("nan")
    standard_errors: dict[str, Floats] | None = None
    covariance: Floats | None = None
    iterations: int = 0
    converged: bool = False
    customers: float = 0.0

    @property
    def params(self) -> dict[str, Floats]:
        """The parameters by name: `initial`, `transitions`, `rate` (or `probability`), `size`, `spend_log_mean` …"""
        return self.parameters.named

    @property
    def states(self) -> int:
        """Number of active states."""
        return self.parameters.states

    @property
    def lost(self) -> bool:
        """Whether there is a lost state, the last."""
        return self.parameters.lost

    @property
    def rate(self) -> Floats:
        """Expected purchases per period in each state, 0 when lost."""
        return np.append(self.parameters.purchases.mean, np.zeros(int(self.lost)))

    @property
    def bic(self) -> float:
        """Schwarz's criterion: of two models of the same data, the one with the lower is to be preferred."""
        if self.covariance is None:
            return float("nan")
        return -2 * self.log_likelihood + len(self.covariance) * float(np.log(self.customers))

    def filtered(
        self,
        purchases: Any,
        spend: Any = None,
        start: Any = None,
        covariates: Any = None,
        *,
        acquired: Any = None,
        every_period: bool = False,
    ) -> Floats:
        """Probability of each state at the last period (customers, states), given all purchases up to then.

        With `every_period` at each one (customers, periods, states), nan before a customer's start.
        """
        given = checked(purchases, spend, start, self._needed(covariates), None, acquired)
        return filtered(given, self.parameters, every_period)

    def log_likelihoods(
        self, purchases: Any, spend: Any = None, start: Any = None, covariates: Any = None, *, acquired: Any = None
    ) -> Floats:
        """The log-likelihood of each customer's purchases, as on a hold-out."""
        given = checked(purchases, spend, start, self._needed(covariates), None, acquired)
        result = np.empty(given.customers)
        order = np.argsort(given.start, kind="stable")
        result[order] = log_likelihoods(Panel.of(given, centre=self.parameters.centre), self.parameters)
        return result

    def next(self, posterior: Any, covariates: Any = None) -> Floats:
        """Probability of each state one period later; `covariates` (customers, how many) of now, or the mean."""
        now = self._posterior(posterior)
        if covariates is None or self.parameters.effects is None:
            return now @ self.parameters.transitions
        values = np.broadcast_to(np.asarray(covariates, float), (len(now), self.parameters.covariates))
        moves = Driven(self.parameters, (values - self.parameters.centre).T[None])
        return moves.ahead(now.T, 0).T

    def expected_purchases(self, posterior: Any, periods: int, covariates: Any = None) -> Floats:
        """Purchases to expect of each customer over the next periods, `covariates` staying as given, or average."""
        if periods < 0 or periods != int(periods):
            raise BadData("periods", f"is {periods}; give a whole number from 0 up")
        if covariates is None or self.parameters.effects is None:
            return self._posterior(posterior) @ self._expected(int(periods))
        state = self._posterior(posterior)
        total = np.zeros(len(state))
        for _ in range(int(periods)):
            state = self.next(state, covariates)
            total += state @ self.rate
        return total

    def _expected(self, periods: int) -> Floats:
        """Purchases to expect over the next periods of one who is now in each state."""
        ahead = np.zeros(len(self.rate))
        for _ in range(periods):
            ahead = self.parameters.transitions @ (self.rate + ahead)
        return ahead

    def _posterior(self, posterior: Any) -> Floats:
        now = np.atleast_2d(np.asarray(posterior, float))
        if now.shape[1] != len(self.rate):
            raise BadData("posterior", f"has {now.shape[1]} states, the model {len(self.rate)}")
        return now

    def _needed(self, covariates: Any) -> Any:
        if self.parameters.effects is None:
            return None
        if covariates is None:
            raise BadData("covariates", "the model was fitted with some; give those of the customers to be scored")
        count = np.shape(covariates)[2] if np.ndim(covariates) == 3 else 1
        if count != self.parameters.covariates:
            raise BadData("covariates", f"there are {count}; the model was fitted with {self.parameters.covariates}")
        return covariates

    def as_json(self) -> dict[str, Any]:
        """Everything in plain lists and numbers, to keep with a version of the model."""
        errors = {name: value.tolist() for name, value in (self.standard_errors or {}).items()}
        return {
            "parameters": self.parameters.as_json(),
            "log_likelihood": self.log_likelihood,
            "standard_errors": errors,
            "iterations": self.iterations,
            "converged": self.converged,
            "customers": self.customers,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The model that `as_json` wrote, able to score; without the covariance of its numbers."""
        errors = {name: np.array(value) for name, value in values["standard_errors"].items()}
        return cls(
            Parameters.from_json(values["parameters"]),
            values["log_likelihood"],
            errors or None,
            None,
            values["iterations"],
            values["converged"],
            values["customers"],
        )
