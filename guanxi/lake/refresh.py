"""Bringing the lake up to date with the database: what changed by the ledger, small dimensions by their fingerprint.

Each table carries its own mark, so a refresh that was broken off anywhere goes on where each table stands. What a
change of columns, another database or a missing table makes doubtful is loaded whole (docs/decisions/0006-the-lake.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import bulk, hooks, settled
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.tasks.running import progress
from guanxi.lake import followed, lock, schema, sources, store
from guanxi.lake.schema import LakeTable
from guanxi.ledger import reading
from guanxi.ledger.models import Event, ReaderCursor

READER = "lake"
LEDGER, AUDIT = "guanxi.ledger", "guanxi.audit"
SHAPE, FINGERPRINT = "guanxi.shape", "guanxi.fingerprint"
SILENCE = 5_000  # events that mean nothing to a table after which its mark is moved all the same
MANY = 50_000  # parties from which on purchases in sum are loaded anew rather than followed

logger = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds to wait for open transactions that hide what is committed


@dataclass
class Outcome:
    """What a refresh did: rows written by table, those loaded whole, how long it took (seconds)."""

    rows: dict[str, int] = field(default_factory=dict)
    whole: list[str] = field(default_factory=list)
    seconds: float = 0.0
    busy: bool = False  # another process is refreshing; nothing was done

    @property
    def changed(self) -> bool:
        return any(self.rows.values()) or bool(self.whole)


class Lake:
    """One refresh: the marks it reads up to, and the session it reads through, opened when first needed."""

    def __init__(self, full: bool, patience: float) -> None:
        self.full = full
        self.moment = timezone.now()
        self.until, self.complete = reading.settled_horizon(patience)
        self.audited = settled.horizon(AuditEntry)
        self.origin = _origin()
        self.outcome = Outcome()
        self._db: BulkSession | None = None
        self._session = bulk.session()
        self._buyers: dict[int, pa.Array] = {}
        self._purchases: dict[int, pa.Table] = {}

    @property
    def db(self) -> BulkSession:
        if self._db is None:
            self._db = self._session.__enter__()
        return self._db

    def close(self) -> None:
        if self._db is not None:
            self._session.__exit__(None, None, None)

    def buyers(self, since: int) -> pa.Array:
        """The parties whose orders changed since a mark, before and after the change."""
        if since not in self._buyers:
            orders = sources.ids(self.db, sources.changed_orders(since, self.until))
            now = sources.buyers(self.db, since, self.until)
            self._buyers[since] = pa.concat_arrays([now, _former_buyers(orders)]).unique()
        return self._buyers[since]

    def purchases(self, since: int) -> pa.Table:
        """What each of them bought in sum; nulls where it is nothing any longer."""
        if since not in self._purchases:
            self._purchases[since] = sources.purchases(self.db, self.until, self.buyers(since))
        return self._purchases[since]

    def note_how_far(self) -> None:
        """Keep the moment until which the lake is complete; an incomplete refresh does not move it."""
        told = {"mark": self.until, **({"moved_at": self.moment} if self.complete else {})}
        ReaderCursor.objects.update_or_create(reader=READER, defaults=told)

    def counted(self, table: LakeTable, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches as they pass, told to whoever watches."""
        label = _("Lake: %(table)s") % {"table": table.name}
        done = 0
        for batch in batches:
            yield batch
            done += batch.num_rows
            self.outcome.rows[table.name] = done
            progress(done, message=label)

    def load(self, table: LakeTable, batches: Iterator[pa.RecordBatch], mark: dict[str, int]) -> None:
        """Load a table whole."""
        self.outcome.whole.append(table.name)
        self.outcome.rows[table.name] = 0
        marks = {SHAPE: self.shape(table), **mark}
        store.overwrite(table, self.counted(table, batches), marks)

    def shape(self, table: LakeTable) -> int:
        """What a table must look like, and whose data it must hold, to be carried on."""
        follows = table.name not in SMALL
        more: list[object] = [settings.GUANXI_CURRENCY] if table is schema.PURCHASES else []
        if table is schema.WORKED_OUT:  # worked out anew for all: no event tells of whom
            more = [field.fresh_at for field in schema.worked_out_fields()]
        return schema.number_of(table.shape, self.origin if follows else None, *more)

    def current(self, table: LakeTable) -> DeltaTable | None:
        """The stored table, where it can be carried on; None where it has to be loaded whole."""
        if self.full:
            _discard_broken(table)
            return None
        stored = store.open_table(table)
        if stored is None or store.mark_of(stored, SHAPE) != self.shape(table):
            return None
        return stored


