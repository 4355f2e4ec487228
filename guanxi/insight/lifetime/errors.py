"""Why a model cannot be had: the data are wrong, or they do not say enough."""

from __future__ import annotations

from typing import Literal

Reason = Literal["no repeat purchase", "no time", "too little", "all alike", "unbounded", "no optimum"]


class BadData(ValueError):
    """What was handed over cannot be right; says which argument, and its first wrong row (counted from 0)."""

    def __init__(self, argument: str, what: str, row: int | None = None) -> None:
        self.argument, self.row, self.what = argument, row, what
        place = argument if row is None else f"{argument}, row {row}"
        super().__init__(f"{place}: {what}")


class NotConverged(RuntimeError):
    """The data are in order, but no parameters can be had from them.

    `reason` is a fixed word for callers that tell it in their own language:

    - "no repeat purchase": nobody bought again, so nothing is known of how often they buy
    - "no time": nobody has been watched for any time, for instance because all bought first on the last day
    - "too little": fewer customers than parameters
    - "all alike": the customers do not differ in what the model says they differ in (all spend the same …)
    - "unbounded": the likelihood grows while `parameters` go to zero or infinity
    - "no optimum": the search ended elsewhere than at a maximum
    """

    def __init__(self, reason: Reason, what: str, parameters: tuple[str, ...] = ()) -> None:
        self.reason, self.parameters = reason, parameters
        super().__init__(f"{reason}: {what}")
