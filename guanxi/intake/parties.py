"""Parties: from checked rows to customers, recognised within the file and against the database."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from guanxi.customers import normalise
from guanxi.customers.bulk_parties import write_parties
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.search import index_arrow
from guanxi.intake.fields import NUMBER, WORD
from guanxi.intake.importing import PROBLEMS, Job, Outcome, Phase
from guanxi.intake.plan import Plan
from guanxi.intake.values import literal
from guanxi.ledger.bulk import append_events

CHUNK = 50_000  # groups of rows (one group, one party) written in one transaction


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Find the keys of every row, bring rows of one party together. Bad are mails and telephones that are none."""
    work.execute("CREATE OR REPLACE TABLE points (row BIGINT, kind VARCHAR, value VARCHAR, key VARCHAR)")
    work.execute(
        f"INSERT INTO points SELECT row, 'external', external_id, {literal(plan.source + ':')} || external_id "
        "FROM checked WHERE external_id IS NOT NULL"
    )
    problems = [_keys(work, kind, source, name) for kind, source, name in _sources(plan)]
    bad = pa.concat_tables([PROBLEMS.empty_table(), *problems])
    bad = bad.group_by("row").aggregate([("problem", "min")]).rename_columns(PROBLEMS.names)
    work.register("bad", bad)
    work.execute("DELETE FROM points WHERE row IN (SELECT row FROM bad)")
    work.execute("DELETE FROM checked WHERE row IN (SELECT row FROM bad)")
    _group(work)
    _finish_rows(work, plan)
    return bad


def _sources(plan: Plan) -> list[tuple[str, str, str]]:
    """Kind of contact point, the values of a row as a list, and the field they come from."""
    lists = {"mail": "[mail]", "card": "[card]", "phone": "phone", "address": "[array_to_string(address, ', ')]"}
    return [(kind, source, kind) for kind, source in lists.items() if kind in plan.mapping]


def _keys(work: duckdb.DuckDBPyConnection, kind: str, source: str, name: str) -> pa.Table:
    """Add the keys of one kind to `points`; the rows whose value is none."""
    bad = []
    countries = ["" if country is None else country for (country,) in work.execute(
        "SELECT DISTINCT upper(country) FROM checked" if kind == "phone" else "SELECT NULL"
    ).fetchall()]  # fmt: skip
    for country in countries:
        where = f"WHERE coalesce(upper(country), '') = {literal(country)}" if kind == "phone" else ""
        query = f"SELECT row, unnest({source}) AS value FROM checked {where}"
        reader = work.cursor().sql(f"SELECT row, value FROM ({query}) AS u WHERE value <> ''").to_arrow_reader(100_000)
        for batch in reader:
            keys, errors = normalise.keys(kind, batch.column("value"), country or settings.GUANXI_COUNTRY)
            found = pa.table({"row": batch.column("row"), "value": batch.column("value"), "key": keys})
            work.register("found", found)
            work.execute(f"INSERT INTO points SELECT row, '{kind}', value, key FROM found WHERE key IS NOT NULL")
            wrong = pc.is_valid(errors)
            rows = pc.filter(batch.column("row"), wrong)
            words = pc.binary_join_element_wise(f"{name}:=", pc.filter(errors, wrong), "")
            bad.append(pa.table({"row": rows, "problem": words}, schema=PROBLEMS))
    return pa.concat_tables([PROBLEMS.empty_table(), *bad])


def _group(work: duckdb.DuckDBPyConnection) -> None:
    """Rows of one party get one `g`, the first row's number: by the source's own number, else by card, mail, telephone.

    A key that leads to more than one numbered party leads to none.
    """
    work.execute(
        "CREATE OR REPLACE TABLE grouped AS SELECT row, min(row) OVER (PARTITION BY external_id) AS g "
        "FROM checked WHERE external_id IS NOT NULL"
    )
    without = work.execute("SELECT count(*) FROM checked WHERE external_id IS NULL").fetchall()[0][0]
    if not without:
        return
    work.execute(
        "CREATE OR REPLACE TEMP TABLE loose AS SELECT p.row, p.kind, p.key FROM points AS p JOIN checked AS c ON "
        "c.row = p.row "
        "WHERE c.external_id IS NULL AND p.kind IN ('card', 'mail', 'phone')"
    )
    work.execute(
        "CREATE OR REPLACE TEMP TABLE labels AS SELECT c.row, coalesce(min(n.g), c.row) AS g FROM checked AS c "
        "LEFT JOIN loose AS l ON l.row = c.row LEFT JOIN (SELECT p.kind, p.key, min(x.g) AS g FROM points AS p "
        "JOIN grouped AS x ON x.row = p.row WHERE p.kind IN ('card', 'mail', 'phone') "
        "GROUP BY p.kind, p.key HAVING count(DISTINCT x.g) = 1) AS n ON n.kind = l.kind AND n.key = l.key "
        "WHERE c.external_id IS NULL GROUP BY c.row"
    )
    work.execute("CREATE OR REPLACE TEMP TABLE fixed AS SELECT row FROM labels WHERE g <> row")
    while True:
        changed = work.execute(
            "CREATE OR REPLACE TEMP TABLE better AS SELECT l.row, min(k.g) AS g FROM loose AS l JOIN ("
            "SELECT o.kind, o.key, min(b.g) AS g FROM loose AS o JOIN labels AS b ON b.row = o.row GROUP BY ALL) AS k "
            "ON k.kind = l.kind AND k.key = l.key JOIN labels AS b ON b.row = l.row "
            "ANTI JOIN fixed AS f ON f.row = l.row GROUP BY l.row, b.g HAVING min(k.g) < b.g"
        )
        changed = work.execute("SELECT count(*) FROM better").fetchall()[0][0]
        if not changed:
            break
        work.execute("UPDATE labels SET g = better.g FROM better WHERE better.row = labels.row")
    work.execute("INSERT INTO grouped SELECT row, g FROM labels")