def refresh(full: bool = False, wait: float = 0, patience: float | None = None) -> Outcome:
    """Bring all tables up to date; with `full`, load them whole. Raises LakeBroken where one cannot be read.

    Where another process is refreshing, waits for it up to `wait` seconds; where open transactions hide what is already
    committed, up to `patience` seconds (PATIENCE) for them. What they still hide then comes with the next refresh.
    """
    started = time.monotonic()
    with lock.held(wait) as taken:
        if not taken:
            return Outcome(busy=True)
        lake = Lake(full, PATIENCE if patience is None else patience)
        try:
            for table in schema.REFRESHED:
                _refresh_table(lake, table)
            for source in hooks.get("lake_source"):
                _refresh_followed(lake, source)
        finally:
            lake.close()
        lake.note_how_far()
    lake.outcome.seconds = time.monotonic() - started
    return lake.outcome


def keep_tidy() -> dict[str, int]:
    """Make few files of many and delete those no longer read; the number of files deleted by table."""
    deleted: dict[str, int] = {}
    with lock.held(wait=600) as taken:
        for table in schema.all() if taken else ():
            stored = store.open_table(table)
            if stored is not None:
                store.compact(table, stored)
                deleted[table.name] = store.vacuum(stored)
    return deleted


def _refresh_table(lake: Lake, table: LakeTable) -> None:
    if table.name in SMALL:
        _refresh_small(lake, table)
        return
    if table is schema.WORKED_OUT and not schema.worked_out_fields():
        return
    stored = lake.current(table)
    since = store.mark_of(stored, LEDGER) if stored else None
    if stored is not None and since is not None and sources.something_gone(since, lake.until):
        stored = None  # no event tells which rows are gone: load what is there
    if stored is None or since is None or since > lake.until or not stored.file_uris():
        if stored is None or since is None or since != lake.until:
            lake.load(table, WHOLE[table.name](lake), {LEDGER: lake.until})
    elif concerned(table, since, lake.until):
        BY_LEDGER[table.name](lake, table, stored, since)
        store.tidy(table, DeltaTable(store.address(table)))
    elif reading.changes(since, lake.until)[SILENCE : SILENCE + 1].exists():
        store.set_marks(table, {LEDGER: lake.until})


def concerned(table: LakeTable, since: int, until: int) -> bool:
    """Whether the ledger holds anything between two marks that this table has to follow."""
    events = reading.changes(since, until).order_by()
    prefix = {"party": "party.", "event": "", "worked_out": ""}.get(table.name)
    if prefix is not None:
        return events.filter(kind__startswith=prefix).exists()
    return events.filter(kind__startswith="order.").exists() or events.filter(kind__in=sources.REASSIGNED).exists()


# Tables of higher floors: what the audit log and the ledger say of their records -----------------------------------


def _refresh_followed(lake: Lake, source: followed.Source) -> None:
    table, marks = source.table, {LEDGER: lake.until, AUDIT: lake.audited}
    stored = lake.current(table)
    told = store.mark_of(stored, LEDGER) if stored else None
    audited = store.mark_of(stored, AUDIT) if stored else None
    if stored is None or told is None or audited is None or told > lake.until or audited > lake.audited:
        lake.load(table, source.rows(lake.db, ""), marks)
        return
    since = followed.Since(audited, lake.audited, told, lake.until)
    gone = sources.something_gone(told, lake.until)
    if not gone and not since.concerns(source):
        if since.is_long_ago:
            store.set_marks(table, marks)
    elif gone or since.needs_all(source) or not stored.file_uris():
        lake.load(table, source.rows(lake.db, ""), marks)
    else:
        keys = sources.ids(lake.db, source.changed(since))
        lake.db.stage(followed.KEYS, pa.table({"id": keys}))
        store.replace(table, stored, keys, lake.counted(table, source.rows(lake.db, followed.AMONG)), marks)
        store.tidy(table, DeltaTable(store.address(table)))


# Small dimensions: whole, where anything changed --------------------------------------------------------------------

SMALL: dict[str, Callable[[BulkSession], Iterator[pa.RecordBatch]]] = {
    "product": sources.products,
    "place": sources.places,
    "staff": sources.staff,
    "colleague": sources.colleagues,
    "channel": sources.channels,
    "date": sources.dates,
    "paying": sources.paying,
}


def _refresh_small(lake: Lake, table: LakeTable) -> None:
    fingerprint = sources.fingerprint(table)
    stored = lake.current(table)
    if stored is None or store.mark_of(stored, FINGERPRINT) != fingerprint:
        lake.load(table, SMALL[table.name](lake.db), {FINGERPRINT: fingerprint})


# Tables that follow the ledger ----------------------------------------------------------------------------------------


def _refresh_parties(lake: Lake, table: LakeTable, stored: DeltaTable, since: int) -> None:
    changed = sources.changed_parties(since, lake.until)
    keys = sources.ids(lake.db, changed)
    batches = lake.counted(table, sources.parties(lake.db, changed))
    store.replace(table, stored, keys, batches, {LEDGER: lake.until})


