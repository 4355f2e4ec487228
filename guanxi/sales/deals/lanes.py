"""What boards of deals are parted by: the stages of each pipeline, and the month in which they are to close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import clock
from guanxi.foundation.desk import Lane, Lanes
from guanxi.sales.deals import queries
from guanxi.sales.deals.actions import moving
from guanxi.sales.deals.models import Pipeline, Stage, State

FORECAST = "forecast"
MONTHS = 6  # of the forecast, beginning with this one


def every() -> list[Lanes]:
    """The boards: one for each pipeline, and the forecast."""
    found = queries.pipelines()
    boards = [
        Lanes(
            f"pipeline-{pipeline.pk}",
            _("Stage") if len(found) == 1 else str(pipeline),
            of_pipeline(pipeline, stages),
            moving.move_to_lane,
        )
        for pipeline, stages in found
    ]
    return [*boards, Lanes(FORECAST, _("Month of closing"), forecast, moving.move_to_month)]


def first() -> str:
    """The board that is shown at first."""
    found = queries.pipelines()
    return f"pipeline-{found[0][0].pk}" if found else FORECAST


def of_pipeline(pipeline: Pipeline, stages: Sequence[Stage]) -> list[Lane]:
    """Its stages, then won and lost."""
    lanes = [
        Lane(f"stage-{stage.pk}", f"{stage} · {stage.probability} %", Q(stage=stage.pk, state=State.OPEN))
        for stage in stages
    ]
    ended = [
        Lane(State.WON, _("Won"), Q(pipeline=pipeline.pk, state=State.WON), tone="good"),
        Lane(State.LOST, _("Lost"), Q(pipeline=pipeline.pk, state=State.LOST), tone="bad"),
    ]
    return [*lanes, *ended]


def forecast() -> Sequence[Lane]:
    """Open deals by the month in which they are to close; what is overdue, later, or without a day stands apart."""
    is_open = Q(state=State.OPEN)
    begin = clock.today().replace(day=1)
    months = [begin]
    while len(months) <= MONTHS:
        months.append((months[-1] + timedelta(days=32)).replace(day=1))
    lanes = [Lane("overdue", _now("Before this month"), is_open & Q(expected_close__lt=begin), None, False, "bad")]
    for month, after in pairwise(months):
        condition = is_open & Q(expected_close__gte=month, expected_close__lt=after)
        lanes.append(Lane(f"{month:%Y-%m}", month_words(month), condition))
    lanes.append(Lane("later", _now("Later"), is_open & Q(expected_close__gte=months[-1]), None, False))
    lanes.append(Lane("undated", _now("Without a day"), is_open & Q(expected_close__isnull=True), None, False))
    return lanes


def month_words(day: date) -> str:
    """A month in words."""
    return formats.date_format(day, "YEAR_MONTH_FORMAT")
