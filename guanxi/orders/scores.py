"""Recency, frequency and money: where a party stands among all who buy, in fifths.

The bounds of the fifths are read from a sample of the summaries, kept in the cache, and renewed by the schedule; a
score is therefore as exact as the sample (of 20,000 parties: within a percentile or so).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import quantiles
from typing import Any

from django.core.cache import cache
from django.db.models import F, Max, Min, QuerySet
from django.db.models.functions import Mod
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tasks import task

from guanxi.foundation import clock
from guanxi.orders.models import PurchaseSummary

KEY = "orders.scores"
SAMPLE = 20_000
FIFTHS = 5
HOURS_KEPT = 24


@dataclass(frozen=True)
class Bounds:
    """What divides the fifths: the last day of purchase (as a number), days of purchase, revenue."""

    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    money: tuple[float, ...]
    parties: int  # looked at
    as_of: date


@dataclass(frozen=True)
class Score:
    """One of the three, from 1 (lowest fifth) to 5 (highest)."""

    letter: str
    label: str
    value: int
    meaning: str


def bounds() -> Bounds | None:
    """The bounds in use; worked out where there are none yet. None where nobody has bought."""
    known = cache.get(KEY)
    return known if isinstance(known, Bounds) else refresh()


def refresh() -> Bounds | None:
    """Work out the bounds afresh. Reads about SAMPLE rows, spread evenly over all parties."""
    ends = PurchaseSummary.objects.aggregate(oldest=Min("party_id"), newest=Max("party_id"))
    if ends["newest"] is None:
        return None
    rows: QuerySet[Any] = PurchaseSummary.objects.all()
    step = (ends["newest"] - ends["oldest"]) // SAMPLE
    if step > 1:
        rows = rows.annotate(place=Mod(F("party_id"), step)).filter(place=0)
    found = list(rows.values_list("last_day", "purchase_days", "revenue")[: 2 * SAMPLE])
    if not found:
        return None
    known = Bounds(
        _fifths([day.toordinal() for day, _days, _revenue in found]),
        _fifths([days for _day, days, _revenue in found]),
        _fifths([float(revenue) for _day, _days, revenue in found]),
        len(found),
        clock.today(),
    )
    cache.set(KEY, known, HOURS_KEPT * 3600)
    return known


@task(label=gettext_lazy("Renew the scores"))
def refresh_scores() -> dict[str, Any]:
    """The scheduled renewal of the bounds."""
    known = refresh()
    return {"parties": known.parties if known else 0}


def scores(summary: PurchaseSummary, known: Bounds | None) -> list[Score]:
    """Recency, frequency and money of one party among all who buy; nothing where the bounds are not known."""
    if known is None:
        return []
    return [
        _score("R", _("Recency"), summary.last_day.toordinal(), known.recency),
        _score("F", _("Frequency"), summary.purchase_days, known.frequency),
        _score("M", _("Money"), summary.revenue, known.money),
    ]


def _fifths(values: list[int] | list[float]) -> tuple[float, ...]:
    return tuple(quantiles(values, n=FIFTHS, method="inclusive")) if len(values) > 1 else ()


def _score(letter: str, label: str, value: Decimal | float, bounds_: tuple[float, ...]) -> Score:
    fifth = 1 + bisect_right(bounds_, float(value)) if bounds_ else FIFTHS
    return Score(letter, label, fifth, _meaning(fifth))


def _meaning(fifth: int) -> str:
    words = {
        1: _("the lowest fifth of all who buy"),
        2: _("the second lowest fifth"),
        3: _("the middle fifth"),
        4: _("the second highest fifth"),
        5: _("the highest fifth of all who buy"),
    }
    return words[fifth]
