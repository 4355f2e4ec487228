"""How many pairs are how probable, as bars of equal width, with the two thresholds drawn among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

WIDE, HIGH = 1000, 120  # units of the picture
GAP = 6


@dataclass(frozen=True)
class Bar:
    """One span of probability; what is asked lies between the thresholds, what is merged above."""

    span: str
    count: int
    x: str
    y: str
    width: str
    height: str
    tone: str


@dataclass(frozen=True)
class Histogram:
    """The bars, and where the thresholds stand."""

    bars: list[Bar]
    ask_x: str
    merge_x: str


def histogram(spans: Sequence[tuple[float, float, int]], merge_from: float, ask_from: float) -> Histogram:
    """The picture of (from, to, count); heights grow with the logarithm, so that few still show beside many."""
    wide = WIDE / max(len(spans), 1)
    most = math.log1p(max((count for _start, _end, count in spans), default=0)) or 1
    bars = []
    for place, (start, end, count) in enumerate(spans):
        height = max(HIGH * math.log1p(count) / most, 3 if count else 0)
        middle = (start + end) / 2
        tone = "merged" if middle >= merge_from else "asked" if middle >= ask_from else "left"
        name = _("≥ %(number)s %%") % {"number": f"{100 * start:.6g}"}
        x = place * wide + GAP / 2
        bars.append(Bar(name, count, _text(x), _text(HIGH - height), _text(wide - GAP), _text(height), tone))
    return Histogram(bars, _text(_at(spans, ask_from) * wide), _text(_at(spans, merge_from) * wide))


def _at(spans: Sequence[tuple[float, float, int]], threshold: float) -> float:
    """How many bars lie left of a threshold."""
    for place, (start, end, _count) in enumerate(spans):
        if threshold <= start:
            return place
        if threshold < end:
            return place + (threshold - start) / (end - start)
    return len(spans)


def _text(value: float) -> str:
    return f"{value:.1f}"
