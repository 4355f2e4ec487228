"""Which of the models scores: both are fitted on early deals, calibrated on later ones, tried on still later ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.sales.winning import fitting, judging, publishing
from guanxi.sales.winning.models import WinModel

TO_FIT, TO_CALIBRATE = 0.6, 0.2  # of the deals, by the day of closing; the rest is for the trial
LEAST_SNAPSHOTS = 20  # in each of the three parts
AGAIN = 0.8  # of the deals that the model which scores is fitted on; calibrated on the rest
WORSE = 0.0005  # of Brier score by which a new model may be worse than the one in use
State = WinModel.State


@dataclass(frozen=True)
class Choice:
    """A fitted model as a row to be kept."""

    values: dict[str, Any]


def choose(told: pa.Table, moments: pa.Table, closed: pa.Table, used: WinModel | None) -> list[Choice]:
    """Fit both models; the better on the latest deals is used, unless it is no better than telling every deal the same
    chance, or worse than the model in use. `moments` have `won` and `ended`, `closed` is sorted by its end.
    """
    early, middle, late = _windows(moments, closed)
    ends = closed["moment"]
    won = moments["won"].to_numpy().astype(np.int64)
    before = pc.invert(late).to_numpy()
    base = float(won[before].mean())
    last, deals = late.to_numpy(), moments["deal"].to_numpy()
    candidates = []
    for name in fitting.FITS:
        trial = _fit(name, told, moments, early, middle)
        model, calibration = publishing.parts_of(trial)
        latest = told.filter(late)
        quality = judging.judge(calibration.of(model.score(latest)), won[last], deals[last], base)
        candidates.append((name, trial, quality | {"weights": publishing.mean_weights(model, latest)}))
    best = min(candidates, key=lambda one: one[2]["brier"])
    old = _of_used(used, told.filter(late), won[last])
    boundary = ends[min(int(closed.num_rows * AGAIN), closed.num_rows - 1)]
    older = pc.less(moments["ended"], boundary)
    found = []
    for one in candidates:
        state, reason = _verdict(one is best, one[2], old)
        parameters = _fit(one[0], told, moments, older, pc.invert(older)) if state == State.USED else {}
        spread = judging.spread(told) if state == State.USED else {}
        found.append(
            Choice(
                {
                    "kind": one[0], "state": state, "parameters": parameters, "trial": one[1], "quality": one[2],
                    "spread": spread, "reason": reason,
                }
            )
        )  # fmt: skip
    return found


def can_be_tried(moments: pa.Table, closed: pa.Table) -> bool:
    """Whether deals were open long enough, and ended at different times: each part of them needs some won and lost."""
    if not moments.num_rows:
        return False
    counts = [(int(pc.sum(part).as_py() or 0), moments["won"].filter(part)) for part in _windows(moments, closed)]
    return all(count >= LEAST_SNAPSHOTS and 0 < (pc.sum(won).as_py() or 0) < count for count, won in counts)


def _windows(moments: pa.Table, closed: pa.Table) -> tuple[Any, Any, Any]:
    """Which snapshots are of deals that closed early, later and last: to fit, to calibrate, to try."""
    first, second = (closed["moment"][int(closed.num_rows * share)] for share in (TO_FIT, TO_FIT + TO_CALIBRATE))
    early = pc.less(moments["ended"], first)
    late = pc.greater_equal(moments["ended"], second)
    return early, pc.invert(pc.or_(early, late)), late


def _fit(name: str, told: pa.Table, moments: pa.Table, chosen: Any, then: Any) -> dict[str, Any]:
    """A model fitted on some snapshots and calibrated on later ones, as it is kept."""
    won = moments["won"]
    model = fitting.FITS[name](told.filter(chosen), won.filter(chosen).to_numpy().astype(np.int64))
    deals = len(pc.unique(moments["deal"].filter(then)))
    calibration = fitting.calibrated(
        model.score(told.filter(then)), won.filter(then).to_numpy().astype(np.int64), deals
    )
    return {"model": model.as_json(), "calibration": asdict(calibration)}


def _of_used(used: WinModel | None, told: pa.Table, won: Any) -> float | None:
    """The Brier score of the model in use on the same deals, as it was fitted for its own trial: it has seen none of
    them."""
    if used is None or not used.trial:
        return None
    model, calibration = publishing.parts_of(used.trial)
    return float(np.mean((calibration.of(model.score(told)) - won) ** 2))


def _verdict(best: bool, quality: dict[str, Any], old: float | None) -> tuple[str, dict[str, Any]]:
    if not best:
        return State.COMPARED, {}
    if quality["brier"] >= quality["base_brier"]:
        values = {"brier": round(quality["brier"], 4), "base": round(quality["base_brier"], 4)}
        return State.REFUSED, {"code": "no_better_than_base", **values}
    if old is not None and quality["brier"] > old + WORSE:
        return State.REFUSED, {"code": "worse_than_before", "new": round(quality["brier"], 4), "old": round(old, 4)}
    return State.USED, {}
