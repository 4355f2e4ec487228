"""How parties stand to each other, in sets: what imports write of it. The same rules as actions.relationships."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from guanxi.customers.relations.trees import SHAPING
from guanxi.foundation import clock
from guanxi.foundation.bulk import BulkSession, read_beside

CONTENT = ("title", "department", "reports_to_id", "buying_role", "stance", "influence", "since", "until")
ROWS = pa.schema(
    [
        ("row", pa.int64()),
        ("party_id", pa.int64()),
        ("kind", pa.string()),
        ("other_id", pa.int64()),
        ("title", pa.string()),
        ("department", pa.string()),
        ("reports_to_id", pa.int64()),
        ("buying_role", pa.string()),
        ("stance", pa.int64()),
        ("influence", pa.int64()),
        ("since", pa.date32()),
        ("until", pa.date32()),
    ]
)
_KNOWN = pa.schema([("id", pa.int64()), *((one.name, one.type) for one in ROWS if one.name != "row")])
_PARTIES = pa.schema([("id", pa.int64()), ("kind", pa.string()), ("name", pa.string())])
_EDGES = pa.schema([("kind", pa.string()), ("party_id", pa.int64()), ("other_id", pa.int64())])
MUTUAL = "household"
# Whether row t gives a company another parent than it has, and the file does not end that, or than a row before.
_SECOND_PARENT = (
    "coalesce(t.until > DATE '{today}', true) AND (EXISTS (SELECT 1 FROM known AS k ANTI JOIN turned AS e "
    "ON e.kind = k.kind AND e.party_id = k.party_id AND e.other_id = k.other_id AND e.until <= DATE '{today}' "
    "WHERE k.kind = 'parent' AND k.party_id = t.party_id AND k.other_id NOT IN (t.other_id, t.party_id) "
    "AND coalesce(k.until > DATE '{today}', true)) OR EXISTS (SELECT 1 FROM turned AS w WHERE w.kind = 'parent' "
    "AND w.party_id = t.party_id AND w.other_id <> t.other_id AND w.row < t.row "
    "AND coalesce(w.until > DATE '{today}', true)))"
)


@dataclass
class RelationsWritten:
    """What became of a set of rows that speak of relationships, by row."""

    states: pa.Table  # row, state (new, changed, unchanged, skipped, refused), reason, fields, label, party_id
    before: pa.Table  # changed ones: id and CONTENT as it was and as it is now (…_now)
    events: pa.Table  # for ledger.bulk.append_events


def write_relationships(
    db: BulkSession,
    rows: pa.Table,
    *,
    run_id: int | None,
    rule: str = "create_or_update",
    made_up: pa.Table | None = None,
) -> RelationsWritten:
    """Write relationships (schema ROWS), known by party, kind and other; what a row leaves empty stays as it is.

    Refused are those to oneself, circles of parents or superiors, a second parent company, workplaces that are no
    organisation, superiors who do not work there, households with an organisation, and an end before the beginning.
    `made_up`: parties (id, kind, name) that a look would have made.
    """
    with duckdb.connect() as work:
        work.register("rows", rows.cast(ROWS))
        shaping = work.execute(
            "SELECT 1 FROM rows WHERE kind = 'parent' OR reports_to_id IS NOT NULL LIMIT 1"
        ).fetchall()
        if shaping and db.vendor == "postgresql":  # on SQLite there is one writer anyway
            db.execute(f"SELECT pg_advisory_xact_lock(hashtext('{SHAPING}'))")
        ends = work.sql(
            "SELECT party_id AS id FROM rows UNION SELECT other_id FROM rows UNION SELECT reports_to_id FROM rows "
            "WHERE reports_to_id IS NOT NULL ORDER BY 1"
        ).to_arrow_table()
        db.stage("related_parties", ends)
        known = db.read(
            "SELECT r.id, r.party_id, r.kind, r.other_id, NULLIF(r.title, ''), NULLIF(r.department, ''), "
            "r.reports_to_id, NULLIF(r.buying_role, ''), r.stance, r.influence, r.since, r.until FROM "
            "related_parties AS p "
            "CROSS JOIN customers_relationship AS r WHERE r.party_id = p.id",
            _KNOWN,
        )
        parties = db.read(
            "SELECT p.id, p.kind, p.name FROM related_parties AS r CROSS JOIN customers_party AS p WHERE p.id = r.id",
            _PARTIES,
        )
        work.register("known", known)
        work.register("parties", parties if made_up is None else pa.concat_tables([parties, made_up.cast(_PARTIES)]))
        _judge(db, work)
        _compare(work, rule)
        _write(db, work, run_id)
        return _written(work)


def _judge(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    """Why a row is refused: `judged` (all columns, and reason or null). A household counts in both directions."""
    work.execute(
        "CREATE TABLE turned AS SELECT r.* REPLACE (CASE WHEN m.id IS NULL THEN r.party_id ELSE r.other_id END "
        "AS party_id, CASE WHEN m.id IS NULL THEN r.other_id ELSE r.party_id END AS other_id) FROM rows AS r LEFT JOIN "
        f"known AS m ON m.kind = '{MUTUAL}' AND r.kind = '{MUTUAL}' AND m.party_id = r.other_id "
        "AND m.other_id = r.party_id"
    )
    edges, today = _EDGES.empty_table(), clock.today().isoformat()
    if work.execute("SELECT 1 FROM turned WHERE kind = 'parent' OR reports_to_id IS NOT NULL LIMIT 1").fetchall():
        edges = db.read(
            "SELECT 'parent', party_id, other_id FROM customers_relationship WHERE kind = 'parent' "
            f"AND party_id <> other_id AND (until IS NULL OR until > '{today}') UNION ALL "
            "SELECT CAST(other_id AS TEXT), party_id, reports_to_id FROM customers_relationship WHERE reports_to_id "
            f"IS NOT NULL AND party_id <> reports_to_id AND (until IS NULL OR until > '{today}')",
            _EDGES,
        )
    work.register("edges", edges)
    # Who is above whom: parents among organisations, superiors within each of them. What the file says comes in its
    # place.
    work.execute(
        "CREATE TABLE above AS SELECT 'parent' AS kind, party_id, other_id FROM turned WHERE kind = 'parent' UNION "
        "SELECT CAST(other_id AS VARCHAR), party_id, reports_to_id FROM turned WHERE reports_to_id IS NOT NULL"
    )
    work.execute(
        "CREATE TABLE circles AS WITH RECURSIVE ways AS (SELECT * FROM above UNION SELECT e.* FROM edges AS e "
        "ANTI JOIN "
        "above AS a ON a.kind = e.kind AND a.party_id = e.party_id AND a.kind <> 'parent'), "
        "paths AS (SELECT kind, party_id AS start, other_id AS reached FROM above UNION "
        "SELECT p.kind, p.start, e.other_id FROM paths AS p JOIN ways AS e ON e.kind = p.kind AND "
        "e.party_id = p.reached) SELECT DISTINCT kind, start FROM paths WHERE start = reached"
    )
    work.execute(
        "CREATE TABLE judged AS SELECT t.*, CASE WHEN t.party_id = t.other_id THEN 'other:oneself' "
        "WHEN t.kind = 'works_at' AND o.kind <> 'organisation' THEN 'other:no_organisation' "
        "WHEN t.kind = 'works_at' AND p.kind = 'organisation' THEN 'kind:no_person' "
        f"WHEN t.kind = '{MUTUAL}' AND 'organisation' IN (p.kind, o.kind) THEN 'other:household' "
        "WHEN t.kind = 'parent' AND 'person' IN (p.kind, o.kind) THEN 'kind:companies' "
        f"WHEN t.kind = 'parent' AND {_SECOND_PARENT.format(today=today)} THEN 'other:second_parent' "
        "WHEN t.until < t.since THEN 'until:before' WHEN t.reports_to_id IS NOT NULL AND t.kind <> 'works_at' "
        "THEN 'reports_to:superior' WHEN t.reports_to_id = t.party_id THEN 'reports_to:oneself' "
        "WHEN t.reports_to_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM turned AS w WHERE w.kind = 'works_at' "
        "AND w.party_id = t.reports_to_id AND w.other_id = t.other_id) AND NOT EXISTS (SELECT 1 FROM known AS w "
        "WHERE w.kind = 'works_at' AND w.party_id = t.reports_to_id AND w.other_id = t.other_id) "
        "THEN 'reports_to:superior' WHEN c.start IS NOT NULL THEN "
        "CASE t.kind WHEN 'parent' THEN 'other:circle' ELSE 'reports_to:circle' END END AS reason, "
        "p.name AS party_name, o.name AS other_name FROM turned AS t LEFT JOIN parties AS p ON p.id = t.party_id "
        "LEFT JOIN parties AS o ON o.id = t.other_id LEFT JOIN circles AS c ON c.start = t.party_id AND c.kind = "
        "CASE WHEN t.kind = 'parent' THEN 'parent' WHEN t.reports_to_id IS NOT NULL THEN CAST(t.other_id AS "
        "VARCHAR) END"
    )


def _compare(work: duckdb.DuckDBPyConnection, rule: str) -> None:
    """What is said of each relationship, of several rows the last word; beside what is known."""
    last = ", ".join(f"arg_max({name}, row) FILTER ({name} IS NOT NULL) AS {name}" for name in CONTENT)
    now = ", ".join(f"coalesce(s.{name}, k.{name}) AS {name}" for name in CONTENT)
    same = " AND ".join(f"k.{name} = s.{name}" for name in ("party_id", "kind", "other_id"))
    differs = " OR ".join(f"coalesce(s.{name}, k.{name}) IS DISTINCT FROM k.{name}" for name in CONTENT)
    new, changed = (
        "'skipped'" if rule == one else f"'{state}'" for one, state in (("update", "new"), ("create", "changed"))
    )
    work.execute(
        f"CREATE TABLE told AS SELECT s.party_id, s.kind, s.other_id, k.id, {now}, s.first, s.party_name, "
        "s.other_name, "
        f"CASE WHEN k.id IS NULL THEN {new} WHEN {differs} THEN {changed} ELSE 'unchanged' END AS state FROM ("
        f"SELECT party_id, kind, other_id, {last}, min(row) AS first, min(party_name) AS party_name, "
        "min(other_name) AS other_name FROM judged WHERE reason IS NULL GROUP BY party_id, kind, other_id) AS s "
        f"LEFT JOIN known AS k ON {same}"
    )


def _write(db: BulkSession, work: duckdb.DuckDBPyConnection, run_id: int | None) -> None:
    texts = ", ".join(f"coalesce({name}, '') AS {name}" for name in ("title", "department", "buying_role"))
    fresh = work.sql(
        f"SELECT party_id, kind, other_id, {texts}, reports_to_id, stance, influence, since, until, "
        f"CAST({'NULL' if run_id is None else int(run_id)} AS BIGINT) AS import_run FROM told WHERE state = 'new' "
        "ORDER BY party_id, kind, other_id"
    ).to_arrow_table()
    if fresh.num_rows:
        db.append("customers_relationship", fresh)
    changed = work.sql(
        f"SELECT id, {texts}, reports_to_id, stance, influence, since, until FROM told WHERE state = "
        "'changed' ORDER BY id"
    ).to_arrow_table()
    if changed.num_rows:
        db.stage("changed_relations", changed)
        sets = ", ".join(f"{name} = c.{name}" for name in CONTENT)
        db.execute(
            f"UPDATE customers_relationship SET {sets} FROM changed_relations AS c WHERE "
            "customers_relationship.id = c.id"
        )


def _written(work: duckdb.DuckDBPyConnection) -> RelationsWritten:
    fields = ", ".join(
        f"CASE WHEN t.{name} IS DISTINCT FROM k.{name} THEN "
        f"{{'field': '{name.removesuffix('_id')}', 'now': coalesce(CAST(k.{name} AS "
        f"VARCHAR), ''), 'then': coalesce(CAST(t.{name} AS VARCHAR), ''), 'written': true}} END"
        for name in CONTENT
    )
    states = work.sql(
        "SELECT j.row, j.reason, CASE WHEN j.reason IS NOT NULL THEN 'refused' WHEN t.state IN ('new', 'changed') AND "
        "t.first <> j.row THEN 'unchanged' ELSE t.state END AS state, CASE WHEN t.state = 'changed' AND "
        "t.first = j.row "
        f"THEN list_filter([{fields}], lambda x: x IS NOT NULL) ELSE [] END AS fields, "
        "concat_ws(' → ', j.party_name, j.other_name) AS label, "
        "CASE WHEN j.party_id > 0 THEN j.party_id END AS party_id FROM judged AS j LEFT JOIN told AS t "
        "ON t.party_id = j.party_id AND t.kind = j.kind AND t.other_id = j.other_id AND j.reason IS NULL "
        "LEFT JOIN known AS k ON k.id = t.id ORDER BY j.row"
    ).to_arrow_table()
    texts = ("title", "department", "buying_role")
    was = ", ".join(
        f"coalesce(k.{name}, '') AS {name}, coalesce(t.{name}, '') AS {name}_now"
        if name in texts
        else f"k.{name}, t.{name} AS {name}_now"
        for name in CONTENT
    )
    before = work.sql(
        f"SELECT t.id, {was} FROM told AS t JOIN known AS k ON k.id = t.id WHERE t.state = 'changed'"
    ).to_arrow_table()
    events = work.sql(
        "SELECT party_id, 'relationship.added' AS kind, 'other' AS channel, 'inside' AS direction, "
        "CAST(NULL AS TIMESTAMPTZ) AS occurred_at, 'customers.party' AS object_type, party_id AS object_id, "
        "CAST(to_json({'kind': kind, 'other': other_id, 'name': other_name}) AS VARCHAR) AS payload FROM told "
        "WHERE state = 'new' ORDER BY party_id"
    ).to_arrow_table()
    return RelationsWritten(states, before, events)


_NAMED = pa.schema([("name", pa.string()), ("id", pa.int64())])


def organisations_called(db: BulkSession, names: pa.Array) -> pa.Table:
    """`name` and `id` of the organisations with these names, where only one has it; `names` are distinct."""
    return read_beside(
        db,
        "wanted_names",
        pa.table({"name": names}),
        "SELECT w.name, MIN(p.id) FROM wanted_names AS w CROSS JOIN customers_party AS p WHERE p.name = w.name "
        "AND p.kind = 'organisation' AND p.merged_into_id IS NULL GROUP BY w.name HAVING COUNT(*) = 1",
        _NAMED,
    )
