"""Who is meant by what a file writes for somebody: his number, a mail, a card, a telephone, or a name that is his
alone."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from guanxi.customers import normalise
from guanxi.customers.models import Consent, Relationship
from guanxi.foundation.bulk import BulkSession, read_beside
from guanxi.intake.importing import Job
from guanxi.intake.reaching import NOT_YOURS, beyond_for

FOUND = pa.schema([("code", pa.string()), ("party_id", pa.int64())])
AT_ONCE = 100_000


def find_named(job: Job, table: str, columns: list[str], model: type[Consent | Relationship]) -> None:
    """Find everybody named in these columns of a table of the stage: `named` (code, party_id) in the stage.

    What leads to nobody, or to more than one, is not in it. Of whom the import may make no `model` stands in
    `closed_named` (code) instead.
    """
    job.work.execute("CREATE OR REPLACE TABLE named (code VARCHAR, party_id BIGINT)")
    job.work.execute("CREATE OR REPLACE TABLE closed_named (code VARCHAR)")
    union = " UNION ".join(f'SELECT "{name}" AS code FROM {table} WHERE "{name}" IS NOT NULL' for name in columns)
    codes = job.work.sql(f"{union} ORDER BY 1").to_arrow_table().column("code").combine_chunks()
    for start in range(0, len(codes), AT_ONCE):
        with job.transaction() as db:
            found = parties_named(db, job.plan.source, codes.slice(start, AT_ONCE))
        job.work.register("found_named", found)
        closed = beyond_for(job, model, "party", pc.unique(found.column("party_id")))
        job.work.register("closed", pa.table({"party_id": closed}))
        job.work.execute("INSERT INTO closed_named SELECT code FROM found_named SEMI JOIN closed USING (party_id)")
        job.work.execute("INSERT INTO named SELECT code, party_id FROM found_named ANTI JOIN closed USING (party_id)")


def parties_named(db: BulkSession, source: str, codes: pa.Array) -> pa.Table:
    """`code` and `party_id` of those of the distinct `codes` that lead to one party; the first way that leads
    counts."""
    found, rest = FOUND.empty_table(), codes
    for kind in ("external", "card", "mail", "phone", "name"):
        if not len(rest):
            break
        found = pa.concat_tables([found, _by(db, kind, source, rest)])
        rest = rest.filter(pc.invert(pc.is_in(rest, value_set=found.column("code").combine_chunks())))
    return found


def _by(db: BulkSession, kind: str, source: str, codes: pa.Array) -> pa.Table:
    if kind == "name":
        keys = codes
    elif kind == "external":
        keys = pc.binary_join_element_wise(source, codes, ":")
    else:
        likely = pc.match_substring(codes, "@") if kind == "mail" else pc.match_substring_regex(codes, "[0-9]{4}")
        codes = codes.filter(likely)
        if not len(codes):
            return FOUND.empty_table()
        keys, _errors = normalise.keys(kind, codes, settings.GUANXI_COUNTRY)
    wanted = pa.table({"code": codes, "key": keys})
    wanted = wanted.filter(pc.is_valid(wanted.column("key")))
    of = (
        "customers_party AS c WHERE c.name = w.key AND c.merged_into_id IS NULL"
        if kind == "name"
        else f"customers_contactpoint AS c WHERE c.kind = '{kind}' AND c.key = w.key"
    )
    column = "id" if kind == "name" else "party_id"
    sql = (
        f"SELECT w.code, MIN(c.{column}) FROM wanted_people AS w CROSS JOIN {of} "
        f"GROUP BY w.code HAVING COUNT(DISTINCT c.{column}) = 1"
    )
    return read_beside(db, "wanted_people", wanted, sql, FOUND)


def refuse_unnamed(work: duckdb.DuckDBPyConnection, table: str, where: dict[str, str], chunk: int) -> pa.Table:
    """The rows of a chunk of `table` in which somebody is not found, or belongs to others, as problems; `where`: reason
    by column."""
    parts = [
        f"SELECT t.row, CASE WHEN c.code IS NULL THEN '{column}:{reason}' ELSE '{column}:{NOT_YOURS}' END AS problem "
        f'FROM {table} AS t ANTI JOIN named AS n ON n.code = t."{column}" '
        f'LEFT JOIN closed_named AS c ON c.code = t."{column}" '
        f'WHERE t.chunk = {chunk} AND t."{column}" IS NOT NULL'
        for column, reason in where.items()
    ]
    return work.sql(
        f"SELECT row, min(problem) AS problem FROM ({' UNION ALL '.join(parts)}) GROUP BY row ORDER BY row"
    ).to_arrow_table()
