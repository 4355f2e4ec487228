"""From probabilities to a word that stays put: the label of a customer's state, with hysteresis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.insight.lifetime.errors import BadData
from guanxi.insight.states.panel import CHUNK

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
        return _next(shares.T, now, margin)
    path = np.empty(shares.shape[:2], np.intp)
    for first in range(0, len(shares), CHUNK):
        part = slice(first, first + CHUNK)
        for period, chances in enumerate(np.ascontiguousarray(shares[part].transpose(1, 2, 0))):
            path[part, period] = now[part] = _next(chances, now[part], margin)
    return path


def _next(chances: NDArray[np.float64], now: NDArray[np.intp], margin: float) -> NDArray[np.intp]:
    """The labels after these chances (states, customers)."""
    likeliest = chances.argmax(axis=0)
    customer = np.arange(len(now))
    lead = chances[likeliest, customer] - chances[now, customer]  # of one without a label: read, and not used
    changes = np.isfinite(chances.sum(axis=0)) & ((now == NONE) | (lead > margin))
    return np.where(changes, likeliest, now)
