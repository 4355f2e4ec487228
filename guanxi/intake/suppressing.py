"""Rows of customers who had themselves erased: no import brings them back by itself.

They are known again by keyed hashes of what was unmistakably theirs (guanxi.customers.rights.hashing). What a living
customer has too, a telephone shared in a family say, tells nothing of the one who was erased.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from guanxi.customers import normalise
from guanxi.customers.models import ContactPoint, Restriction
from guanxi.customers.rights.hashing import suppressed
from guanxi.customers.rights.models import SuppressedKey
from guanxi.intake.importing import PROBLEMS
from guanxi.intake.plan import Plan
from guanxi.intake.values import literal

# The columns of the stage that name a customer, in the files that tell of customers who are known already.
WHO = {
    "sales": ("customer",),
    "events": ("customer",),
    "consents": ("customer",),
    "relationships": ("party", "other", "reports_to"),
}
AT_ONCE = 100_000
_KEY = pa.schema([("kind", pa.string()), ("key", pa.string())])


def leave_out_erased(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """Take the rows that speak of erased customers by number, card, mail or telephone out of `checked`; they are given
    back as problems. For files of parties see `erased_parties`."""
    names = WHO.get(plan.kind)
    if not names or not _kinds():
        return PROBLEMS.empty_table()
    work.execute("CREATE OR REPLACE TABLE named_keys (code VARCHAR, kind VARCHAR, key VARCHAR)")
    codes = " UNION ".join(f'SELECT "{name}" AS code FROM checked WHERE "{name}" IS NOT NULL' for name in names)
    for batch in work.cursor().sql(codes).to_arrow_reader(AT_ONCE):
        for kind in ("external", "card", "mail", "phone") if plan.kind not in ("sales", "events") else ("external",):
            _add_keys(work, plan.source, kind, batch.column("code"))
    parts = [f"SELECT c.row, '{name}' AS field, k.kind, k.key FROM checked AS c JOIN named_keys AS k "
             f'ON k.code = c."{name}"' for name in names]  # fmt: skip
    bad = _problems(work, " UNION ALL ".join(parts))
    work.register("erased", bad)
    work.execute("DELETE FROM checked WHERE row IN (SELECT row FROM erased)")
    work.unregister("erased")
    work.execute("DROP TABLE named_keys")
    return bad


def erased_parties(work: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Table:
    """The rows of a file of parties that speak of erased customers, with all rows that are of one party with them.

    As problems; from the tables `checked`, `points` and `grouped` (row, g) of the stage.
    """
    if not _kinds():
        return PROBLEMS.empty_table()
    bad = _problems(
        work,
        "SELECT row, kind AS field, kind, key FROM points WHERE kind <> 'address' UNION ALL SELECT row, 'external_id', "
        f"'external', {literal(plan.source + ':')} || external_id FROM checked WHERE external_id IS NOT NULL",
    )
    if not bad.num_rows:
        return bad
    work.register("erased", bad)
    whole = work.sql(
        "SELECT x.row, coalesce(e.problem, 'external_id:erased') AS problem FROM grouped AS x "
        "LEFT JOIN erased AS e ON e.row = x.row WHERE x.g IN (SELECT o.g FROM grouped AS o JOIN erased AS h "
        "ON h.row = o.row) ORDER BY x.row"
    ).to_arrow_table()
    work.unregister("erased")
    return whole.cast(PROBLEMS)


def newest() -> int:
    """Tells one state of the list of erased customers from another: a stage checked against an older one is not good
    any more."""
    return SuppressedKey.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _kinds() -> list[str]:
    """By which kinds of keys erased customers are known; empty where nobody was ever erased."""
    return list(SuppressedKey.objects.order_by("kind").values_list("kind", flat=True).distinct())


def _add_keys(work: duckdb.DuckDBPyConnection, source: str, kind: str, codes: pa.Array) -> None:
    """Add to `named_keys` what the codes are as keys of a kind, where they can be."""
    if kind == "external":
        keys = pc.binary_join_element_wise(source, codes, ":")
    else:
        likely = pc.match_substring(codes, "@") if kind == "mail" else pc.match_substring_regex(codes, "[0-9]{4}")
        codes = codes.filter(likely)
        if not len(codes):
            return
        keys, _errors = normalise.keys(kind, codes, settings.GUANXI_COUNTRY)
    work.register("some_keys", pa.table({"code": codes, "key": keys}))
    work.execute(f"INSERT INTO named_keys SELECT code, '{kind}', key FROM some_keys WHERE key IS NOT NULL")
    work.unregister("some_keys")


def _problems(work: duckdb.DuckDBPyConnection, keyed: str) -> pa.Table:
    """The first problem of each row that has a key (`keyed`: row, field, kind, key) of an erased customer."""
    found = [_KEY.empty_table()]
    for kind in _kinds():
        query = f"SELECT DISTINCT key FROM ({keyed}) AS k WHERE kind = {literal(kind)}"
        for batch in work.cursor().sql(query).to_arrow_reader(AT_ONCE):
            keys = batch.column("key").filter(suppressed(kind, batch.column("key")))
            lost = sorted(set(keys.to_pylist()) - _of_the_living(kind, keys.to_pylist()))
            found.append(pa.table({"kind": pa.array([kind] * len(lost), pa.string()), "key": lost}, schema=_KEY))
    gone = pa.concat_tables(found)
    if not gone.num_rows:
        return PROBLEMS.empty_table()
    work.register("gone_keys", gone)
    bad = work.sql(
        f"SELECT k.row, min(k.field) || ':erased' AS problem FROM ({keyed}) AS k JOIN gone_keys AS g "
        "ON g.kind = k.kind AND g.key = k.key GROUP BY k.row ORDER BY k.row"
    ).to_arrow_table()
    work.unregister("gone_keys")
    return bad.cast(PROBLEMS)


def _of_the_living(kind: str, keys: list[str]) -> set[str]:
    """Those of the keys that a customer has who is not being erased."""
    leaving = Restriction.objects.filter(kind=Restriction.Kind.ERASE, lifted_at=None).values("party")
    held: set[str] = set()
    for start in range(0, len(keys), 500):
        points = ContactPoint.objects.filter(kind=kind, key__in=keys[start : start + 500])
        held.update(points.exclude(party__in=leaving).values_list("key", flat=True))
    return held
