"""From probabilities to a word that stays put: the label of a customer's state, with hysteresis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.lifetime.errors import BadData

NONE = -1  # the label of one who has not begun


def label(posteriors: Any, previous: Any = None, margin: float = 0.2) -> NDArray[np.intp]:
    """The state each customer is said to be in; it changes only where the likeliest one leads by more than `margin`.

    `posteriors` is (customers, states), or (customers, periods, states) for a whole path, which is gone through period
    by period. `previous` has the labels so far, -1 for none; one without a label gets his likeliest state. Where the
    probabilities are nan (before a customer's start) the label stays as it was.
    """
    shares = np.asarray(posteriors, float)
    if shares.ndim not in (2, 3):
        raise BadData("posteriors", f"give (customers, states) or (customers, periods, states), not {shares.shape}")
    if not 0 <= margin < 1:
        raise BadData("margin", f"is {margin}; give a difference of probabilities from 0 to below 1")
    now = np.full(len(shares), NONE, np.intp) if previous is None else np.array(previous, np.intp)
    if now.shape != (len(shares),) or (now < NONE).any() or (now >= shares.shape[-1]).any():
        raise BadData("previous", "give one state per customer, or -1 for none")
    if shares.ndim == 2:
        return _next(shares, now, margin)
    path = np.empty(shares.shape[:2], np.intp)
    for period in range(shares.shape[1]):
        path[:, period] = now = _next(shares[:, period], now, margin)
    return path


def _next(shares: NDArray[np.float64], now: NDArray[np.intp], margin: float) -> NDArray[np.intp]:
    known = np.isfinite(shares.sum(axis=1))
    filled = np.where(known[:, None], shares, 0)
    likeliest = filled.argmax(axis=1)
    row = np.arange(len(shares))
    lead = filled[row, likeliest] - filled[row, np.maximum(now, 0)]
    return np.where(known & ((now == NONE) | (lead > margin)), likeliest, now)
