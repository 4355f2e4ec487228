"""Which of several sources is believed: the rules by which a party is derived from its source records.

Field by field, what people say by hand counts first, the customer himself before others. Else it goes by the rule of
the field: the most trusted source, the newest word, the most complete value, or what most sources say; of equals the
more trusted, then the later. What is empty says nothing and never overwrites, but for one exception: where people took
a value away by hand, it stays away. What was only known before a merge (trust below zero) counts where nobody else
speaks. The rules stand here twice, for one party (`survive`) and for many at once (`survivors_sql`); a test holds them
equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from guanxi.customers import profile
from guanxi.customers.models import FieldRule

BY_HAND = 100  # the trust of what people say
BY_HIMSELF = 120  # and of what the customer says of himself
KNOWN_BEFORE = -1  # the trust of what no source says, but was known when parties were merged
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
Rules = Mapping[str, str]


class Said(NamedTuple):
    """What one source record says: `payload` by field name, profile fields as `profile.age`."""

    trust: int
    received_at: datetime
    id: int
    payload: dict[str, Any]
    source: int = 0


def field_names() -> list[str]:
    """All fields that survive by these rules."""
    return [*FIELDS, *(field.path for field in profile.fields())]


def rules() -> dict[str, str]:
    """The rule of each field that does not go by trust."""
    return dict(FieldRule.objects.exclude(rule=FieldRule.Rule.TRUSTED).values_list("field", "rule"))


def survive(records: Iterable[Said], rules: Rules | None = None) -> dict[str, Any]:
    """The surviving value of each field that any record speaks of; None where it was taken away by hand."""
    return {name: value for name, (value, _record) in survivors(records, rules).items()}


def survivors(records: Iterable[Said], rules: Rules | None = None) -> dict[str, tuple[Any, Said]]:
    """As `survive`, with the record that each value is from."""
    speaking: dict[str, list[tuple[Any, Said]]] = defaultdict(list)
    for record in records:
        for name, value in record.payload.items():
            if not _empty(value) or record.trust >= BY_HAND:
                speaking[name].append((None if _empty(value) else value, record))
    return {name: _best(said, (rules or {}).get(name, "")) for name, said in speaking.items()}


def _best(said: list[tuple[Any, Said]], rule: str) -> tuple[Any, Said]:
    votes: dict[str, set[int]] = defaultdict(set)
    for value, record in said:
        votes[_text(value)].add(record.source)

    def place(one: tuple[Any, Said]) -> tuple[Any, ...]:
        value, record = one
        merit = 0
        if rule == FieldRule.Rule.COMPLETE:
            merit = len(_text(value))
        elif rule == FieldRule.Rule.FREQUENT:
            merit = len(votes[_text(value)])
        trust = 0 if rule == FieldRule.Rule.NEWEST else record.trust
        return _standing(record.trust), merit, trust, record.received_at, record.id

    return max(said, key=place)


def _standing(trust: int) -> int:
    """What counts before any rule: people by their own trust, then all sources alike, last what was known before."""
    return trust if trust >= BY_HAND or trust < 0 else 0


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _empty(value: Any) -> bool:
    return value is None or value == ""


def survivors_sql(records: str, fields: Iterable[str], rules: Rules | None = None) -> str:
    """The same as a DuckDB query over a relation (party_id, trust, received_at, id, payload as JSON text, source_id).

    One row for each party: `party_id`, for each field its surviving value as text (column of the field's name), and a
    column "<field>?" that is true where any record speaks of it.
    """
    names = list(fields)
    how = {name: (rules or {}).get(name, "") for name in names}
    paths = ", ".join(f"'$.\"{name}\"'" for name in names)
    # The text of a record is read once for all fields, and once more where people may have taken values away.
    relation = (
        f"SELECT *, CASE WHEN trust >= {BY_HAND} OR trust < 0 THEN trust ELSE 0 END AS standing, "
        f"json_extract_string(payload, [{paths}]) AS words, "
        f"CASE WHEN trust >= {BY_HAND} THEN json_exists(payload, [{paths}]) END AS taken FROM {records}"
    )
    # By trust and by time every field ranks the records of a party alike: one number says which comes last.
    ranked = "row_number() OVER (PARTITION BY party_id ORDER BY standing, {}received_at, id)"
    relation = f"SELECT *, {ranked.format('trust, ')} AS by_trust, {ranked.format('')} AS by_time FROM ({relation})"
    columns = []
    for place, name in enumerate(names, 1):
        value = f"nullif(words[{place}], '')"
        speaks = f"({value} IS NOT NULL OR coalesce(taken[{place}], false))"
        order = "by_trust"
        if how[name] == FieldRule.Rule.COMPLETE:
            order = f"(standing, coalesce(length({value}), 0), by_trust)"
        elif how[name] == FieldRule.Rule.FREQUENT:
            counted = f"count(DISTINCT source_id) FILTER ({speaks}) OVER (PARTITION BY party_id, {value})"
            relation = f"SELECT *, {counted} AS votes_{place} FROM ({relation})"
            order = f"(standing, votes_{place}, by_trust)"
        elif how[name] == FieldRule.Rule.NEWEST:
            order = "by_time"
        columns += [f'arg_max_null({value}, {order}) FILTER ({speaks}) AS "{name}"', f'bool_or({speaks}) AS "{name}?"']
    return f"SELECT party_id, {', '.join(columns)} FROM ({relation}) GROUP BY party_id"
