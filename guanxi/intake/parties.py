"""Parties: from checked rows to customers, recognised within the file and against the database."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from guanxi.customers import normalise
from guanxi.customers.bulk_difference import NAMESAKES, party_differences
from guanxi.customers.bulk_parties import PreparedParties, write_parties
from guanxi.customers.models import Party
from guanxi.customers.recognising import tell_nothing
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation.bulk import BulkSession, last_id
from guanxi.foundation.typed_json import MOMENT_FORMAT
from guanxi.intake.employers import leave_out_foreign, relate
from guanxi.intake.field import MOMENT, NUMBER, WORD, Field
from guanxi.intake.importing import PROBLEMS, Job, Outcome, Phase
from guanxi.intake.owners import owner_sql
from guanxi.intake.plan import Plan
from guanxi.intake.reaching import NOT_YOURS, beyond, owner_of_new
from guanxi.intake.suppressing import erased_parties
from guanxi.intake.values import literal
from guanxi.intake.words import YES_NO

FEW = 5_000  # rows up to which the database is asked for namesakes one by one
CHUNK = 50_000  # groups of rows (one group, one party) written in one transaction
_ID = pa.schema([("id", pa.int64())])


def arrange(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Find the keys of every row, and which rows are of one party. Bad are mails and telephones that are none, and
    rows of customers who were erased."""
    work.execute("CREATE OR REPLACE TABLE points (row BIGINT, kind VARCHAR, value VARCHAR, key VARCHAR)")
    problems = [_keys(work, kind, source, name) for kind, source, name in _sources(plan)]
    bad = pa.concat_tables([PROBLEMS.empty_table(), *problems])
    bad = bad.group_by("row").aggregate([("problem", "min")]).rename_columns(PROBLEMS.names)
    work.register("bad", bad)
    work.execute("DELETE FROM points WHERE row IN (SELECT row FROM bad)")
    work.execute("DELETE FROM checked WHERE row IN (SELECT row FROM bad)")
    _group(work)
    erased = erased_parties(work, plan)
    if erased.num_rows:
        work.register("erased", erased)
        for table in ("points", "checked", "grouped"):
            work.execute(f"DELETE FROM {table} WHERE row IN (SELECT row FROM erased)")
        work.unregister("erased")
    _cut(work)
    return pa.concat_tables([bad, erased])


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
    _leave_out_junk(work)
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


def _leave_out_junk(work: duckdb.DuckDBPyConnection) -> None:
    """Shared mailboxes and drawn numbers bring no rows together."""
    keys = work.sql("SELECT DISTINCT kind, key FROM loose WHERE kind <> 'card'").to_arrow_table()
    nothing = tell_nothing(*(keys[name].combine_chunks() for name in ("kind", "key")))
    work.register("junk_keys", keys.filter(nothing))
    work.execute("DELETE FROM loose WHERE (kind, key) IN (SELECT (kind, key) FROM junk_keys)")
    work.unregister("junk_keys")


def _cut(work: duckdb.DuckDBPyConnection) -> None:
    """Bring whole parties together in chunks, in the order of the file."""
    work.execute(
        "CREATE OR REPLACE TABLE chunks AS SELECT x.row, x.g, k.chunk FROM grouped AS x JOIN (SELECT g, CAST(floor(("
        f"row_number() OVER (ORDER BY g) - 1) / {CHUNK}) AS INTEGER) AS chunk FROM (SELECT DISTINCT g FROM grouped)"
        ") AS k ON k.g = x.g ORDER BY k.chunk, x.row"
    )
    work.execute("DROP TABLE grouped")


def rows_sql(plan: Plan) -> str:
    """The rows of `piece` (row, g) in the form in which they are written, with the payload that is kept for ever."""
    profile = profile_fields(plan)
    said = [name for name in [*FIELDS, *profile] if name in plan.mapping or name in FIELDS]
    pairs = [f"'{name}': {_as_said(plan, name)}" for name in said if name in plan.mapping or name in plan.options]
    plainly = ("external_id", "mail", "card", "role", "known_since", "made_up", "works_at", "department", "owner")
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
    return (
        f"SELECT *, md5(payload) AS digest FROM (SELECT c.row, k.g, coalesce(external_id, '') AS external_id, role, "
        f"works_at, department, {fields}, {_as_said(plan, 'name')} AS name, upper(country) AS country, known_since, "
        f"coalesce(made_up = 'yes', false) AS made_up, {owner_sql(plan)} AS owner_id, "
        f"CAST(json_merge_patch('{{}}', to_json({{{', '.join(pairs)}}})) AS VARCHAR) AS payload "
        "FROM checked AS c JOIN piece AS k ON k.row = c.row)"
    )


def points_sql(plan: Plan) -> str:
    """The contact points of the rows of `piece`."""
    return (
        "SELECT p.*, k.g FROM points AS p JOIN piece AS k ON k.row = p.row UNION ALL "
        f"SELECT c.row, 'external', external_id, {literal(plan.source + ':')} || external_id, k.g "
        "FROM checked AS c JOIN piece AS k ON k.row = c.row WHERE external_id IS NOT NULL"
    )


def consents_sql(plan: Plan) -> str:
    """What the rows of `piece` say of consents."""
    parts = [
        f"SELECT c.row, '{name.split('.')[1]}' AS purpose, '{name.split('.')[2]}' AS channel, \"{name}\" = 'yes' AS "
        f'given, k.g FROM checked AS c JOIN piece AS k ON k.row = c.row WHERE "{name}" IS NOT NULL'
        for name in plan.mapping
        if name.startswith("consent.")
    ]
    return " UNION ALL ".join(parts) or (
        "SELECT 0 AS row, '' AS purpose, '' AS channel, true AS given, 0 AS g WHERE false"
    )


