"""Known customers follow a changed rule of survivorship, or a source's changed trust: in the background, in sets.

Every chunk is one transaction. Deriving again changes nothing twice, so a task that was killed begins anew and only
reads what it had done.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers import happenings
from guanxi.customers.bulk_deriving import derive, read_known
from guanxi.customers.models import Party
from guanxi.customers.survivorship import FIELDS, field_names
from guanxi.foundation import audit, bulk, clock, tasks
from guanxi.foundation.actions import action, occasion
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.search import index_arrow
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.visibility import SYSTEM, Viewer

FOLLOW = "customers.follow_rules"  # of several wishes, one waits and one runs
CHUNK = 20_000  # customers derived in one transaction
_IDS = pa.schema([("party_id", pa.int64())])
_WORDS = pa.schema([("party_id", pa.int64()), ("word", pa.string())])


@tasks.task(label=_("Customers follow the rules of which value counts"), queue_name="long")
def follow_rules() -> dict[str, int]:
    """Derive again everybody of whom more than one thing was said; how many, and how many changed."""
    # Not only of more than one source: by the rule of the most complete value an earlier word of one source may count.
    # What was said of one who was merged hangs on the survivor.
    sql = "SELECT party_id FROM customers_sourcerecord GROUP BY party_id HAVING COUNT(*) > 1 ORDER BY party_id"
    changed = 0
    with bulk.session() as db:
        parties = db.read(sql, _IDS)
        db.rollback()
        for start in range(0, parties.num_rows, CHUNK):
            tasks.progress(start, parties.num_rows, _now("Deriving customers again"))
            changed += _follow(db, parties.slice(start, CHUNK))
    tasks.progress(parties.num_rows, parties.num_rows)
    if changed:
        _note(changed, by=SYSTEM)
    return {"customers": parties.num_rows, "changed": changed}


def follow_soon() -> BackgroundTask:
    """Queue that customers follow the rules, or join the wish that waits."""
    return tasks.enqueue(follow_rules, by=SYSTEM, key=FOLLOW)


def under_way(viewer: Viewer) -> BackgroundTask | None:
    """The wish that waits or runs."""
    open_ones = BackgroundTask.objects.visible_to(viewer).filter(unique_key=FOLLOW)
    return open_ones.filter(state__in=[State.WAITING, State.RUNNING]).order_by("state", "id").first()


def last_followed(viewer: Viewer) -> BackgroundTask | None:
    """The newest wish that came to its end, well or not."""
    ended = BackgroundTask.objects.visible_to(viewer).filter(unique_key=FOLLOW, finished_at__isnull=False)
    return ended.order_by("-id").first()


@action
def _note(changed: int, *, by: Viewer) -> None:
    audit.record_summary(occasion(), Party._meta.label_lower, None, "", {"changed_by_rules": [None, changed]})


def _follow(db: BulkSession, parties: pa.Table) -> int:
    """Derive some parties again; how many changed."""
    at, moment = timezone.now(), clock.now()
    db.begin()
    try:
        with duckdb.connect() as work:
            work.execute("SET TimeZone = 'UTC'")
            _hold(db, parties)
            read_known(db, work, parties)
            derive(db, work, "said_by_now", [name for name in field_names() if name not in FIELDS], at)
            changed = work.execute("SELECT count(*) FROM changed_parties").fetchall()[0][0]
            if changed:
                happenings.tell_in_sets(db, _events(work, moment.isoformat()), at)
                index_arrow(db, "customers.party", _found(db, work))
    except BaseException:
        db.rollback()
        raise
    db.commit()
    return int(changed)


def _hold(db: BulkSession, parties: pa.Table) -> None:
    """Keep people from correcting these parties between reading and writing; on SQLite the transaction does."""
    if db.vendor == "postgresql":
        db.stage("held_parties", parties)
        db.execute(
            "SELECT 1 FROM customers_party AS p WHERE p.id IN (SELECT party_id FROM held_parties) "
            "ORDER BY p.id FOR UPDATE"
        )


def _events(work: duckdb.DuckDBPyConnection, moment: str) -> pa.Table:
    return work.sql(
        "SELECT id AS party_id, 'party.changed' AS kind, 'other' AS channel, 'inside' AS direction, "
        f"TIMESTAMPTZ '{moment}' AS occurred_at, 'customers.party' AS object_type, id AS object_id, "
        '\'{"source": "rules", "changes": \' || changes || \'}\' AS payload FROM changed_parties ORDER BY id'
    ).to_arrow_table()


def _found(db: BulkSession, work: duckdb.DuckDBPyConnection) -> pa.Table:
    """What the search finds of those who changed, as the search of single parties has it."""
    db.stage("followed_parties", work.sql("SELECT id AS party_id FROM changed_parties ORDER BY 1").to_arrow_table())
    work.register(
        "words",
        db.read(
            "SELECT c.party_id, c.key FROM followed_parties AS k CROSS JOIN customers_contactpoint AS c "
            "WHERE c.party_id = k.party_id UNION SELECT m.merged_into_id, m.name FROM followed_parties AS k "
            "CROSS JOIN customers_party AS m WHERE m.merged_into_id = k.party_id UNION SELECT m.merged_into_id, "
            "m.latin_name FROM followed_parties AS k CROSS JOIN customers_party AS m "
            "WHERE m.merged_into_id = k.party_id",
            _WORDS,
        ),
    )
    return work.sql(
        "SELECT d.id, d.name AS title, concat_ws(' · ', nullif(d.latin_name, ''), nullif(d.city, '')) AS subtitle, "
        "concat_ws(' ', nullif(d.latin_name, ''), w.words) AS text FROM derived AS d "
        "SEMI JOIN changed_parties AS c ON c.id = d.id LEFT JOIN (SELECT party_id, array_to_string(list_sort("
        "list(word)), ' ') AS words FROM words WHERE word <> '' GROUP BY party_id) AS w ON w.party_id = d.id "
        "ORDER BY d.id"
    ).to_arrow_table()
