"""What rows that speak of parties do to what is known, row by row and field by field: for a look before it is written.

Reads what `bulk_parties.write_parties` has found out on its way (the tables of `PreparedParties.work`), so that it says
of the same rows just what the writing does.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from guanxi.customers.bulk_parties import PreparedParties
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation.bulk import BulkSession

NAMESAKES = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("city", pa.string()),
        ("date_of_birth", pa.date32()),
    ]
)
_PLACES = pa.schema([("id", pa.int64()), ("key", pa.string())])
_LABELS = pa.schema([("id", pa.int64()), ("name", pa.string())])
ONE = 'STRUCT(field VARCHAR, now VARCHAR, "then" VARCHAR, written BOOLEAN)'
POSTCODE = r"(?:^|\D)(\d{3,6})(?:\D|$)"


def party_differences(db: BulkSession, prepared: PreparedParties, namesakes: pa.Table | None = None) -> pa.Table:
    """Of each row: row, state, outcome (what becomes of it), party_id, label, fields (field, now, then, written).

    To be asked after `write_parties` with the same rows, in a session that writes nothing. `namesakes`: the parties to
    look for possible duplicates among, where the caller has them at hand; else the database is asked.
    """
    work = prepared.work
    work.execute(f"CREATE TABLE changes (g BIGINT, one {ONE})")
    if work.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'derived'").fetchall():
        _compare_fields(work, prepared.fields)
    _compare_more(work)
    _find_namesakes(db, work, namesakes)
    _find_labels(db, work)
    return work.sql(
        "SELECT a.row, CASE WHEN l.row IS NOT NULL THEN 'skipped' WHEN n.row IS NULL THEN 'unchanged' "
        "WHEN p.fresh AND d.g IS NOT NULL THEN 'possible_duplicate' WHEN p.fresh THEN 'new' "
        "WHEN c.conflict THEN 'conflict' WHEN v.party_id IS NOT NULL THEN 'changed' ELSE 'unchanged' END AS state, "
        "CASE WHEN l.row IS NOT NULL THEN 'skipped' WHEN n.row IS NULL THEN 'unchanged' WHEN p.fresh THEN 'created' "
        "WHEN v.party_id IS NOT NULL THEN 'updated' ELSE 'unchanged' END AS outcome, "
        "CASE WHEN p.fresh THEN d.party_id ELSE coalesce(p.party_id, s.party_id) END AS party_id, "
        "coalesce(b.name, t.name, '') AS label, "
        f"CAST(coalesce(c.fields, []) AS {ONE}[]) AS fields FROM all_rows AS a "
        "LEFT JOIN news AS n ON n.row = a.row LEFT JOIN left_out AS l ON l.row = a.row "
        "LEFT JOIN party_of AS p ON p.g = a.g LEFT JOIN seen AS s ON s.g = a.g LEFT JOIN told AS t ON t.g = a.g "
        "LEFT JOIN twins AS d ON d.g = a.g LEFT JOIN visibly AS v ON v.party_id = p.party_id AND NOT p.fresh "
        "LEFT JOIN labels AS b ON b.id = coalesce(CASE WHEN p.fresh THEN NULL ELSE p.party_id END, s.party_id) "
        "LEFT JOIN (SELECT g, list(one ORDER BY one.field, one.then) AS fields, bool_or(NOT one.written) AS conflict "
        "FROM changes GROUP BY g) AS c ON c.g = a.g ANTI JOIN refused AS z ON z.row = a.row ORDER BY a.row"
    ).to_arrow_table()


def _compare_fields(work: duckdb.DuckDBPyConnection, fields: list[str]) -> None:
    """What the file says beside what is known and what will be. Said otherwise by somebody who is believed more, it is
    not written."""
    work.execute(
        "CREATE TABLE beside AS SELECT x.g, p.id, count(*) OVER (PARTITION BY p.id) = 1 AS alone, "
        "EXISTS (SELECT 1 FROM news AS n WHERE n.g = x.g AND n.name IS NOT NULL) AS named "
        "FROM party_of AS x JOIN derived AS p ON p.id = x.party_id SEMI JOIN news AS y ON y.g = x.g WHERE NOT x.fresh"
    )
    asked = []
    for name in [*FIELDS, *fields]:
        if name in FIELDS:
            now, then, said = f"CAST(p.{name} AS VARCHAR)", f"CAST(d.{name} AS VARCHAR)", f"CAST(t.{name} AS VARCHAR)"
        else:
            path = f"'$.\"{name.removeprefix('profile.')}\"'"
            now, then = (f"json_extract_string({one}.profile, {path})" for one in "pd")
            said = f'CAST(t."{name}" AS VARCHAR)'
        told = f"{said} IS NOT NULL AND b.alone{' AND b.named' if name == 'name' else ''}"
        refused = f"({told} AND left({said}, 200) IS DISTINCT FROM {then})"
        if name not in FIELDS:  # numbers and yes or no may be written in more than one way
            unequal = f"coalesce(TRY_CAST({said} AS DOUBLE) <> TRY_CAST({then} AS DOUBLE), true)"
            refused = f"({refused} AND {unequal})"
        asked.append(
            f"SELECT b.g, {{'field': '{name}', 'now': coalesce({now}, ''), 'then': CASE WHEN {refused} THEN {said} "
            f"ELSE coalesce({then}, '') END, 'written': NOT coalesce({refused}, false)}} FROM beside AS b "
            "JOIN parties AS p ON p.id = b.id JOIN derived AS d ON d.id = b.id JOIN told AS t ON t.g = b.g "
            f"WHERE coalesce({now}, '') IS DISTINCT FROM coalesce({then}, '') OR coalesce({refused}, false)"
        )
    for query in asked:
        work.execute(f"INSERT INTO changes {query}")


def _compare_more(work: duckdb.DuckDBPyConnection) -> None:
    """Contact points, roles, consents and the day since when somebody is known, of known parties."""
    work.execute(
        "INSERT INTO changes SELECT x.g, {'field': p.kind, 'now': '', 'then': p.value, 'written': true} "
        "FROM new_points AS p JOIN told_points AS t ON t.kind = p.kind AND t.key = p.key "
        "JOIN party_of AS x ON x.g = t.g AND x.party_id = p.party_id WHERE NOT p.fresh"
    )
    for view, field, then in (
        ("new_roles", "'role'", "p.role"),
        (
            "new_consents",
            "'consent.' || p.purpose || '.' || p.channel",
            "CASE WHEN p.given THEN 'yes' ELSE 'no' END",
        ),
    ):
        work.execute(
            f"INSERT INTO changes SELECT x.g, {{'field': {field}, 'now': '', 'then': {then}, 'written': true}} "
            f"FROM {view} AS p JOIN party_of AS x ON x.party_id = p.party_id SEMI JOIN news AS n ON n.g = x.g "
            "WHERE NOT p.fresh"
        )
    work.execute(
        "INSERT INTO changes SELECT x.g, {'field': 'known_since', 'now': CAST(p.was AS VARCHAR), "
        "'then': CAST(p.since AS VARCHAR), 'written': true} FROM known_longer AS p "
        "JOIN party_of AS x ON x.party_id = p.party_id SEMI JOIN news AS n ON n.g = x.g"
    )
    work.execute(
        "INSERT INTO changes SELECT x.g, {'field': 'owner', 'now': h.was, 'then': h.now, 'written': true} "
        "FROM handed AS h JOIN party_of AS x ON x.party_id = h.id SEMI JOIN news AS n ON n.g = x.g"
    )


def _find_namesakes(db: BulkSession, work: duckdb.DuckDBPyConnection, namesakes: pa.Table | None) -> None:
    """Known parties that a new one may be: `twins` (g, party_id). The same name with birth date, city or postcode."""
    work.execute("CREATE TABLE twins (g BIGINT, party_id BIGINT)")
    fresh = work.sql("SELECT DISTINCT name FROM created_parties ORDER BY name").to_arrow_table()
    if not fresh.num_rows:
        return
    if namesakes is None:
        db.stage("fresh_names", fresh)
        namesakes = db.read(
            "SELECT p.id, p.name, p.city, p.date_of_birth FROM fresh_names AS f CROSS JOIN customers_party AS p "
            "WHERE p.name = f.name AND p.merged_into_id IS NULL",
            NAMESAKES,
        )
    work.register("namesakes", namesakes)
    work.execute(
        "INSERT INTO twins SELECT c.g, min(n.id) FROM created_parties AS c JOIN namesakes AS n ON n.name = c.name "
        "AND n.city = c.city WHERE c.city <> '' GROUP BY c.g UNION ALL SELECT c.g, min(n.id) FROM created_parties AS c "
        "JOIN namesakes AS n ON n.name = c.name AND n.date_of_birth = c.date_of_birth GROUP BY c.g"
    )
    work.execute(
        "CREATE TABLE by_postcode AS SELECT DISTINCT c.g, c.name, regexp_extract(t.value, "
        f"'{POSTCODE}', 1) AS postcode FROM told_points AS t JOIN created_parties AS c ON c.g = t.g "
        f"WHERE t.kind = 'address' AND regexp_matches(t.value, '{POSTCODE}')"
    )
    wanted = work.sql(
        "SELECT DISTINCT n.id FROM namesakes AS n SEMI JOIN by_postcode AS b ON b.name = n.name ORDER BY 1 LIMIT 200000"
    ).to_arrow_table()
    if wanted.num_rows:
        db.stage("namesake_ids", wanted)
        places = db.read(
            "SELECT i.id, c.value FROM namesake_ids AS i CROSS JOIN customers_contactpoint AS c "
            "WHERE c.party_id = i.id AND c.kind = 'address'",
            _PLACES,
        )
        work.register("places_of_namesakes", places)
        work.execute(
            "INSERT INTO twins SELECT b.g, min(n.id) FROM by_postcode AS b JOIN namesakes AS n ON n.name = b.name "
            f"JOIN places_of_namesakes AS a ON a.id = n.id AND regexp_extract(a.key, '{POSTCODE}', 1) = b.postcode "
            "GROUP BY b.g"
        )
    work.execute("CREATE OR REPLACE TABLE twins AS SELECT g, min(party_id) AS party_id FROM twins GROUP BY g")


def _find_labels(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    """The names of known parties, also of those of whom nothing new is said (`seen`, by their number)."""
    work.execute(
        "CREATE TABLE seen AS SELECT a.g, min(k.party_id) AS party_id FROM (SELECT g FROM all_rows "
        "EXCEPT SELECT g FROM party_of) AS a JOIN points AS p ON p.g = a.g JOIN known_keys AS k "
        "ON k.kind = p.kind AND k.key = p.key GROUP BY a.g"
        if _asks_for_seen(db, work)
        else "CREATE TABLE seen (g BIGINT, party_id BIGINT)"
    )
    ids = work.sql(
        "SELECT DISTINCT party_id FROM (SELECT party_id FROM party_of WHERE NOT fresh UNION SELECT party_id FROM seen "
        "UNION SELECT party_id FROM twins) WHERE party_id IS NOT NULL ORDER BY 1"
    ).to_arrow_table()
    labels = _LABELS.empty_table()
    if ids.num_rows:
        db.stage("shown_parties", ids)
        labels = db.read(
            "SELECT p.id, p.name FROM shown_parties AS s CROSS JOIN customers_party AS p WHERE p.id = s.party_id",
            _LABELS,
        )
    work.register("labels", labels)


def _asks_for_seen(db: BulkSession, work: duckdb.DuckDBPyConnection) -> bool:
    keys = work.sql(
        "SELECT DISTINCT p.kind, p.key FROM points AS p JOIN (SELECT g FROM all_rows EXCEPT SELECT g FROM party_of) "
        "AS a ON a.g = p.g WHERE p.kind IN ('external', 'card', 'mail', 'phone') ORDER BY 1, 2"
    ).to_arrow_table()
    if not keys.num_rows:
        return False
    db.stage("seen_keys", keys)
    found = db.read(
        "SELECT i.kind, i.key, MIN(c.party_id) FROM seen_keys AS i CROSS JOIN customers_contactpoint AS c "
        "WHERE c.kind = i.kind AND c.key = i.key GROUP BY i.kind, i.key",
        pa.schema([("kind", pa.string()), ("key", pa.string()), ("party_id", pa.int64())]),
    )
    work.register("known_keys", found)
    return True
