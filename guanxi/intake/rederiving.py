"""Customers as the remaining sources tell of them, after what one import said is gone."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers import normalise
from guanxi.customers.bulk_deriving import MOMENT, PARTIES, as_json, full_name_sql, write_derived
from guanxi.customers.survivorship import FIELDS, rules, survivors_sql
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.search import index_arrow
from guanxi.foundation.tasks import progress
from guanxi.intake.models import ImportRun
from guanxi.intake.revert_job import Revert
from guanxi.intake.values import literal

CHUNK = 50_000
_RECORDS = pa.schema(
    [
        ("party_id", pa.int64()),
        ("trust", pa.int64()),
        ("received_at", MOMENT),
        ("id", pa.int64()),
        ("payload", pa.string()),
        ("source_id", pa.int64()),
        ("source", pa.string()),
        ("external_id", pa.string()),
        ("run", pa.int64()),
    ]
)
_POINTS = pa.schema([("party_id", pa.int64()), ("kind", pa.string()), ("key", pa.string()), ("value", pa.string())])
_ROLES = pa.schema([("party_id", pa.int64()), ("role", pa.string())])
_CONSENTS = pa.schema(
    [
        ("party_id", pa.int64()),
        ("purpose", pa.string()),
        ("channel", pa.string()),
        ("given", pa.bool_()),
        ("at", MOMENT),
    ]
)


def parties(job: Revert) -> None:
    """Derive everybody anew whom the import changed and who stays."""
    changed = job.stored("changed_parties")
    for start in range(0, changed.num_rows, CHUNK):
        some = changed.slice(start, CHUNK)
        job.write(lambda db, some=some: _derive(job, db, some), "customers_changed")  # type: ignore[misc]
        progress(start, changed.num_rows)


def _derive(job: Revert, db: BulkSession, some: pa.Table) -> int:
    db.stage("revert_some", some.select(["id"]))
    with duckdb.connect() as work:
        work.execute("SET TimeZone = 'UTC'")
        work.register("these", some)
        said = job.stored("said")
        work.register("said_of_run", said)
        _read(db, work)
        _points_told(work)
        _values(work, _fields(said))
        _times(job, work)
        _write_values(db, work)
        _write_points(db, work)
        _write_roles(db, work)
        _write_consents(db, work)
        _index(db, work)
        return int(work.execute("SELECT count(*) FROM derived").fetchall()[0][0])


def _read(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    """Everybody as he stands, with what is still said of him."""
    columns = ", ".join(f"p.{name}" for name in PARTIES.names)
    of = {
        "parties": (
            f"SELECT {columns} FROM revert_some AS s CROSS JOIN customers_party AS p WHERE p.id = s.id",
            PARTIES,
        ),
        "records": (
            (
                "SELECT r.party_id, c.trust, r.received_at, r.id, r.payload, r.source_id, c.code, r.external_id, "
                "r.import_run FROM revert_some AS s CROSS JOIN customers_sourcerecord AS r JOIN customers_source AS c "
                "ON c.id = r.source_id WHERE r.party_id = s.id"
            ),
            _RECORDS,
        ),
        "points": (
            (
                "SELECT p.party_id, p.kind, p.key, p.value FROM revert_some AS s "
                "CROSS JOIN customers_contactpoint AS p WHERE p.party_id = s.id"
            ),
            _POINTS,
        ),
        "roles": (
            (
                "SELECT r.party_id, r.role FROM revert_some AS s CROSS JOIN customers_partyrole AS r "
                "WHERE r.party_id = s.id"
            ),
            _ROLES,
        ),
        "consents": (
            (
                "SELECT c.party_id, c.purpose, c.channel, c.given, c.at FROM revert_some AS s "
                "CROSS JOIN customers_consent AS c WHERE c.party_id = s.id"
            ),
            _CONSENTS,
        ),
    }
    for name, (sql, schema) in of.items():
        work.register(f"read_{name}", db.read(sql, schema))
        work.execute(f"CREATE TABLE {name} AS SELECT * FROM read_{name}")


def _fields(said: pa.Table) -> list[str]:
    """The profile fields of which the import spoke."""
    names = pc.unique(said.column("field")).to_pylist() if said.num_rows else []
    return sorted(name for name in names if name.startswith("profile."))


def _values(work: duckdb.DuckDBPyConnection, profile: list[str]) -> None:
    """The surviving values: `derived`. A field of which only the import spoke is empty now."""
    names = [*FIELDS, *profile]
    work.execute(f"CREATE TABLE survivors AS {survivors_sql('records', names, rules())}")
    spoken = ", ".join(f"bool_or(field = '{name}') AS \"{name}\"" for name in names)
    work.execute(f"CREATE TABLE spoken AS SELECT id, {spoken} FROM said_of_run GROUP BY id")
    now = [_value(name) for name in FIELDS if name != "name"]
    prefix, suffix = (_("Customer %(number)s") % {"number": "\0"}).split("\0")
    number = "(SELECT min(value) FROM points AS q WHERE q.party_id = p.id AND q.kind = 'external')"
    named = f"CASE WHEN {number} IS NOT NULL THEN {literal(prefix)} || {number} || {literal(suffix)} END"
    record = (
        "(SELECT arg_max(external_id, r.id) FROM records AS r WHERE r.party_id = p.id AND external_id <> '' "
        "AND r.run IS NOT NULL)"
    )
    put = full_name_sql("s.family_name", "s.given_name")
    lost = "(x.name OR x.family_name OR x.given_name OR x.latin_name OR o.made)"
    # Who has no name is called by what was said of him first, as when he was made.
    order, of = "arg_min(value, (kind <> 'mail', {}kind, key))", "AS q WHERE q.party_id = p.id AND q.kind <> 'external'"
    way = f"(SELECT {order.format('id, ')} FROM told_points {of}), (SELECT {order.format('')} FROM points {of})"
    now.append(
        f"left(coalesce(s.name, {put}, CASE WHEN {lost} THEN coalesce(s.latin_name, {record}, {named}, {way}, p.name) "
        "ELSE p.name END), 200) AS name"
    )
    pairs = ", ".join(
        f"'{name.removeprefix('profile.')}': CASE WHEN s.\"{name}?\" THEN {as_json(name)} "
        f'WHEN x."{name}" THEN NULL ELSE json_extract(p.profile, \'$."{name.removeprefix("profile.")}"\') END'
        for name in profile
    )
    typed = f"CAST(json_merge_patch(p.profile, to_json({{{pairs}}})) AS VARCHAR)" if profile else "p.profile"
    work.execute(
        f"CREATE TABLE derived AS SELECT p.id, {', '.join(now)}, {typed} AS profile, p.created_at FROM parties AS p "
        "JOIN these AS o ON o.id = p.id LEFT JOIN survivors AS s ON s.party_id = p.id LEFT JOIN spoken AS x "
        "ON x.id = p.id"
    )


def _value(name: str) -> str:
    if name == "date_of_birth":
        told, none = "TRY_CAST(s.date_of_birth AS DATE)", "NULL"
    elif name == "kind":
        told, none = "coalesce(s.kind, 'person')", "'person'"
    else:
        told, none = f"coalesce(s.{name}, '')", "''"
    return f'CASE WHEN s."{name}?" THEN {told} WHEN x.{name} THEN {none} ELSE p.{name} END AS {name}'


def _times(job: Revert, work: duckdb.DuckDBPyConnection) -> None:
    """Since when somebody is known: what is still said of it, else as it was before the import."""
    paths = [str(path) for path in job.before.glob("since-*.parquet")]
    before = f"SELECT party_id, was, since FROM read_parquet({paths})" if paths else (
        "SELECT 0 AS party_id, CAST(NULL AS TIMESTAMPTZ) AS was, CAST(NULL AS TIMESTAMPTZ) AS since WHERE false"
    )  # fmt: skip
    work.execute(
        "UPDATE derived SET created_at = t.since FROM (SELECT b.party_id, least(b.was, k.since) AS since FROM "
        f"({before}) AS b LEFT JOIN (SELECT party_id, min(TRY_CAST(json_extract_string(payload, '$.known_since') AS "
        "TIMESTAMPTZ)) AS since FROM records GROUP BY party_id) AS k ON k.party_id = b.party_id) AS t "
        "WHERE t.party_id = derived.id"
    )


def _write_values(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    names = [*FIELDS, "profile", "created_at"]
    differs = f"({', '.join(f'd.{n}' for n in names)}) IS DISTINCT FROM ({', '.join(f'p.{n}' for n in names)})"
    now = timezone.now().isoformat()
    rows = work.sql(
        f"SELECT d.*, TIMESTAMPTZ '{now}' AS changed_at FROM derived AS d JOIN parties AS p ON p.id = d.id "
        f"WHERE {differs} ORDER BY d.id"
    ).to_arrow_table()
    write_derived(db, rows)


def _points_told(work: duckdb.DuckDBPyConnection) -> None:
    """The contact points that the remaining records tell of: `told_points`."""
    work.execute(
        "CREATE TABLE told_points (party_id BIGINT, kind VARCHAR, key VARCHAR, value VARCHAR, source VARCHAR, "
        "run BIGINT, id BIGINT)"
    )
    lists = {
        "mail": "[json_extract_string(payload, '$.mail')]",
        "card": "[json_extract_string(payload, '$.card')]",
        "phone": "json_extract_string(payload, '$.phone[*]')",
        "address": "[array_to_string(json_extract_string(payload, '$.address[*]'), ', ')]",
    }
    for kind, values in lists.items():
        said = work.sql(
            f"SELECT party_id, unnest({values}) AS value, source, run, id, "
            "upper(coalesce(json_extract_string(payload, '$.country'), '')) AS country FROM records WHERE run "
            "IS NOT NULL"
        ).to_arrow_table()
        said = said.filter(pc.and_(pc.is_valid(said.column("value")), pc.not_equal(said.column("value"), "")))
        for country in pc.unique(said.column("country")).to_pylist() if said.num_rows else []:
            some = said.filter(pc.equal(said.column("country"), country))
            keys, _errors = normalise.keys(
                kind, some.column("value").combine_chunks(), country or settings.GUANXI_COUNTRY
            )
            work.register("some_points", some.append_column("key", keys))
            work.execute(
                f"INSERT INTO told_points SELECT party_id, '{kind}', key, value, '', run, id FROM some_points "
                "WHERE key IS NOT NULL"
            )
    work.execute(
        "INSERT INTO told_points SELECT party_id, 'external', source || ':' || external_id, external_id, "
        "source, run, id "
        "FROM records WHERE run IS NOT NULL AND external_id <> ''"
    )


def _write_points(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    """Contact points that the remaining records tell of and the import had brought first."""
    rows = work.sql(
        "SELECT t.party_id, t.kind, t.key, left(arg_min(t.value, t.id), 300) AS value, arg_min(t.source, "
        "t.id) AS label, "
        "false AS preferred, arg_min(t.run, t.id) AS import_run FROM told_points AS t ANTI JOIN points AS p "
        "ON p.party_id = t.party_id AND p.kind = t.kind AND p.key = t.key GROUP BY 1, 2, 3 ORDER BY 2, 3, 1"
    ).to_arrow_table()
    if rows.num_rows:
        db.append("customers_contactpoint", rows)


def _write_roles(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    runs = [run for (run,) in work.execute("SELECT DISTINCT run FROM records WHERE run IS NOT NULL").fetchall()]
    plans = dict(ImportRun.objects.filter(pk__in=runs).values_list("pk", "plan"))
    usual = {run: plan.get("options", {}).get("role", "customer") for run, plan in plans.items()}
    work.register(
        "usual", pa.table({"run": pa.array(usual, pa.int64()), "role": pa.array(usual.values(), pa.string())})
    )
    rows = work.sql(
        "SELECT r.party_id, coalesce(json_extract_string(r.payload, '$.role'), u.role) AS role, min(r.run) AS "
        "import_run "
        "FROM records AS r JOIN usual AS u ON u.run = r.run GROUP BY 1, 2 ORDER BY 1, 2"
    ).to_arrow_table()
    work.register("told_roles", rows)
    rows = work.sql(
        "SELECT t.* FROM told_roles AS t ANTI JOIN roles AS r ON r.party_id = t.party_id AND r.role = t.role "
        "ORDER BY 1, 2"
    ).to_arrow_table()
    if rows.num_rows:
        db.append("customers_partyrole", rows)


def _write_consents(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    """A consent that a remaining record tells of counts again, unless something newer was noted."""
    work.execute(
        "CREATE TABLE told_consents AS SELECT party_id, split_part(name, '.', 2) AS purpose, split_part(name, "
        "'.', 3) AS "
        "channel, json_extract_string(payload, '$.\"' || name || '\"') = 'yes' AS given, source, run, "
        "received_at AS moment, "
        "id FROM (SELECT *, unnest(json_keys(payload)) AS name FROM records WHERE run IS NOT NULL) "
        "WHERE name LIKE 'consent.%.%' QUALIFY row_number() OVER (PARTITION BY party_id, name ORDER BY id DESC) = 1"
    )
    rows = work.sql(
        "SELECT t.party_id, t.purpose, t.channel, t.given, 'consent' AS basis, '{}' AS proof, t.source, "
        't.moment AS "at", t.run AS import_run FROM told_consents AS t LEFT JOIN (SELECT party_id, purpose, '
        'channel, max("at") AS moment, '
        'arg_max(given, "at") AS given FROM consents GROUP BY ALL) AS c ON c.party_id = t.party_id AND '
        "c.purpose = t.purpose AND c.channel = t.channel WHERE c.moment IS NULL OR (c.moment < t.moment AND "
        "c.given <> t.given) "
        "ORDER BY t.id"
    ).to_arrow_table()
    if rows.num_rows:
        db.append("customers_consent", rows)


def _index(db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    found = work.sql(
        "SELECT d.id, d.name AS title, concat_ws(' · ', nullif(d.latin_name, ''), nullif(d.city, '')) AS subtitle, "
        "concat_ws(' ', nullif(d.latin_name, ''), k.keys) AS text FROM derived AS d LEFT JOIN ("
        "SELECT party_id, array_to_string(list_sort(list(DISTINCT key)), ' ') AS keys FROM (SELECT party_id, key FROM "
        "points UNION SELECT party_id, key FROM told_points) GROUP BY party_id) AS k ON k.party_id = d.id ORDER BY d.id"
    ).to_arrow_table()
    index_arrow(db, "customers.party", found)
