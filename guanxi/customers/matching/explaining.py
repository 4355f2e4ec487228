"""Why two records are taken for one person, or not: field by field, in words and bits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext_lazy as _

from guanxi.customers.matching.columns import FIELDS as COLUMNS
from guanxi.customers.matching.comparing import SAME, Field, Words
from guanxi.customers.matching.model import Model
from guanxi.foundation.language import compatible, fold
from guanxi.foundation.language.forms import HAN

MISSING = _("nothing to compare")
PRIOR, RELATIVES = "prior", "relatives"
AS_GOOD_AS_NONE = 0.005  # bits that are not shown


@dataclass(frozen=True)
class Bar:
    """One bar of the waterfall: a field with both values, what was found, and how much it weighs (bits; 0: nothing)."""

    field: str
    label: Words
    left: str
    right: str
    found: Words
    bits: float


def explain(model: Model, left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Bar]:
    """The weight of a pair as bars whose sum is its match weight: the prior first, then each field, relatives last.

    Records under our field names. Raises CannotMatch where a record has no known field.
    """
    two = [{name: _text(record.get(name)) for name in COLUMNS[1:]} for record in (left, right)]
    kept = [name for name in COLUMNS[1:] if two[0][name] or two[1][name]]
    shape = pa.schema([("id", pa.int64()), *((name, pa.string()) for name in kept)])
    rows = [{"id": place} | {name: record[name] or None for name in kept} for place, record in enumerate(two)]
    one, other = (pa.Table.from_pylist([row], shape) for row in rows)
    pair = model.recognise(one, other).to_pylist()[0]
    bars = [Bar(PRIOR, _("two records taken at random"), "", "", "", pair["weight_prior"])]
    for field in model.fields:
        level = pair[f"level_{field.name}"]
        found = MISSING if level < 0 else _words(field, level, two[0], two[1])
        values = [_shown(field, record) for record in two]
        bars.append(Bar(field.name, field.label, values[0], values[1], found, pair[f"weight_{field.name}"]))
    if not math.isclose(pair["weight_relatives"], 0, abs_tol=AS_GOOD_AS_NONE):
        found = _("what relatives or one household share")
        bars.append(Bar(RELATIVES, _("family or household"), "", "", found, pair["weight_relatives"]))
    return bars


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _shown(field: Field, record: Mapping[str, str]) -> str:
    """The values of a field as they were written; the full name where a part of it stands only there."""
    if field.name in ("given_name", "family_name") and record[field.name]:
        return record[field.name]
    return ", ".join(record[name] for name in field.shown if record[name])


def _words(field: Field, level: int, left: Mapping[str, str], right: Mapping[str, str]) -> Words:
    """What a level says; of the same Chinese written in two ways, that it is so."""
    words = field.levels[len(field.levels) - 1 - level].words
    if words is SAME:
        one, two = (_chinese(_shown(field, record)) for record in (left, right))
        both = {fold(character) for character in one} & {fold(character) for character in two}
        one, two = ("".join(c for c in text if fold(c) in both) for text in (one, two))
        if one != two and fold(one) == fold(two):
            return _("traditional and simplified")
    return words


def _chinese(text: str) -> str:
    """The Chinese characters of a text."""
    return "".join(HAN.findall(compatible(text)))