def _refresh_first_purchases(lake: Lake, table: LakeTable, stored: DeltaTable, since: int) -> None:
    """Only rows that differ are written: most orders are not their customer's first."""
    affected = lake.buyers(since)
    if len(affected) > MANY:
        lake.load(table, sources.first_days(lake.db), {LEDGER: lake.until})
        return
    now = lake.purchases(since)
    before = store.rows_of(table, stored, affected, ["party_id", "first_day"])
    fresh, known = (_days_of(affected, days) for days in (now, before))
    # Nulls: a party that never bought, or no longer. Written without scalars, for those load pandas.
    differing = pc.coalesce(pc.not_equal(fresh, known), pc.xor(pc.is_valid(fresh), pc.is_valid(known)))
    written = pa.table([affected, fresh], schema=table.schema).filter(pc.and_(differing, pc.is_valid(fresh)))
    batches = lake.counted(table, iter(written.to_batches()))
    store.replace(table, stored, affected.filter(differing), batches, {LEDGER: lake.until})


def _days_of(parties: pa.Array, days: pa.Table) -> pa.Array:
    """The first day of each party, null where there is none."""
    if not days.num_rows:
        return pa.nulls(len(parties), pa.date32())
    place = pc.index_in(parties, days["party_id"].combine_chunks())
    return days["first_day"].combine_chunks().take(place)


def _refresh_purchases(lake: Lake, table: LakeTable, stored: DeltaTable, since: int) -> None:
    """A row more for each party concerned; an empty one for those who have no orders any longer."""
    affected = lake.buyers(since)
    if len(affected) > MANY:
        lake.load(table, _all_purchases(lake), {LEDGER: lake.until})
        return
    batches = lake.counted(table, iter(lake.purchases(since).to_batches()))
    store.append(table, batches, {LEDGER: lake.until})


def _all_purchases(lake: Lake) -> Iterator[pa.RecordBatch]:
    yield from sources.purchases(lake.db, lake.until).to_batches(max_chunksize=100_000)


def _refresh_worked_out(lake: Lake, table: LakeTable, stored: DeltaTable, since: int) -> None:
    """A row more for each party that something is told of."""
    told = sources.ids(lake.db, sources.told_parties(since, lake.until))
    if len(told) > MANY:
        lake.load(table, sources.worked_out(lake.db, lake.until), {LEDGER: lake.until})
    elif len(told):
        store.append(table, lake.counted(table, sources.worked_out(lake.db, lake.until, told)), {LEDGER: lake.until})
    else:
        store.set_marks(table, {LEDGER: lake.until})


def _former_buyers(orders: pa.Array) -> pa.Array:
    """The parties that the lake still has these orders under; purchases are refreshed before the lines for that."""
    lines = store.open_table(schema.SALES_LINE)
    if lines is None:
        return orders.slice(0, 0)
    return pc.unique(store.rows_of(schema.SALES_LINE, lines, orders, ["party_id"])["party_id"])


def _refresh_lines(lake: Lake, table: LakeTable, stored: DeltaTable, since: int) -> None:
    keys = sources.ids(lake.db, sources.changed_orders(since, lake.until))
    batches = lake.counted(table, sources.changed_lines(lake.db, since, lake.until))
    store.replace(table, stored, keys, batches, {LEDGER: lake.until})


def _refresh_events(lake: Lake, table: LakeTable, stored: DeltaTable, since: int) -> None:
    """Events are only ever added; but those of parties that were merged or parted hang on another now."""
    again = sources.reassigned_events(since, lake.until)
    moved = sources.ids(lake.db, again)
    batches = lake.counted(table, sources.events(lake.db, since, lake.until, again if len(moved) else ""))
    if len(moved):
        written = pa.concat_arrays([moved, sources.ids(lake.db, sources.new_events(since, lake.until))])
        store.replace(table, stored, written, batches, {LEDGER: lake.until})
    else:
        store.append(table, batches, {LEDGER: lake.until})


BY_LEDGER = {
    "party": _refresh_parties,
    "first_purchase": _refresh_first_purchases,
    "purchases": _refresh_purchases,
    "worked_out": _refresh_worked_out,
    "sales_line": _refresh_lines,
    "event": _refresh_events,
}
WHOLE: dict[str, Callable[[Lake], Iterator[pa.RecordBatch]]] = {
    "party": lambda lake: sources.parties(lake.db),
    "first_purchase": lambda lake: sources.first_days(lake.db),
    "purchases": _all_purchases,
    "worked_out": lambda lake: sources.worked_out(lake.db, lake.until),
    "sales_line": lambda lake: sources.all_lines(lake.db),
    "event": lambda lake: sources.events(lake.db, 0, lake.until),
}


def _origin() -> str:
    """What tells this database's ledger from another's: when its first event was recorded."""
    first = Event.objects.order_by("id").values_list("recorded_at", flat=True).first()
    return first.isoformat() if first else ""


def _discard_broken(table: LakeTable) -> None:
    try:
        store.open_table(table)
    except store.LakeBroken as error:
        logger.warning("%s", error)
        store.discard(table)
