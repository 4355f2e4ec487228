"""Parties in sets, from what a source says of them: recognition, survivorship, contact points, roles, consents.

Works inside the caller's bulk transaction; the set algebra is done by DuckDB in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.bulk_deriving import derive, full_name_sql, read_known
from guanxi.customers.recognising import tell_nothing
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation.bulk import BulkSession, read_beside
from guanxi.foundation.models import User

_POINTS = pa.schema([("kind", pa.string()), ("key", pa.string()), ("party_id", pa.int64())])
_RECORDS = pa.schema([("external_id", pa.string()), ("digest", pa.string())])
_IDS = pa.schema([("party_id", pa.int64())])
_NAMES = pa.schema([("party_id", pa.int64()), ("name", pa.string()), ("latin_name", pa.string())])
_ROLES = pa.schema([("party_id", pa.int64()), ("role", pa.string())])
_CONSENTS = pa.schema(
    [("party_id", pa.int64()), ("purpose", pa.string()), ("channel", pa.string()), ("given", pa.bool_())]
)
_OWNERS = pa.schema([("id", pa.int64()), ("owner_id", pa.int64())])
_COLLEAGUES = pa.schema([("id", pa.int64()), ("name", pa.string())])
_TRUST = pa.schema([("trust", pa.int64())])
UNKNOWN_TRUST = 50  # of a source that has said nothing yet
LATER = 1 << 60  # beyond all ids
KEYS = ("external", "card", "mail", "phone")  # by which a party is known again, in this order


@dataclass
class PartiesWritten:
    """What became of a set of rows that speak of parties."""

    created: int  # rows that made a party known
    updated: int  # rows that said something new of a known one
    unchanged: int
    skipped: int  # rows that the rule leaves out
    points: int  # contact points added
    events: pa.Table  # for ledger.bulk.append_events
    found: pa.Table  # for the search index: id, title, subtitle, text, fresh
    since: pa.Table  # known parties that are known longer now: party_id, was, since
    owners: pa.Table  # known parties that somebody else owns now: id, owner_id as it was and as it is (…_now)
    refused: pa.Table  # rows of parties that may not be changed: row


class PreparedParties:
    """Rows made ready for `write_parties`, which needs the database; this part does not, and may run ahead in a thread.

    `rows`: row, g (rows of one party share it), external_id, payload, digest, role, known_since, made_up, owner_id,
    the party's FIELDS and profile fields; `points`: row, g, kind, value, key; `consents`: row, g, purpose, channel,
    given.
    """

    def __init__(self, rows: pa.Table, points: pa.Table, consents: pa.Table, profile_fields: list[str]) -> None:
        self.work = duckdb.connect()
        self.fields = profile_fields
        self.count = rows.num_rows
        self.work.execute("SET TimeZone = 'UTC'")
        self.work.register("consents", consents)
        self.work.register("points", points)
        self.work.register("rows", rows)
        self.work.execute("CREATE TABLE news AS SELECT * FROM rows")
        self.work.execute("CREATE TABLE all_rows AS SELECT row, g FROM rows")
        self.work.unregister("rows")
        if self.count > _count(self.work, "(SELECT DISTINCT external_id, digest FROM news)"):
            self.work.execute(
                "DELETE FROM news WHERE row NOT IN (SELECT min(row) FROM news GROUP BY external_id, digest)"
            )
        self.put_together()

    def put_together(self) -> None:
        """What `news` say of each party: tables `told` and `told_points`. Again where not all of them were new."""
        _put_together(self.work, self.fields)

    def leave_out(self, rows: pa.Table) -> None:
        """Forget rows (`row`), before they are written."""
        self.work.register("unwanted", rows)
        for name in ("news", "all_rows"):
            self.work.execute(f"DELETE FROM {name} WHERE row IN (SELECT row FROM unwanted)")
        self.count -= rows.num_rows
        self.put_together()

    def close(self) -> None:
        """Free the memory."""
        self.work.close()


def write_parties(
    db: BulkSession,
    prepared: PreparedParties,
    *,
    source_id: int,
    source: str,
    role: str,
    run_id: int | None,
    at: datetime,
    moment: datetime,
    strangers: bool = False,
    rule: str = "create_or_update",
    match_by: Sequence[str] = KEYS,
    taken: pa.Table | None = None,
    look: bool = False,
    beyond: Callable[[pa.Array], pa.Array] | None = None,
    owner_id: int | None = None,
) -> PartiesWritten:
    """Write what rows of one source say of parties.

    A party is recognised by the source's own number, else by card, mail or telephone, where that is the key of one
    party only and the source does not know that one under another number. `at` is now; `moment` is now by the
    business's clock, for what happens. `strangers`: the caller knows that the database has no contact point by which
    one of them could be recognised; it is not asked then. `rule`: create_or_update, create (rows of known parties are
    left out) or update (those of unknown ones); `match_by`: by which keys a party is known again. `taken`: parties
    (party_id) that would have got a number of this source by rows before these, had those been written. `look`: the
    session writes nothing, so neither records nor events nor what the search learns is made ready. `beyond`: of known
    parties (ids) those that may not be changed; rows that speak of them are refused whole. `owner_id`: who owns those
    that are made, where the rows name nobody.
    """
    work = prepared.work
    if _said_before(db, work, source_id, strangers):
        prepared.put_together()
    work.register("taken", _IDS.empty_table() if taken is None else taken)
    _recognise(db, work, source, strangers, run_id, match_by)
    _refuse(work, beyond)
    _leave_out(work, rule)
    _create(db, work, run_id, at, moment, owner_id)
    _derive_again(db, work, prepared.fields, source_id, at)
    _give_owners(db, work, at)
    if not look:
        _write_records(db, work, source_id, run_id, at)
    _know_longer(db, work, at)
    points = _write_points(db, work, source, run_id)
    _write_roles(db, work, role, run_id)
    _write_consents(db, work, source, run_id, moment)
    return _outcome(work, moment, source, prepared.count, points, look)


def _refuse(work: duckdb.DuckDBPyConnection, beyond: Callable[[pa.Array], pa.Array] | None) -> None:
    """Take out of the news whatever speaks of parties that may not be changed; the rows stand in `refused`."""
    known = work.sql("SELECT DISTINCT party_id FROM recognised ORDER BY 1").to_arrow_table().column(0).combine_chunks()
    closed = beyond(known) if beyond is not None and len(known) else known.slice(0, 0)
    work.register("closed_parties", pa.table([closed], schema=_IDS))
    work.execute(
        "CREATE TABLE refused AS SELECT a.row, a.g FROM all_rows AS a SEMI JOIN (SELECT r.g FROM recognised AS r "
        "SEMI JOIN closed_parties AS c ON c.party_id = r.party_id) AS x ON x.g = a.g"
    )
    if len(closed):
        _take_out(work, "refused")


def _take_out(work: duckdb.DuckDBPyConnection, rows: str) -> None:
    for name in ("news", "told", "told_points", "recognised"):
        work.execute(f"DELETE FROM {name} WHERE g IN (SELECT g FROM {rows})")


def _leave_out(work: duckdb.DuckDBPyConnection, rule: str) -> None:
    """Take out of the news the rows that the rule does not want; they stand in `left_out`."""
    known = {"create": "SEMI", "update": "ANTI"}.get(rule)
    work.execute(
        f"CREATE TABLE left_out AS SELECT n.row, n.g FROM news AS n {known or 'SEMI'} JOIN recognised AS r ON r.g = n.g"
        + ("" if known else " WHERE false")
    )
    if known:
        _take_out(work, "left_out")


def _moment(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"


def _count(work: duckdb.DuckDBPyConnection, name: str) -> int:
    return int(work.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])


def _put_together(work: duckdb.DuckDBPyConnection, fields: list[str]) -> None:
    names = [*FIELDS, *fields, "external_id"]
    if _one_row_each(work):
        said, group = ", ".join(f'"{name}"' for name in names) + ", made_up, known_since, owner_id", ""
    else:
        said, group = ", ".join(_said(name) for name in names), "GROUP BY g"
        said += f", bool_or(made_up) AS made_up, min(known_since) AS known_since, {_said('owner_id')}"
    name = f"coalesce(name, {full_name_sql('family_name', 'given_name')}, latin_name, nullif(external_id, ''))"
    work.execute(
        f"CREATE OR REPLACE TABLE told AS SELECT *, row_number() OVER (ORDER BY name, g) AS place FROM ("
        f"SELECT * REPLACE ({name} AS name), {_profile_json(fields)} AS profile FROM ("
        f"SELECT g, {said} FROM news {group})) ORDER BY place"
    )
    work.execute(
        "CREATE OR REPLACE TABLE told_points AS SELECT p.g, p.kind, p.key, min(p.row) AS row, "
        "arg_min(p.value, p.row) AS value FROM points AS p SEMI JOIN news AS n ON n.row = p.row GROUP BY ALL"
    )
    if _count(work, "told WHERE name IS NULL"):
        work.execute(
            "UPDATE told SET name = p.name FROM (SELECT g, arg_min(value, (kind <> 'mail', row, kind, key)) AS name "
            "FROM told_points WHERE kind <> 'external' GROUP BY g) AS p WHERE p.g = told.g AND told.name IS NULL"
        )


def _said_before(db: BulkSession, work: duckdb.DuckDBPyConnection, source_id: int, strangers: bool) -> bool:
    """Leave of `news` what the source has not said before, in just these words; whether there was anything else."""
    where = "WHERE external_id = ''" if strangers else ""
    said = read_beside(
        db,
        "incoming_records",
        work.sql(f"SELECT external_id, digest FROM news {where} ORDER BY external_id, digest").to_arrow_table(),
        "SELECT i.external_id, i.digest FROM incoming_records AS i CROSS JOIN customers_sourcerecord AS s "
        f"WHERE s.source_id = {source_id} AND s.external_id = i.external_id AND s.digest = i.digest",
        _RECORDS,
    )
    if not said.num_rows:
        return False
    work.register("said_before", said)
    work.execute("DELETE FROM news WHERE (external_id, digest) IN (SELECT (external_id, digest) FROM said_before)")
    return True


def _recognise(
    db: BulkSession,
    work: duckdb.DuckDBPyConnection,
    source: str,
    strangers: bool,
    run_id: int | None,
    match_by: Sequence[str],
) -> None:
    """Which party each group of rows is of: table `recognised` (g, party_id).

    What the run itself has written does not count: its rows of one party were brought together before.
    """
    work.execute("CREATE TABLE recognised (g BIGINT, party_id BIGINT)")
    if strangers:
        return
    kinds = ", ".join(f"'{kind}'" for kind in match_by)
    others = "" if run_id is None else f" AND (c.import_run IS NULL OR c.import_run <> {run_id})"
    keys = work.sql(
        f"SELECT DISTINCT kind, key FROM told_points WHERE kind IN ({kinds}) ORDER BY kind, key"
    ).to_arrow_table()
    nothing = tell_nothing(*(keys[name].combine_chunks() for name in ("kind", "key")))
    db.stage("incoming_keys", keys.filter(pc.invert(nothing)))
    known = db.read(
        "SELECT i.kind, i.key, c.party_id FROM incoming_keys AS i CROSS JOIN customers_contactpoint AS c "
        f"WHERE c.kind = i.kind AND c.key = i.key{others}",
        _POINTS,
    )
    work.register("known_points", known)
    work.execute(
        "CREATE TABLE by_key AS SELECT kind, key, min(party_id) AS party_id, count(DISTINCT party_id) AS parties "
        "FROM known_points GROUP BY kind, key"
    )
    work.execute(
        "INSERT INTO recognised SELECT p.g, min(k.party_id) AS party_id FROM told_points AS p "
        "JOIN by_key AS k ON k.kind = p.kind AND k.key = p.key WHERE p.kind = 'external' GROUP BY p.g"
    )
    work.execute(
        "CREATE TABLE candidates AS SELECT p.g, arg_min(k.party_id, ("
        "CASE p.kind WHEN 'card' THEN 1 WHEN 'mail' THEN 2 ELSE 3 END, k.party_id)) AS party_id, "
        "bool_or(r.external_id <> '') AS numbered FROM points AS p "
        "JOIN by_key AS k ON k.kind = p.kind AND k.key = p.key AND k.parties = 1 JOIN news AS r ON r.row = p.row "
        "ANTI JOIN recognised AS x ON x.g = p.g WHERE p.kind <> 'external' GROUP BY p.g"
    )
    if not _count(work, "candidates"):
        return
    db.stage("candidate_parties", work.sql("SELECT DISTINCT party_id FROM candidates").to_arrow_table())
    numbered = db.read(
        "SELECT DISTINCT c.party_id FROM candidate_parties AS i CROSS JOIN customers_contactpoint AS c "
        # By party, not by kind: SQLite would look at every number there is, once for each candidate.
        f"WHERE c.party_id = i.party_id AND c.kind || '' = 'external' AND c.key LIKE '{source}:%'",
        _IDS,
    )
    work.register("numbered_parties", numbered if "external" in match_by else _IDS.empty_table())
    work.execute("CREATE VIEW unfree AS SELECT party_id FROM numbered_parties UNION SELECT party_id FROM taken")
    work.execute(
        "INSERT INTO recognised SELECT g, party_id FROM candidates WHERE NOT numbered UNION ALL "
        "SELECT min(g), party_id FROM candidates AS c ANTI JOIN unfree AS n ON n.party_id = c.party_id "
        "WHERE numbered GROUP BY party_id"
    )


def _one_row_each(work: duckdb.DuckDBPyConnection) -> bool:
    """Whether no two of the new rows speak of one party; the usual case, in which nothing has to be summed up."""
    return _count(work, "news") == _count(work, "(SELECT DISTINCT g FROM news)")


def _said(name: str) -> str:
    nothing = "''" if name == "external_id" else "NULL"
    return f'arg_max("{name}", row) FILTER ("{name}" IS DISTINCT FROM {nothing}) AS "{name}"'


def _profile_json(fields: list[str]) -> str:
    if not fields:
        return "'{}'"
    pairs = ", ".join(f"'{name.removeprefix('profile.')}': \"{name}\"" for name in fields)
    return f"CAST(json_merge_patch('{{}}', to_json({{{pairs}}})) AS VARCHAR)"


def _run(run_id: int | None) -> str:
    return f"CAST({'NULL' if run_id is None else int(run_id)} AS BIGINT) AS import_run"


def _create(
    db: BulkSession,
    work: duckdb.DuckDBPyConnection,
    run_id: int | None,
    at: datetime,
    moment: datetime,
    owner_id: int | None,
) -> None:
    """Make the parties that nobody recognised; table `created_parties` has what is said of them."""
    count = _count(work, "told AS t ANTI JOIN recognised AS r ON r.g = t.g")
    first = db.reserve_ids("customers_party", count) if count else 0
    texts = ", ".join(f"coalesce({one}, '') AS {one}" for one in FIELDS if one not in ("kind", "name", "date_of_birth"))
    # Numbered in the order of their names: the indexes by name, long and else without order, grow page by page.
    whole = count == _count(work, "told") and not _count(work, "left_out") and not _count(work, "refused")
    place = "place" if whole else "row_number() OVER (ORDER BY place)"
    work.execute(
        f"CREATE TABLE created_parties AS SELECT t.g, {first} - 1 + {place} AS id, "
        f"coalesce(kind, 'person') AS kind, left(coalesce(name, '?'), 200) AS name, {texts}, date_of_birth, profile, "
        f"made_up, coalesce(known_since, {_moment(moment)}) AS created_at, "
        f"CAST(coalesce(owner_id, {'NULL' if owner_id is None else int(owner_id)}) AS BIGINT) AS owner_id "
        "FROM told AS t ANTI JOIN recognised AS r ON r.g = t.g"
    )
    if count:
        rows = work.sql(
            f"SELECT * EXCLUDE (g), {_moment(at)} AS changed_at, {_run(run_id)} FROM created_parties ORDER BY id"
        ).to_arrow_table()
        db.append("customers_party", rows)
    work.execute(
        "CREATE TABLE party_of AS SELECT g, id AS party_id, true AS fresh FROM created_parties "
        "UNION ALL SELECT g, party_id, false FROM recognised"
    )


def _write_records(
    db: BulkSession, work: duckdb.DuckDBPyConnection, source_id: int, run_id: int | None, at: datetime
) -> None:
    # In the order of their index, but never one after another of the same party: of equal sources the later counts.
    order = "n.external_id" if _one_row_each(work) else "n.row"
    rows = work.sql(
        f"SELECT CAST({source_id} AS BIGINT) AS source_id, n.external_id, n.payload, n.digest, "
        f"{_moment(at)} AS received_at, {_run(run_id)}, "
        f"p.party_id FROM news AS n JOIN party_of AS p ON p.g = n.g ORDER BY {order}"
    ).to_arrow_table()
    if rows.num_rows:
        db.append("customers_sourcerecord", rows)


def _derive_again(
    db: BulkSession, work: duckdb.DuckDBPyConnection, fields: list[str], source_id: int, at: datetime
) -> None:
    """Derive known parties from all that is said of them by now; table `changed_parties`."""
    work.execute("CREATE TABLE changed_parties (id BIGINT, changes VARCHAR)")
    known = work.sql(
        "SELECT DISTINCT p.party_id FROM party_of AS p SEMI JOIN news AS n ON n.g = p.g WHERE NOT fresh ORDER BY 1"
    ).to_arrow_table()
    if not known.num_rows:
        return
    read_known(db, work, known)
    trusts = db.read(f"SELECT trust FROM customers_source WHERE id = {source_id}", _TRUST).column(0).to_pylist()
    # The news are not written yet; what stands in a later row counts as said later.
    work.execute(
        "CREATE VIEW said AS SELECT * FROM said_by_now UNION ALL SELECT p.party_id, "
        f"CAST({trusts[0] if trusts else UNKNOWN_TRUST} AS BIGINT), {_moment(at)}, {LATER} + n.row, n.payload, "
        f"CAST({source_id} AS BIGINT) FROM news AS n JOIN party_of AS p ON p.g = n.g WHERE NOT p.fresh"
    )
    derive(db, work, "said", fields, at)


def _know_longer(db: BulkSession, work: duckdb.DuckDBPyConnection, at: datetime) -> None:
    """Date back known parties of whom the rows say that they are known since an earlier moment: `known_longer`."""
    if not work.execute("SELECT 1 FROM duckdb_views() WHERE view_name = 'said'").fetchall():
        work.execute("CREATE TABLE known_longer (party_id BIGINT, was TIMESTAMPTZ, since TIMESTAMPTZ)")
        return
    work.execute(
        "CREATE TABLE known_longer AS SELECT s.party_id, p.created_at AS was, s.since FROM (SELECT p.party_id, "
        "min(n.known_since) AS since FROM news AS n JOIN party_of AS p ON p.g = n.g "
        "WHERE NOT p.fresh AND n.known_since IS NOT NULL GROUP BY p.party_id) AS s JOIN parties AS p "
        "ON p.id = s.party_id WHERE p.created_at > s.since ORDER BY 1"
    )
    rows = work.sql(f"SELECT party_id, since, {_moment(at)} AS at FROM known_longer").to_arrow_table()
    if rows.num_rows:
        db.stage("known_longer", rows)
        db.execute(
            "UPDATE customers_party SET created_at = k.since, changed_at = k.at FROM known_longer AS k "
            "WHERE customers_party.id = k.party_id AND customers_party.created_at > k.since"
        )


def _give_owners(db: BulkSession, work: duckdb.DuckDBPyConnection, at: datetime) -> None:
    """Let known parties belong to whom the rows name; tables `given` (id, owner_id, owner_id_now) and
    `handed`, with their names."""
    work.execute("CREATE TABLE given (id BIGINT, owner_id BIGINT, owner_id_now BIGINT)")
    wanted = work.sql(
        "SELECT p.party_id AS id, arg_max(n.owner_id, n.row) AS owner_id FROM news AS n "
        "JOIN party_of AS p ON p.g = n.g WHERE NOT p.fresh AND n.owner_id IS NOT NULL GROUP BY p.party_id ORDER BY 1"
    ).to_arrow_table()
    now = read_beside(
        db,
        "owned_parties",
        wanted,
        "SELECT c.id, c.owner_id FROM owned_parties AS o CROSS JOIN customers_party AS c WHERE c.id = o.id",
        _OWNERS,
    )
    work.register("owners_wanted", wanted)
    work.register("owners_now", now)
    work.execute(
        "INSERT INTO given SELECT w.id, n.owner_id, w.owner_id FROM owners_wanted AS w JOIN owners_now AS n "
        "ON n.id = w.id WHERE n.owner_id IS DISTINCT FROM w.owner_id ORDER BY 1"
    )
    _name_owners(work)
    rows = work.sql(f"SELECT id, owner_id_now AS owner_id, {_moment(at)} AS at FROM given").to_arrow_table()
    if rows.num_rows:
        told = "to_json({'owner': [was, now]})"
        work.execute(
            f"UPDATE changed_parties SET changes = CAST(json_merge_patch(changes, {told}) AS VARCHAR) FROM handed AS h "
            "WHERE h.id = changed_parties.id"
        )
        work.execute(
            f"INSERT INTO changed_parties SELECT h.id, CAST({told} AS VARCHAR) FROM handed AS h "
            "ANTI JOIN changed_parties AS c ON c.id = h.id"
        )
        db.stage("given_parties", rows)
        db.execute(
            "UPDATE customers_party SET owner_id = g.owner_id, changed_at = g.at FROM given_parties AS g "
            "WHERE customers_party.id = g.id"
        )


def _name_owners(work: duckdb.DuckDBPyConnection) -> None:
    ids = {number for row in work.execute("SELECT owner_id, owner_id_now FROM given").fetchall() for number in row}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=ids - {None})}
    work.register("colleagues", pa.table({"id": list(names), "name": list(names.values())}, schema=_COLLEAGUES))
    work.execute(
        "CREATE TABLE handed AS SELECT g.id, coalesce(w.name, '') AS was, coalesce(n.name, '') AS now FROM given AS g "
        "LEFT JOIN colleagues AS w ON w.id = g.owner_id LEFT JOIN colleagues AS n ON n.id = g.owner_id_now"
    )


def _write_points(db: BulkSession, work: duckdb.DuckDBPyConnection, source: str, run_id: int | None) -> int:
    """Add the contact points that the parties do not have yet; how many."""
    work.execute(
        "CREATE TABLE wanted_points AS SELECT p.party_id, p.fresh, t.kind, t.key, t.value FROM told_points AS t "
        "JOIN party_of AS p ON p.g = t.g WHERE p.fresh UNION ALL "
        "SELECT p.party_id, p.fresh, t.kind, t.key, arg_min(t.value, t.row) AS value FROM told_points AS t "
        "JOIN party_of AS p ON p.g = t.g WHERE NOT p.fresh GROUP BY ALL"
    )
    held = read_beside(
        db,
        "reached_parties",
        work.sql("SELECT DISTINCT party_id FROM wanted_points WHERE NOT fresh").to_arrow_table(),
        "SELECT c.kind, c.key, c.party_id FROM reached_parties AS k CROSS JOIN customers_contactpoint AS c "
        "WHERE c.party_id = k.party_id",
        _POINTS,
    )
    work.register("held_points", held)
    work.register("absorbed", _absorbed(db, work))
    work.execute(
        "CREATE VIEW new_points AS SELECT w.* FROM wanted_points AS w ANTI JOIN held_points AS h "
        "ON h.party_id = w.party_id AND h.kind = w.kind AND h.key = w.key"
    )
    rows = work.sql(
        f"SELECT w.party_id, w.kind, left(w.value, 300) AS value, w.key, CASE w.kind WHEN 'external' THEN "
        f"'{source}' ELSE '' END AS label, false AS preferred, {_run(run_id)} FROM new_points AS w "
        "ORDER BY w.kind, w.key, w.party_id"
    ).to_arrow_table()
    if rows.num_rows:
        db.append("customers_contactpoint", rows)
    return int(rows.num_rows)


def _absorbed(db: BulkSession, work: duckdb.DuckDBPyConnection) -> pa.Table:
    """The names of those who became part of known parties, by which these are found too."""
    return read_beside(
        db,
        "surviving_parties",
        work.sql("SELECT DISTINCT party_id FROM recognised").to_arrow_table(),
        "SELECT c.merged_into_id AS party_id, c.name, c.latin_name FROM surviving_parties AS k "
        "CROSS JOIN customers_party AS c WHERE c.merged_into_id = k.party_id",
        _NAMES,
    )


def _write_roles(db: BulkSession, work: duckdb.DuckDBPyConnection, role: str, run_id: int | None) -> None:
    work.execute(
        f"CREATE TABLE wanted_roles AS SELECT DISTINCT p.party_id, coalesce(n.role, '{role}') AS role, p.fresh "
        "FROM news AS n JOIN party_of AS p ON p.g = n.g"
    )
    held = read_beside(
        db,
        "reached_parties",
        work.sql("SELECT DISTINCT party_id FROM wanted_roles WHERE NOT fresh").to_arrow_table(),
        "SELECT r.party_id, r.role FROM reached_parties AS k CROSS JOIN customers_partyrole AS r "
        "WHERE r.party_id = k.party_id",
        _ROLES,
    )
    work.register("held_roles", held)
    work.execute(
        "CREATE VIEW new_roles AS SELECT w.* FROM wanted_roles AS w ANTI JOIN held_roles AS h "
        "ON h.party_id = w.party_id AND h.role = w.role"
    )
    rows = work.sql(f"SELECT party_id, role, {_run(run_id)} FROM new_roles ORDER BY 1, 2").to_arrow_table()
    if rows.num_rows:
        db.append("customers_partyrole", rows)


def _write_consents(
    db: BulkSession, work: duckdb.DuckDBPyConnection, source: str, run_id: int | None, at: datetime
) -> None:
    """Note what changed: a consent said again is not another one."""
    work.execute(
        "CREATE TABLE wanted_consents AS SELECT p.party_id, p.fresh, c.purpose, c.channel, arg_max(c.given, "
        "c.row) AS given "
        "FROM consents AS c SEMI JOIN news AS n ON n.row = c.row JOIN party_of AS p ON p.g = c.g GROUP BY ALL"
    )
    held = read_beside(
        db,
        "reached_parties",
        work.sql("SELECT DISTINCT party_id FROM wanted_consents WHERE NOT fresh").to_arrow_table(),
        "SELECT party_id, purpose, channel, given FROM (SELECT c.party_id, c.purpose, c.channel, c.given, "
        "row_number() "
        "OVER (PARTITION BY c.party_id, c.purpose, c.channel ORDER BY c.at DESC, c.id DESC) AS nth "
        "FROM reached_parties AS k CROSS JOIN customers_consent AS c WHERE c.party_id = k.party_id) AS x "
        "WHERE nth = 1",
        _CONSENTS,
    )
    work.register("held_consents", held)
    work.execute(
        "CREATE TABLE new_consents AS SELECT w.party_id, w.purpose, w.channel, w.given, w.fresh "
        "FROM wanted_consents AS w "
        "ANTI JOIN held_consents AS h ON h.party_id = w.party_id AND h.purpose = w.purpose AND h.channel = w.channel "
        "AND h.given = w.given"
    )
    rows = work.sql(
        f"SELECT * EXCLUDE (fresh), 'consent' AS basis, '{{}}' AS proof, '{source}' AS source, {_moment(at)} AS at, "
        f"{_run(run_id)} "
        "FROM new_consents ORDER BY party_id"
    ).to_arrow_table()
    if rows.num_rows:
        db.append("customers_consent", rows)


def _outcome(
    work: duckdb.DuckDBPyConnection, moment: datetime, source: str, count: int, points: int, look: bool
) -> PartiesWritten:
    # Known parties of whom something has changed that people see; what a source has only said in other words has not.
    work.execute(
        "CREATE TABLE visibly AS SELECT id AS party_id FROM changed_parties UNION SELECT party_id FROM known_longer "
        "UNION SELECT party_id FROM new_points WHERE NOT fresh UNION SELECT party_id FROM new_roles WHERE NOT fresh "
        "UNION SELECT party_id FROM new_consents WHERE NOT fresh"
    )
    created, updated = work.execute(
        "SELECT count(*) FILTER (fresh), count(*) FILTER (NOT fresh AND v.party_id IS NOT NULL) FROM news AS n "
        "JOIN party_of AS p ON p.g = n.g LEFT JOIN visibly AS v ON v.party_id = p.party_id"
    ).fetchall()[0]
    skipped = _count(work, "left_out")
    since = work.sql("SELECT * FROM known_longer").to_arrow_table()
    owners, refused = (work.sql(f"SELECT * FROM {name}").to_arrow_table() for name in ("given", "refused"))
    unchanged = count - created - updated - skipped - refused.num_rows
    if look:
        nothing = _IDS.empty_table()
        return PartiesWritten(created, updated, unchanged, skipped, points, nothing, nothing, since, owners, refused)
    events = work.sql(
        "SELECT party_id, kind, 'other' AS channel, 'inside' AS direction, "
        "occurred_at, 'customers.party' AS object_type, party_id AS object_id, payload FROM ("
        "SELECT id AS party_id, 'party.created' AS kind, created_at AS occurred_at, 1 AS place, "
        f"CAST(to_json({{'name': name, 'source': '{source}'}}) AS VARCHAR) AS payload FROM created_parties UNION ALL "
        f"SELECT id, 'party.changed', {_moment(moment)}, 2, "
        f'\'{{"source": "{source}", "changes": \' || changes || \'}}\' FROM '
        f"changed_parties "
        "UNION ALL SELECT party_id, CASE WHEN given THEN 'consent.given' ELSE 'consent.withdrawn' END, "
        f"{_moment(moment)}, 3, "
        "CAST(to_json({'purpose': purpose, 'channel': channel, 'basis': 'consent'}) AS VARCHAR) FROM new_consents) "
        "ORDER BY party_id, place"
    ).to_arrow_table()
    found = work.sql(
        "WITH parties_now AS (SELECT id, name, latin_name, city, true AS fresh FROM created_parties"
        + (
            " UNION ALL SELECT id, name, latin_name, city, false FROM derived"
            if work.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'derived'").fetchall()
            else ""
        )
        + "), keys AS (SELECT party_id, array_to_string(list_sort(list(key)), ' ') AS keys FROM ("
        "SELECT party_id, key FROM wanted_points UNION ALL SELECT h.party_id, h.key FROM held_points AS h "
        "ANTI JOIN wanted_points AS w ON w.party_id = h.party_id AND w.key = h.key UNION ALL "
        "SELECT party_id, unnest([name, nullif(latin_name, '')]) FROM absorbed) WHERE key IS NOT NULL GROUP BY 1) "
        "SELECT p.id, p.name AS title, concat_ws(' · ', nullif(p.latin_name, ''), nullif(p.city, '')) AS subtitle, "
        "concat_ws(' ', nullif(p.latin_name, ''), k.keys) AS text, p.fresh FROM parties_now AS p "
        "LEFT JOIN keys AS k ON k.party_id = p.id ORDER BY p.id"
    ).to_arrow_table()
    return PartiesWritten(created, updated, unchanged, skipped, points, events, found, since, owners, refused)
