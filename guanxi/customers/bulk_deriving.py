"""Parties derived again in sets from all that is said of them: by an import, and where the rules have changed.

Works inside the caller's bulk transaction; the set algebra is done by DuckDB in memory. For one party: deriving.py.
"""

from __future__ import annotations

from datetime import datetime

import duckdb
import pyarrow as pa

from guanxi.customers import profile
from guanxi.customers.survivorship import FIELDS, rules, survivors_sql
from guanxi.foundation.bulk import BulkSession

MOMENT = pa.timestamp("us", "UTC")
SAID = pa.schema(
    [
        ("party_id", pa.int64()),
        ("trust", pa.int64()),
        ("received_at", MOMENT),
        ("id", pa.int64()),
        ("payload", pa.string()),
        ("source_id", pa.int64()),
    ]
)
PARTIES = pa.schema(
    [
        ("id", pa.int64()),
        *((name, pa.date32() if name == "date_of_birth" else pa.string()) for name in FIELDS),
        ("profile", pa.string()),
        ("created_at", MOMENT),
    ]
)
_WIDE = r"[\x{2E80}-\x{9FFF}\x{AC00}-\x{D7AF}\x{F900}-\x{FAFF}\x{20000}-\x{3FFFF}]"


def read_known(db: BulkSession, work: duckdb.DuckDBPyConnection, known: pa.Table) -> None:
    """Bring what is said of parties (`known`: party_id) into `work` as `said_by_now`, how they stand as `parties`."""
    db.stage("known_parties", known)
    work.register(
        "said_by_now",
        db.read(
            "SELECT r.party_id, s.trust, r.received_at, r.id, r.payload, r.source_id FROM known_parties AS k "
            "CROSS JOIN customers_sourcerecord AS r JOIN customers_source AS s ON s.id = r.source_id "
            "WHERE r.party_id = k.party_id",
            SAID,
        ),
    )
    columns = ", ".join(f"p.{name}" for name in PARTIES.names)
    work.register(
        "parties",
        db.read(
            f"SELECT {columns} FROM known_parties AS k CROSS JOIN customers_party AS p WHERE p.id = k.party_id",
            PARTIES,
        ),
    )


def derive(db: BulkSession, work: duckdb.DuckDBPyConnection, said: str, fields: list[str], at: datetime) -> None:
    """Derive `parties` from the relation `said` (schema SAID) and write them where they differ.

    `fields`: the profile fields to derive. Makes the tables `derived` and `changed_parties` (id, changes as JSON).
    """
    names = [*FIELDS, *fields]
    work.execute(f"CREATE TABLE survivors AS {survivors_sql(said, names, rules())}")
    pairs = ", ".join(
        f"'{name.removeprefix(profile.PATH)}': CASE WHEN s.\"{name}?\" THEN {as_json(name)} "
        f"ELSE {_in_profile('p', name)} END"
        for name in fields
    )
    typed = f"CAST(json_merge_patch(p.profile, to_json({{{pairs}}})) AS VARCHAR)" if fields else "p.profile"
    work.execute(
        f"CREATE TABLE derived AS SELECT p.id, {', '.join(map(_surviving, FIELDS))}, {typed} AS profile "
        "FROM parties AS p JOIN survivors AS s ON s.party_id = p.id"
    )
    sides = {name: (f"p.{name}", f"d.{name}") for name in FIELDS}
    sides |= {name: (_in_profile("p", name), _in_profile("d", name)) for name in fields}
    differs = " OR ".join(f"{was} IS DISTINCT FROM {now}" for was, now in sides.values())
    changes = ", ".join(
        f"'{name}': CASE WHEN {was} IS DISTINCT FROM {now} THEN [{_told(name, was)}, {_told(name, now)}] END"
        for name, (was, now) in sides.items()
    )
    work.execute(
        "CREATE OR REPLACE TABLE changed_parties AS SELECT d.id, "
        f"CAST(json_merge_patch('{{}}', to_json({{{changes}}})) AS VARCHAR) AS changes "
        f"FROM derived AS d JOIN parties AS p ON p.id = d.id WHERE {differs}"
    )
    rows = work.sql(
        f"SELECT d.*, TIMESTAMPTZ '{at.isoformat()}' AS changed_at FROM derived AS d "
        "SEMI JOIN changed_parties AS c ON c.id = d.id ORDER BY d.id"
    ).to_arrow_table()
    write_derived(db, rows)


def write_derived(db: BulkSession, rows: pa.Table) -> None:
    """Write parties (id and any columns of theirs) as they were derived."""
    if not rows.num_rows:
        return
    db.stage("derived_parties", rows)
    cast = {"profile": "CAST(d.profile AS jsonb)"} if db.vendor == "postgresql" else {}
    sets = ", ".join(f"{name} = {cast.get(name, f'd.{name}')}" for name in rows.column_names if name != "id")
    db.execute(f"UPDATE customers_party SET {sets} FROM derived_parties AS d WHERE customers_party.id = d.id")


def full_name_sql(family: str, given: str) -> str:
    """`normalise.full_name` as an expression."""
    first = f"coalesce({family}, '') || CASE WHEN coalesce({family}, '') = '' THEN {given} ELSE '' END"
    wide = f"regexp_matches({first}, '{_WIDE}')"
    together = f"regexp_matches(coalesce({given}, ''), '{_WIDE}') OR {given} IS NULL"
    chinese = f"concat({family}, CASE WHEN {together} THEN '' ELSE ' ' END, {given})"
    return f"nullif(trim(CASE WHEN {wide} THEN {chinese} ELSE concat_ws(' ', {given}, {family}) END), '')"


def _surviving(name: str) -> str:
    """The value of a field: what survives; as it stands where nobody speaks of it."""
    if name == "date_of_birth":
        return f'CASE WHEN s."{name}?" THEN TRY_CAST(s.{name} AS DATE) ELSE p.{name} END AS {name}'
    if name == "name":
        return f"left(coalesce(s.name, {full_name_sql('s.family_name', 's.given_name')}, p.name), 200) AS name"
    if name == "kind":
        return "coalesce(s.kind, p.kind) AS kind"
    return f"CASE WHEN s.\"{name}?\" THEN coalesce(s.{name}, '') ELSE p.{name} END AS {name}"


def as_json(name: str) -> str:
    """A surviving profile value in its own type: survivors are texts."""
    field = profile.find(name.removeprefix(profile.PATH))
    plain = field is not None and field.kind in (profile.NUMBER, profile.YES_NO, profile.LIST)
    return f'TRY_CAST(s."{name}" AS JSON)' if plain else f'to_json(s."{name}")'


def _in_profile(of: str, name: str) -> str:
    return f"json_extract({of}.profile, '$.\"{name.removeprefix(profile.PATH)}\"')"


def _told(name: str, value: str) -> str:
    """A value as the ledger tells of it."""
    return value if name.startswith(profile.PATH) else f"CAST({value} AS VARCHAR)"
