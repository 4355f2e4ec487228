"""What a probability is made of: from what holds of any two, field by field, to the sum, in bits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

PRIOR = "prior"
WIDE = 1000  # units that a bar's picture is wide
THIN = 6  # and that a weight of next to nothing still is
SURE = 1023  # bits beyond which 2.0 ** bits overflows


@dataclass(frozen=True)
class Step:
    """One field: what was found, what it weighs, and where its bar stands (as text, for the picture)."""

    label: str
    words: str
    low: str
    high: str
    bits: str
    tone: str  # up, down or none
    x: str
    width: str
    is_prior: bool = False


@dataclass(frozen=True)
class Waterfall:
    """All steps, the sum and the probability that follows from it, and where no bits are."""

    steps: list[Step]
    total: Step
    zero: str
    probability: str


def waterfall(weights: Iterable[dict[str, Any]]) -> Waterfall | None:
    """The steps of a pair's weights, the prior first; None where nothing is kept of them."""
    known = sorted(weights, key=lambda one: one.get("field") != PRIOR)
    if not known:
        return None
    ends = [0.0]
    for one in known:
        ends.append(ends[-1] + _bits(one))
    least, most = min(ends), max(ends)
    scale = WIDE / ((most - least) or 1)
    steps = [_step(one, start, scale, least) for one, start in zip(known, ends, strict=False)]
    total = _step({"bits": ends[-1]}, 0.0, scale, least)
    return Waterfall(steps, total, _units((0 - least) * scale), percent(1 / (1 + 2 ** -ends[-1])))


def percent(probability: float | None) -> str:
    """A probability as people read it; near to certainty with as many nines as it has."""
    if probability is None:
        return ""
    if probability >= 1:
        return _("%(number)s %%") % {"number": "100"}
    places = 0
    if probability > 0.9:
        places = min(6, max(0, math.floor(-math.log10(1 - probability) + 1e-9) - 2))
    elif probability < 0.01:
        places = 2
    scale = 10**places
    number = math.floor(probability * 100 * scale + 1e-9) / scale
    return _("%(number)s %%") % {"number": formats.number_format(number, places)}


def _step(one: dict[str, Any], start: float, scale: float, least: float) -> Step:
    bits = _bits(one)
    left = min(start, start + bits)
    width = max(abs(bits) * scale, THIN)
    prior = one.get("field") == PRIOR
    label = str(one.get("label") or "")
    return Step(
        label=_(label) if label else _("Before anything is compared") if prior else str(one.get("field", "")),
        words=_(str(one["words"])) if one.get("words") else "",
        low=str(one.get("low") or ""),
        high=str(one.get("high") or ""),
        bits=f"{bits:+.1f}".replace("-", "−"),
        tone="up" if bits > 0.05 else "down" if bits < -0.05 else "none",
        x=_units(min((left - least) * scale, WIDE - width)),
        width=_units(width),
        is_prior=prior,
    )


def _bits(one: dict[str, Any]) -> float:
    bits = float(one.get("bits") or 0.0)
    return max(-SURE, min(SURE, bits)) if math.isfinite(bits) else math.copysign(SURE, bits)


def _units(value: float) -> str:
    return f"{max(value, 0):.1f}"
