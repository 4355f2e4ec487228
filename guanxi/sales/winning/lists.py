"""The win score in lists and on boards of deals."""

from __future__ import annotations

from typing import Any

from django.db.models import ObjectDoesNotExist
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.desk import Column
from guanxi.insight.explaining import percent
from guanxi.sales.deals.models import Deal, State

NAME = "win_score.probability"


def score(deal: Deal) -> str:
    """The chance of an open deal in per cent; nothing where there is none."""
    value = chance(deal)
    return "" if value is None else percent(value)


def chance(deal: Deal) -> float | None:
    """The same as a number, for files."""
    if deal.state != State.OPEN:
        return None
    try:
        return float(deal.win_score.probability)
    except ObjectDoesNotExist:
        return None


COLUMNS: list[Any] = [Column(NAME, label=_("Win score"), render=score, export=chance, needs=[NAME, "state"])]