def _as_said(plan: Plan, name: str) -> str:
    one = plan.fields.get(name)
    if name == "name":
        return "regexp_replace(name, '\\s+', ' ', 'g')"
    if name == "country":
        return "upper(country)"
    if one is not None and one.kind == NUMBER:
        return f'"{name}" / 10000.0'
    if one is not None and name.startswith("profile."):
        return _profile_value(one)
    return f'"{name}"'


def _profile_value(one: Field) -> str:
    """A value of the profile as JSON holds it."""
    if one.several:
        return f"string_split(\"{one.name}\", ',')"
    if one.kind == MOMENT:
        return f"strftime(\"{one.name}\" AT TIME ZONE 'UTC', '{MOMENT_FORMAT}')"
    return f"\"{one.name}\" = 'yes'" if one.kind == WORD and one.words == YES_NO else f'"{one.name}"'


def profile_fields(plan: Plan) -> list[str]:
    """The profile fields that the file feeds."""
    return [name for name in plan.mapping if name.startswith("profile.")]


def prepare(job: Job) -> None:
    """Nothing is needed before the parties themselves; only a look at many has all that are known at hand."""
    if job.dry and job.work.execute("SELECT count(*) FROM chunks").fetchall()[0][0] > FEW:
        job.memory["namesakes"] = job.db.read(
            "SELECT id, name, city, date_of_birth FROM customers_party WHERE merged_into_id IS NULL", NAMESAKES
        )


def phases(job: Job) -> list[Phase]:
    """The one phase."""
    return [Phase("parties", _count_chunks, _write, ahead=_prepare)]


def _count_chunks(job: Job) -> int:
    found = job.work.execute("SELECT max(chunk) FROM chunks").fetchall()[0][0]
    return 0 if found is None else int(found) + 1


def _prepare(job: Job, number: int) -> PreparedParties:
    with job.work.cursor() as work:
        work.execute(f"CREATE OR REPLACE TEMP TABLE piece AS SELECT row, g FROM chunks WHERE chunk = {number}")
        rows, points, consents = (
            work.sql(query(job.plan)).to_arrow_table() for query in (rows_sql, points_sql, consents_sql)
        )
    return PreparedParties(rows, points, consents, profile_fields(job.plan))


def _write(job: Job, db: BulkSession, number: int, prepared: PreparedParties) -> Outcome:
    foreign = leave_out_foreign(job, db, prepared)
    written = write_parties(
        db,
        prepared,
        source_id=job.source_id,
        source=job.plan.source,
        role=job.plan.options.get("role", "customer"),
        run_id=job.run_id,
        at=job.now,
        moment=job.moment,
        strangers=_all_strangers(job, db),
        rule=job.plan.rule,
        match_by=job.plan.match_by,
        taken=job.memory.get("taken"),
        beyond=lambda ids: beyond(job, Party, ids),
        owner_id=owner_of_new(job.by),
    )
    outcome = Outcome(written.created, written.updated, written.unchanged, written.skipped)
    named = _refused(_naming(job.plan), written.refused) if written.refused.num_rows else PROBLEMS.empty_table()
    outcome.refused = pa.concat_tables([named, _refused("works_at", foreign)])
    if job.dry:
        outcome.difference = party_differences(db, prepared, job.memory.get("namesakes"))
        _take(job, prepared)
    elif job.memory["last_point"] is not None:
        job.memory["last_point"] += written.points
    if job.dry:
        prepared.close()
        return outcome
    job.record(db, written.events)
    if "works_at" in job.plan.mapping:
        relate(job, db, prepared.work)
    prepared.close()
    job.keep(f"since-{number}", written.since)
    job.keep(f"owners-{number}", written.owners)
    fresh = written.found.column("fresh")
    for new in (True, False):
        chosen = written.found.filter(fresh if new else pc.invert(fresh)).drop_columns("fresh")
        job.index(db, "customers.party", chosen, new=new)
    return outcome


def _naming(plan: Plan) -> str:
    """The field that tells first who a customer is."""
    return next(one for one in ("external_id", "card", "mail", "phone") if one in plan.mapping)


def _refused(field: str, rows: pa.Table) -> pa.Table:
    """Rows that speak of what belongs to others, as problems."""
    return pa.table([rows.column("row"), pa.repeat(f"{field}:{NOT_YOURS}", rows.num_rows)], schema=PROBLEMS)


def _take(job: Job, prepared: PreparedParties) -> None:
    """Note who would have a number of the source by now: nobody else's rows may lead to him."""
    taken = prepared.work.sql(
        "SELECT DISTINCT p.party_id FROM party_of AS p JOIN news AS n ON n.g = p.g "
        "WHERE NOT p.fresh AND n.external_id <> ''"
    ).to_arrow_table()
    job.memory["taken"] = pa.concat_tables([job.memory["taken"], taken]) if "taken" in job.memory else taken


def _all_strangers(job: Job, db: BulkSession) -> bool:
    """Whether there are no contact points but those that this run has written: then no key can lead to a party that
    the file's own rows were not brought together with already.
    """
    last = last_id(db, "customers_contactpoint")
    if "last_point" not in job.memory:
        known = db.read("SELECT id FROM customers_contactpoint LIMIT 1", _ID).num_rows
        job.memory["last_point"] = None if known else last
    return bool(job.memory["last_point"] == last)
