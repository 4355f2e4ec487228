"""The snapshot of every night, and the scores of periods that are over."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

from guanxi.foundation import clock, tasks
from guanxi.foundation.actions import action
from guanxi.foundation.visibility import Viewer, require
from guanxi.sales.forecast import keeping, outlook, periods
from guanxi.sales.forecast.models import DealState, Judgement, Night, PersonScore
from guanxi.sales.forecast.outlook import PERSON, Standing
from guanxi.sales.forecast.periods import Period

HORIZONS = (90, 60, 30, 14, 7)  # days before the end of a period
LATE = timedelta(days=3)  # a night was left out: an older snapshot stands in for it, if it is not older than that
MOST_PERIODS = 24  # that are looked at: what ended before there was a snapshot has no score


@action
def take_snapshot(*, by: Viewer) -> Night:
    """Keep how all deals stand today; said again on the same day, how they stand then."""
    require(by, "edit", Night)
    begun, day = time.perf_counter(), clock.today()
    if Night.objects.filter(day=day).exists():
        keeping.forget_day(day)
    tasks.progress(0, 3, "")
    keeping.close_changed(day)
    tasks.progress(1, 3, "")
    changed = keeping.open_new(day)
    tasks.progress(2, 3, "")
    deals = DealState.objects.filter(until__isnull=True).count()
    values: dict[str, Any] = {"deals": deals, "changed": changed, "at": clock.now()}
    night, _made = Night.objects.update_or_create(day=day, defaults=values | {"seconds": time.perf_counter() - begun})
    return night


@action
def score_periods(*, by: Viewer) -> list[str]:
    """Score the periods that are over and have no scores yet; their keys."""
    require(by, "edit", PersonScore)
    first = Night.objects.order_by("day").values_list("day", flat=True).first()
    if first is None:
        return []
    known = set(PersonScore.objects.values_list("period", flat=True).distinct())
    return [one.key for one in _over(first) if one.key not in known and score(one, by=by)]


@action
def score(period: Period, *, by: Viewer) -> int:
    """Score one period, anew where it was scored; how many horizons had a snapshot."""
    require(by, "edit", PersonScore)
    keeping.forget_scores(period)
    done = 0
    for days in HORIZONS:
        night = night_near(period.after.start - timedelta(days=days))
        if night is not None:
            keeping.score_people(period, days, night.day)
            keeping.score_stages(period, days, night.day)
            _score_words(period, days, night.day)
            done += 1
    return done


def night_near(day: date) -> Night | None:
    """The snapshot of a day, or one shortly before it."""
    return Night.objects.filter(day__lte=day, day__gte=day - LATE).order_by("-day").first()


def _over(first: date) -> list[Period]:
    """The months and quarters that ended since the first snapshot."""
    found: list[Period] = []
    for kind in (periods.MONTH, periods.QUARTER):
        period = periods.now(kind).before
        for _number in range(MOST_PERIODS):
            if period.last < first:
                break
            found.append(period)
            period = period.before
    return found


def _score_words(period: Period, days: int, day: date) -> None:
    """Where people had said another number by then, it is what was forecast."""
    rows = Judgement.objects.filter(period=period.key, user__isnull=False, at__lt=clock.start_of(day))
    standings: dict[outlook.Unit, Standing] = {}
    for row in rows.order_by("pk"):
        standings.setdefault((PERSON, row.user_id), Standing()).take(row)
    said = {number: standing.counts for (_kind, number), standing in standings.items()}
    for number, word in said.items():
        if word is not None and not PersonScore.objects.filter(period=period.key, days=days, user=number).update(
            said=word.value
        ):
            PersonScore.objects.create(
                period=period.key, days=days, user=number, original=0, said=word.value, expected=0, actual=0
            )
