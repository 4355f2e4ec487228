"""The nightly work: read what is known, fit models where there is reason to, score every open deal, publish at once.

Models that were fitted are kept with the running run, so that one that was killed goes on from there; scores, states of
models and the run become visible in one transaction at the end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import bulk, clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.lake import lock
from guanxi.lake.schema import number_of
from guanxi.sales.winning import actions, facts, features, judging, publishing, queries
from guanxi.sales.winning.choosing import Choice, can_be_tried, choose
from guanxi.sales.winning.counting import LEAST, LEAST_OF_EACH
from guanxi.sales.winning.facts import PLAIN, Facts
from guanxi.sales.winning.features import History
from guanxi.sales.winning.models import WinModel, WinRun

METHOD = 1  # raised where the same facts would be given another score
STEPS = 4
MOST = 60_000  # closed deals that are learned from, the newest
MORE = 0.05  # share by which closed deals must have grown before models are fitted anew
MONTH = timedelta(days=30)  # after which they are fitted anew whatever came
OFF = 3.0  # standard errors by which newly closed deals may differ from what was told


@dataclass(frozen=True)
class Outcome:
    """What a run came to; `fresh` is False where nothing had changed since the last one of the same day."""

    run: WinRun
    written: int
    fresh: bool


def learn(*, by: Viewer = SYSTEM, again: bool = False, wait: float = 0) -> Outcome:
    """Score all open deals; `again` fits models anew whatever there is.

    Raises Refused where another process is at it.
    """
    with lock.held(wait, "winning") as taken:
        if not taken:
            raise Refused(_("Another process is scoring already; see “Tasks” for how far it is."))
        progress(0, STEPS, _("Read what is known of deals"))
        moment = clock.now()
        with bulk.session() as db:
            basis = str(number_of(METHOD, clock.today(), facts.newest(db)))
        newest = queries.newest_run(SYSTEM)
        if newest is not None and newest.basis == basis and not again:
            return Outcome(newest, 0, fresh=False)
        run = _Run(actions.begin(moment, basis, by=by), by, again)
        try:
            written = run.through()
        except Exception as error:
            if not WinRun.objects.filter(pk=run.row.pk, state=WinRun.State.PUBLISHED).exists():
                actions.note(run.row, by=by, state=WinRun.State.FAILED, error=str(error)[:2000])
            raise
        return Outcome(WinRun.objects.get(pk=run.row.pk), written, fresh=True)


class _Run:
    """One run on its way."""

    def __init__(self, row: WinRun, by: Viewer, again: bool) -> None:
        self.row, self.by, self.again = row, by, again
        self.seconds: dict[str, float] = {}
        self.notes: list[dict[str, Any]] = []
        self.figures: dict[str, Any] = {}

    @contextmanager
    def _step(self, number: int, name: str, words: str) -> Iterator[None]:
        progress(number, STEPS, words)
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 2)

    def through(self) -> int:
        """All steps, one after the other; how many scores were written."""
        with self._step(0, "read", _("Read what is known of deals")), bulk.session() as db:
            known, made_up = _one_kind(facts.read(db))
        with History(known) as history:
            with self._step(1, "models", _("Fit the models")):
                model = self._model(history, history.closed(), made_up)
            with self._step(2, "scores", _("Score the open deals")):
                rows = self._scores(known, history, model)
        with self._step(3, "publish", _("Publish")):
            self._keep()
            written = publishing.publish(self.row, rows, timezone.now())
        self._keep()  # again, for the seconds of publishing
        progress(STEPS, STEPS)
        return written

    def _model(self, history: History, closed: pa.Table, made_up: bool) -> WinModel | None:
        """The model that scores: the one in use, or a new one where there is reason for it and it is not worse."""
        won = int(pc.sum(closed["won"]).as_py() or 0)
        self.figures["closed"] = {
            "deals": closed.num_rows, "won": won, "least": LEAST, "least_of_each": LEAST_OF_EACH, "made_up": made_up,
        }  # fmt: skip
        used = queries.in_use(SYSTEM)
        if used is not None and used.made_up != made_up:
            used = None  # what was learned from made-up deals says nothing of real ones
        if min(won, closed.num_rows - won) < LEAST_OF_EACH or closed.num_rows < LEAST:
            return used
        drift = self._later(history, closed, used) if used is not None else {}
        if used is not None and not self._reason(used, closed, drift):
            return used
        return self._fitted(history, closed, used, made_up)

    def _reason(self, used: WinModel, closed: pa.Table, drift: dict[str, Any]) -> bool:
        """Whether there is reason to fit anew."""
        if self.again or abs(drift.get("off", 0.0)) > OFF:
            return True
        fresh = _ended_after(closed, used.until).num_rows
        old = self.row.moment - used.fitted_at > MONTH
        return fresh >= max(used.deals * MORE, 20) or (old and fresh > 0)

    def _later(self, history: History, closed: pa.Table, used: WinModel) -> dict[str, Any]:
        """How the model in use did on deals that closed after those it learned from."""
        fresh = _ended_after(closed, used.until)
        moments = history.snapshots(fresh.slice(max(fresh.num_rows - MOST, 0))) if fresh.num_rows else None
        if moments is None or not moments.num_rows:
            return {}
        told, moments = _features(history, moments)
        if not told.num_rows:
            return {}
        additive, calibration = publishing.parts_of(used.parameters)
        chances = calibration.of(additive.score(told))
        self.figures["later"] = judging.later(chances, _won(moments), moments["deal"].to_numpy())
        return dict(self.figures["later"])

    def _fitted(self, history: History, closed: pa.Table, used: WinModel | None, made_up: bool) -> WinModel | None:
        """Both models fitted, tried on later deals and kept with the run; the one that scores from now on."""
        kept = list(WinModel.objects.filter(run=self.row))  # of a run that was broken off
        if not kept:
            chosen = closed.slice(max(closed.num_rows - MOST, 0))
            told, moments = _features(history, history.snapshots(chosen))
            if not can_be_tried(moments, chosen):
                self.notes.append({"code": "too_short", "snapshots": moments.num_rows})
                return used
            found = choose(told, moments, chosen, used)
            kept = actions.keep_models(self.row, [self._version(one, chosen, made_up) for one in found], by=self.by)
        self.notes += [one.reason for one in kept if one.state == WinModel.State.REFUSED and one.reason]
        return next((one for one in kept if one.state == WinModel.State.USED), used)

    def _version(self, found: Choice, closed: pa.Table, made_up: bool) -> dict[str, Any]:
        last: datetime = closed["moment"][-1].as_py().replace(tzinfo=UTC)
        won = int(pc.sum(closed["won"]).as_py())
        return found.values | {
            "deals": closed.num_rows, "won": won, "until": last, "made_up": made_up, "fitted_at": self.row.moment,
        }  # fmt: skip

    def _scores(self, known: Facts, history: History, model: WinModel | None) -> pa.Table:
        """Every open deal scored; none where there is no model yet."""
        if model is None:
            return publishing.nothing()
        moment = pa.scalar(self.row.moment.astimezone(UTC).replace(tzinfo=None), PLAIN)
        told = history.features(features.at_now(known, moment))
        moved = judging.stability(model.spread, told)
        self.figures["stability"] = {name: round(value, 4) for name, value in moved.items()}
        return publishing.scores(told, model, self.row.moment)

    def _keep(self) -> None:
        told = self.figures | {"notes": self.notes, "seconds": self.seconds}
        actions.note(self.row, by=self.by, figures=told)


def _one_kind(known: Facts) -> tuple[Facts, bool]:
    """Real deals where there are enough of them, or none that are made up; else those for demonstration."""
    ended = known.deals.filter(pc.not_equal(known.deals["state"], "open"))
    made_up = int(pc.sum(ended["made_up"]).as_py() or 0)
    chosen = made_up >= LEAST > ended.num_rows - made_up
    return known.only(chosen), chosen


def _features(history: History, moments: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The features of moments at which the deal was open, and those moments."""
    told = history.features(moments)
    open_then = told["open"]
    return told.filter(open_then), moments.filter(open_then)


def _ended_after(closed: pa.Table, moment: datetime | None) -> pa.Table:
    if moment is None:
        return closed
    limit = pa.scalar(moment.astimezone(UTC).replace(tzinfo=None), PLAIN)
    return closed.filter(pc.greater(closed["moment"], limit))


def _won(moments: pa.Table) -> Any:
    return moments["won"].to_numpy().astype(np.int64)