def _finish_rows(work: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Bring each row into the form in which it is written, with the payload that is kept for ever."""
    profile = profile_fields(plan)
    said = [name for name in [*FIELDS, *profile] if name in plan.mapping or name in FIELDS]
    pairs = [f"'{name}': {_as_said(plan, name)}" for name in said if name in plan.mapping or name in plan.options]
    plainly = ("external_id", "mail", "card", "role", "known_since", "made_up")
    pairs += [f"'{name}': {name}" for name in plainly if name in plan.mapping]
    pairs += [
        f"'{name}': CASE WHEN len({name}) > 0 THEN {name} END" for name in ("phone", "address") if name in plan.mapping
    ]
    pairs += [f"'{name}': \"{name}\"" for name in plan.mapping if name.startswith("consent.")]
    if plan.unmapped:
        pairs.append("'columns': CAST(payload AS JSON)")
    fields = ", ".join(
        f'{_as_said(plan, name)} AS "{name}"' for name in [*FIELDS, *profile] if name not in ("name", "country")
    )
    work.execute("CREATE OR REPLACE TABLE chunks AS SELECT g, CAST(floor((row_number() OVER (ORDER BY g) - 1) "
                 f"/ {CHUNK}) AS INTEGER) AS chunk FROM (SELECT DISTINCT g FROM grouped)")  # fmt: skip
    work.execute(
        "CREATE OR REPLACE TABLE ready AS SELECT *, md5(payload) AS digest FROM (SELECT c.row, x.g, k.chunk, "
        f"coalesce(external_id, '') AS external_id, role, {fields}, {_as_said(plan, 'name')} AS name, "
        f"upper(country) AS country, known_since, coalesce(made_up = 'yes', false) AS made_up, "
        f"CAST(json_merge_patch('{{}}', to_json({{{', '.join(pairs)}}})) AS VARCHAR) AS payload "
        "FROM checked AS c JOIN grouped AS x ON x.row = c.row JOIN chunks AS k ON k.g = x.g) ORDER BY chunk, row"
    )
    work.execute(
        "CREATE OR REPLACE TABLE keyed AS SELECT p.*, x.g, k.chunk FROM points AS p JOIN grouped AS x ON x.row = p.row "
        "JOIN chunks AS k ON k.g = x.g ORDER BY k.chunk"
    )
    parts = [
        f"SELECT row, '{name.split('.')[1]}' AS purpose, '{name.split('.')[2]}' AS channel, \"{name}\" = 'yes' AS "
        f"given "
        f'FROM checked WHERE "{name}" IS NOT NULL'
        for name in plan.mapping
        if name.startswith("consent.")
    ]
    union = " UNION ALL ".join(parts) or "SELECT 0 AS row, '' AS purpose, '' AS channel, true AS given WHERE false"
    work.execute(
        f"CREATE OR REPLACE TABLE agreed AS SELECT u.*, x.g, k.chunk FROM ({union}) AS u JOIN grouped AS x ON "
        f"x.row = u.row "
        "JOIN chunks AS k ON k.g = x.g ORDER BY k.chunk"
    )
    for name in ("checked", "points", "grouped", "chunks"):
        work.execute(f"DROP TABLE {name}")


def _as_said(plan: Plan, name: str) -> str:
    one = plan.fields.get(name)
    if name == "name":
        return "regexp_replace(name, '\\s+', ' ', 'g')"
    if name == "country":
        return "upper(country)"
    if one is not None and one.kind == NUMBER:
        return f'"{name}" / 10000.0'
    if one is not None and one.kind == WORD and name.startswith("profile."):
        return f"\"{name}\" = 'yes'"
    return f'"{name}"'


def profile_fields(plan: Plan) -> list[str]:
    """The profile fields that the file feeds."""
    return [name for name in plan.mapping if name.startswith("profile.")]


def prepare(job: Job) -> None:
    """Nothing is needed before the parties themselves."""


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("parties", _count_chunks, _write, ahead=_read)]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM ready").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


def _read(job: Job, number: int) -> tuple[pa.Table, ...]:
    with job.work.cursor() as work:
        return tuple(
            work.sql(f"SELECT * EXCLUDE (chunk) FROM {name} WHERE chunk = {number}").to_arrow_table()
            for name in ("ready", "keyed", "agreed")
        )


def _write(job: Job, db: BulkSession, number: int, tables: tuple[pa.Table, ...]) -> Outcome:
    rows, points, consents = tables
    written = write_parties(
        db,
        rows,
        points,
        consents,
        profile_fields(job.plan),
        source_id=job.source_id,
        source=job.plan.source,
        role=job.plan.options.get("role", "customer"),
        run_id=job.run_id,
        at=job.now,
        moment=job.moment,
    )
    append_events(db, written.events, job.now)
    fresh = written.found.column("fresh")
    for new in (True, False):
        chosen = written.found.filter(fresh if new else pc.invert(fresh)).drop_columns("fresh")
        index_arrow(db, "customers.party", chosen, new=new)
    return Outcome(written.created, written.updated, written.unchanged)
