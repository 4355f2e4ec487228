"""Which of several sources is believed: the rule by which a party is derived from its source records.

Field by field, the most trusted source counts that says anything; of equally trusted ones the latest. What is empty
says nothing and never overwrites, but for one exception: where people took a value away by hand, it stays away.
The rule stands here twice, for one party (`survive`) and for many at once (`survivors_sql`); a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from guanxi.customers import profile

BY_HAND = 100  # the trust of what people say
FIELDS = (
    "kind",
    "name",
    "latin_name",
    "family_name",
    "given_name",
    "gender",
    "date_of_birth",
    "occupation",
    "language",
    "city",
    "country",
)


class Said(NamedTuple):
    """What one source record says: `payload` by field name, profile fields as `profile.age`."""

    trust: int
    received_at: datetime
    id: int
    payload: dict[str, Any]


def field_names() -> list[str]:
    """All fields that survive by this rule."""
    return [*FIELDS, *(field.path for field in profile.fields())]


def survive(records: Iterable[Said]) -> dict[str, Any]:
    """The surviving value of each field that any record speaks of; None where it was taken away by hand."""
    ordered = sorted(records, key=lambda record: record[:3], reverse=True)
    survivors: dict[str, Any] = {}
    for record in ordered:
        for name, value in record.payload.items():
            if name in survivors:
                continue
            if not _empty(value):
                survivors[name] = value
            elif record.trust >= BY_HAND:
                survivors[name] = None
    return survivors


def _empty(value: Any) -> bool:
    return value is None or value == ""


def survivors_sql(records: str, fields: Iterable[str]) -> str:
    """The same as a DuckDB query over a relation (party_id, trust, received_at, id, payload as JSON text).

    One row for each party: `party_id`, for each field its surviving value as text (column of the field's name), and a
    column "<field>?" that is true where any record speaks of it.
    """
    columns = []
    for name in fields:
        path = f"'$.\"{name}\"'"
        value = f"nullif(json_extract_string(payload, {path}), '')"
        speaks = f"({value} IS NOT NULL OR (trust >= {BY_HAND} AND json_exists(payload, {path})))"
        newest = f"arg_max({{'v': {value}}}, (trust, received_at, id)) FILTER ({speaks})"
        columns += [f'({newest}).v AS "{name}"', f'bool_or({speaks}) AS "{name}?"']
    return f"SELECT party_id, {', '.join(columns)} FROM {records} GROUP BY party_id"
