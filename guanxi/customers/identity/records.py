"""Parties as records to be compared: the columns that guanxi.customers.matching knows, as Arrow."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import duckdb
import pyarrow as pa

from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.bulk import BulkSession

KINDS = (Party.Kind.PERSON.value, Party.Kind.ORGANISATION.value)
RECORDS = pa.schema(
    [
        ("id", pa.int64()),
        *(
            (name, pa.string())
            for name in (
                "full_name", "given_name", "family_name", "date_of_birth", "gender", "mail", "telephone", "address",
                "city", "country", "occupation", "company",
            )
        ),
    ]
)  # fmt: skip
_REACH = {"mail": ContactPoint.Kind.MAIL, "telephone": ContactPoint.Kind.PHONE, "address": ContactPoint.Kind.ADDRESS}
_FACTS = ("given_name", "family_name", "date_of_birth", "gender", "city", "country", "occupation")
_PARTY = pa.schema([("id", pa.int64()), ("name", pa.string()), *((name, pa.string()) for name in _FACTS)])
_POINT = pa.schema([("party_id", pa.int64()), ("id", pa.int64()), ("kind", pa.string()), ("value", pa.string())])


def records_of(ids: Collection[int], kind: str) -> pa.Table:
    """The records of a few parties, as they are within the open transaction."""
    rows = {
        row["pk"]: {"id": row["pk"], **{name: _text(row[name]) for name in _FACTS}, "name": row["name"]}
        for row in Party.objects.filter(pk__in=ids, kind=kind, merged_into=None).values("pk", "name", *_FACTS)
    }
    points = ContactPoint.objects.filter(party__in=rows, kind__in=_REACH.values()).order_by("-preferred", "id")
    for party, point_kind, value, key in points.values_list("party", "kind", "value", "key"):
        name = next(name for name, known in _REACH.items() if known == point_kind)
        rows[party].setdefault(name, value if point_kind == ContactPoint.Kind.ADDRESS else key)
    return _as_records(rows.values(), kind)


def record_of(values: dict[str, object], kind: str) -> pa.Table:
    """What somebody is typing of a party as one record with the id 0; names as those of `Party`, mail and phone too."""
    row = {name: _text(values.get(name)) for name in (*_FACTS, "name", "mail", "address")}
    return _as_records([{"id": 0, **row, "telephone": _text(values.get("phone"))}], kind)


def all_records(db: BulkSession, kind: str) -> pa.Table:
    """The records of all parties of a kind."""
    facts = ", ".join(
        f"NULLIF({name}, '')" if name != "date_of_birth" else "CAST(date_of_birth AS TEXT)" for name in _FACTS
    )
    where = f"WHERE kind = '{kind}' AND merged_into_id IS NULL"
    parties = db.read(f"SELECT id, name, {facts} FROM customers_party {where}", _PARTY)
    wanted = ", ".join(f"'{one}'" for one in _REACH.values())
    points = db.read(
        "SELECT party_id, CASE WHEN preferred THEN id - 4611686018427387904 ELSE id END, kind, "
        f"CASE WHEN kind = 'address' THEN value ELSE key END FROM customers_contactpoint WHERE kind IN ({wanted})",
        _POINT,
    )
    with duckdb.connect() as work:
        work.register("parties", parties)
        work.register("points", points)
        reached = ", ".join(
            f"arg_min(value, id) FILTER (kind = '{point_kind}') AS {name}" for name, point_kind in _REACH.items()
        )
        named = "name" if kind == Party.Kind.PERSON else "NULL"
        firm = "name" if kind == Party.Kind.ORGANISATION else "NULL"
        columns = {"full_name": named, "company": firm}
        chosen = ", ".join(f"CAST({columns.get(name, name)} AS VARCHAR) AS {name}" for name in RECORDS.names[1:])
        found = work.sql(
            f"SELECT id, {chosen} FROM parties LEFT JOIN (SELECT party_id, {reached} FROM points GROUP BY party_id) "
            "ON party_id = id ORDER BY id"
        ).to_arrow_table()
    return found.cast(RECORDS)


def _as_records(rows: Iterable[dict[str, object]], kind: str) -> pa.Table:
    named = "full_name" if kind == Party.Kind.PERSON else "company"
    made = [{**row, named: row.get("name")} for row in rows]
    return pa.Table.from_pylist([{name: row.get(name) for name in RECORDS.names} for row in made], schema=RECORDS)


def _text(value: object) -> str | None:
    return str(value).strip() or None if value is not None else None
