"""`guanxi learn`: from the lake to a standing of every party, step by step, published at once or not at all.

Models that were fitted are kept with the running learning, so that one that was killed goes on from there; standings
and what follows from them become visible in one transaction at the end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Max
from django.utils.translation import gettext as _

from guanxi.customers.models import Party
from guanxi.foundation import bulk, clock, settled
from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.insight import actions, booking, equity, fitting, queries, scoring, statistics
from guanxi.insight import bulk as standings
from guanxi.insight.history import History, Statistics
from guanxi.insight.models import Assumptions, Learning
from guanxi.lake import lock, refresh, tables
from guanxi.lake.schema import number_of

READ_FROM = ("party", "product", "sales_line")
METHOD = 2  # raised where the same data would be given another standing
MONTHS = 12  # of equity over time
STEPS = 6
PATIENCE = 600  # seconds to wait for whoever else writes to the lake


@dataclass(frozen=True)
class Outcome:
    """What a learning came to; `fresh` is False where nothing had changed since the last one."""

    learning: Learning
    written: int
    fresh: bool


def learn(*, by: Viewer = SYSTEM, again: bool = False, wait: float = 0) -> Outcome:
    """Learn from the lake as it is now; `again` also where nothing has changed.

    Raises Refused where another process is learning, LakeBroken.
    """
    with lock.held(wait, "learn") as taken:
        if not taken:
            raise Refused(_("Another process is learning already; see “Tasks” for how far it is."))
        booking.book_costs(by=SYSTEM)
        progress(message=_("Bring the lake up to date"))
        refresh.refresh(wait=PATIENCE)
        _catch_up()
        return _learn(by, again)


def _learn(by: Viewer, again: bool) -> Outcome:
    today = clock.today()
    assumed = queries.assumptions(SYSTEM)
    day = statistics.last_day(today)
    basis = _basis(day, assumed)
    newest = queries.current(SYSTEM)
    if newest is not None and newest.basis == basis and not again:
        return Outcome(newest, 0, fresh=False)
    run = _Run(actions.begin_learning(day or today, basis, by=by), assumed, by)
    try:
        written = run.through() if day else run.nothing()
    except Exception as error:
        if not Learning.objects.filter(pk=run.learning.pk, state=Learning.State.PUBLISHED).exists():
            actions.note_learning(run.learning, by=by, state=Learning.State.FAILED, error=str(error)[:2000])
        raise  # what was published stays so; the lake gets it with the next learning
    return Outcome(Learning.objects.get(pk=run.learning.pk), written, fresh=True)


def _basis(day: date | None, assumed: Assumptions) -> str:
    """What tells one state of the data and the assumptions from another."""
    values = [getattr(assumed, field.attname) for field in Assumptions._meta.fields if field.name != "id"]
    versions, hidden = [tables.version_of(name) for name in READ_FROM], statistics.unprofiled()
    return str(number_of(METHOD, day, values, versions, _events(), hidden))


def _events() -> int:
    """How many events the lake holds, but for those that learning itself records."""
    event = tables.table("event")
    return int(event.filter(~event.kind.startswith("standing.")).count().to_pyarrow().as_py())


def _catch_up() -> None:
    """Write to the lake what was published just before a process was killed."""
    newest = queries.current(SYSTEM)
    if newest is not None and standings.lake_is_behind(newest):
        with bulk.session() as db:
            rows = standings.read(db)
        _to_lake(newest, rows)


def _to_lake(learning: Learning, rows: pa.Table) -> None:
    """Write standings to the lake while nobody else writes there or makes few files of many."""
    with lock.held(wait=PATIENCE) as taken:
        if not taken:
            raise Refused(
                _("The lake is being written by another process; what was learned follows with the next learning.")
            )
        standings.to_lake(learning, rows)


def _profiled(rows: pa.Table) -> pa.Table:
    """The standings without those who had the use of their data restricted while it learned."""
    return rows.filter(pc.invert(pc.is_in(rows["party_id"], pa.array(statistics.unprofiled(), pa.int64()))))


def _last_party() -> int:
    return int(Party.objects.aggregate(last=Max("pk"))["last"] or 0)


class _Run:
    """One learning on its way."""

    def __init__(self, learning: Learning, assumed: Assumptions, by: Viewer) -> None:
        self.learning, self.assumed, self.by = learning, assumed, by
        self.seconds: dict[str, float] = {}
        self.notes: list[dict[str, Any]] = []
        self.lines = queries.lines()
        self.begun = _last_party(), settled.newest(Party)  # in this order: whoever has a lower number, has begun too

    @contextmanager
    def _step(self, number: int, name: str, words: str) -> Iterator[None]:
        progress(number, STEPS, words)
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 2)

    def nothing(self) -> int:
        """There are no orders to learn from; say so."""
        self._note("no_orders")
        self._keep_figures({})
        return standings.publish(self.learning, standings.nobody(), standings.nobody(), known_to=self._known_to())

    def through(self) -> int:
        """All steps, one after the other; how many standings were written."""
        until = self.learning.day
        with self._step(0, "read", _("Read the days of purchase")):
            history = statistics.history(until)
            facts = statistics.facts(until)
        with self._step(1, "models", _("Fit the models of purchases and spend")):
            fitted = fitting.purchases_and_spend(self.learning, history, self.assumed, by=self.by)
        with self._step(2, "stages", _("Fit the stages")):
            staged = fitting.stages(self.learning, history, by=self.by)
        with self._step(3, "scores", _("Work out the standing of each customer")), bulk.session() as db:
            before = standings.read(db)
            former = scoring.Former.of(before, until)
            scored = scoring.score(history, facts, fitted, staged, self.assumed, former)
            fitting.keep_growth(self.learning, scored.growth, by=self.by)
        with self._step(4, "equity", _("Add up customer equity over time")):
            points = self._equity(history, scored)
        rows = scored.table(self.learning)
        self.notes += [*fitted.notes, *filter(None, [staged.note]), *scored.notes]
        if future := statistics.days_of_the_future(clock.today()):
            self._note("future_dates", count=future)
        if (behind := (clock.today() - until).days) > 1:
            self._note("data_end", day=until.isoformat(), today=clock.today().isoformat(), days=behind)
        with self._step(5, "publish", _("Publish")):
            rows = _profiled(rows)
            figures = scored.figures() | {"calibration": fitted.calibration}
            self._keep_figures(figures)
            written = standings.publish(self.learning, rows, before, points, self._known_to())
            _to_lake(self.learning, rows)
        self._keep_figures(figures)  # again, for the seconds of publishing
        progress(STEPS, STEPS)
        return written

    def _equity(self, history: History, scored: scoring.Scored) -> list[equity.Point]:
        """The expected value of all customers at the ends of months, by the models of today."""
        fitted, buyers = scored.fitted, scored.buyers
        if fitted.purchases is None:
            return []
        valuation = fitted.valuation(self.assumed)

        def value(known: Statistics) -> Any:
            row = history.parties.searchsorted(known.party)
            return valuation.value(known, buyers.rates[row], buyers.costs[row])

        days = equity.month_ends(history, MONTHS)
        return equity.over_time(history, days, fitted.known, value)

    def _known_to(self) -> int:
        """The highest number up to which no party will appear any more; where one that was being made when this
        learning began still is, what the learning before knew."""
        last, mark = self.begun
        if settled.horizon(Party) >= mark:
            return last
        before = queries.current(SYSTEM)
        return before.known_to if before is not None else 0

    def _note(self, code: str, **values: Any) -> None:
        self.notes.append({"code": code, **values})

    def _keep_figures(self, figures: dict[str, Any]) -> None:
        told = figures | {
            "notes": self.notes,
            "seconds": self.seconds,
            "lines": self.lines,
            "discount_rate": self.assumed.discount_rate,
            "horizon_years": self.assumed.horizon_years,
        }
        customers = int(figures.get("customers", 0))
        actions.note_learning(self.learning, by=self.by, figures=told, customers=customers)
