"""Keeping the index whole: working off the backlog of bulk writes, and writing everything anew."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from django.db import connection, models, transaction
from django.db.models import F, Sum

from guanxi.foundation import bulk
from guanxi.foundation.search import indexing
from guanxi.foundation.search.models import Backlog, Document, Rebuild
from guanxi.foundation.search.sources import Source, all_sources, document_id, id_range, source_of_type
from guanxi.foundation.tasks import progress

CHUNK = 20_000  # documents put into the index in one transaction
ROWS = 1_000  # objects read at a time by `rebuild`
DOCUMENTS = pa.schema([("id", pa.int64()), ("title", pa.string()), ("text", pa.string())])
RANGES = pa.schema([("id", pa.int64()), ("first", pa.int64()), ("last", pa.int64())])


def backlog_size() -> int:
    """About how many documents the index has still to take in."""
    return Backlog.objects.aggregate(size=Sum(F("last") - F("first") + 1))["size"] or 0


def catch_up() -> int:
    """Put everything that bulk writes left in the backlog into the index; the number of documents.

    Each chunk is a transaction of its own, so it may be stopped and called again at any time.
    """
    done, total = 0, backlog_size()
    if not total:
        return 0
    with bulk.session() as session:
        while (count := _next_chunk(session)) is not None:
            done += count
            progress(done, max(total, done))
    return done


def _next_chunk(session: bulk.BulkSession) -> int | None:
    """Take in the beginning of the oldest range; the number of documents, None where nothing waits."""
    session.begin()
    ranges = session.read('SELECT id, "first", "last" FROM search_backlog ORDER BY id LIMIT 1', RANGES).to_pylist()
    if not ranges:
        session.rollback()
        return None
    (waiting,) = ranges
    if session.vendor == "postgresql":  # so that nobody changes them between the reading and the writing
        session.execute(f"SELECT count(*) FROM ({_documents_sql(waiting)} FOR UPDATE) AS locked")
    documents = session.read(_documents_sql(waiting), DOCUMENTS)
    if len(documents):
        indexing.put(session, documents)
    if len(documents) < CHUNK:
        session.execute(f"DELETE FROM search_backlog WHERE id = {waiting['id']}")
    else:
        first = documents["id"][-1].as_py() + 1
        session.execute(f'UPDATE search_backlog SET "first" = {first} WHERE id = {waiting["id"]}')
    session.commit()
    return len(documents)


def _documents_sql(waiting: dict[str, Any]) -> str:
    return (
        f"SELECT id, title, text FROM search_document WHERE id BETWEEN {waiting['first']} AND {waiting['last']} "
        f"ORDER BY id LIMIT {CHUNK}"
    )


def reindex() -> None:
    """Empty the index and have all documents taken in again; needed where the rules of the tokens changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("TRUNCATE search_index")
        else:
            cursor.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
        for source in all_sources():
            bounds = Document.objects.filter(pk__range=id_range(source)).aggregate(
                first=models.Min("pk"), last=models.Max("pk")
            )
            if bounds["first"] is not None:
                Backlog.objects.create(**bounds)


def rebuild(object_type: str) -> int:
    """Write all documents of a type anew from its rows, and drop those whose rows are gone; the number of rows.

    Where it was stopped it goes on when called again. Raises LookupError for a type that nobody registered.
    """
    source = source_of_type(object_type)
    state, _created = Rebuild.objects.get_or_create(object_type=object_type)
    rows = source.model._base_manager.order_by("pk")
    total, done = rows.count(), rows.filter(pk__lte=state.after).count()
    more = True
    while more:
        count, more = _rebuild_chunk(source, state)
        done += count
        progress(done, max(total, done))
    return done


def _rebuild_chunk(source: Source, state: Rebuild) -> tuple[int, bool]:
    """Write the next rows; how many they were, and whether there may be more."""
    rows = source.model._base_manager.select_related(*source.select_related).prefetch_related(*source.prefetch_related)
    with transaction.atomic():
        chunk = list(rows.filter(pk__gt=state.after).order_by("pk")[:ROWS])
        last = chunk[-1].pk if len(chunk) == ROWS else id_range(source)[1] - document_id(source, 0)
        known = Document.objects.filter(pk__gt=document_id(source, state.after), pk__lte=document_id(source, last))
        indexing.write(source, [source.entry(row) for row in chunk], new=True)
        gone = set(known.values_list("pk", flat=True)) - {document_id(source, row.pk) for row in chunk}
        indexing.forget(sorted(gone))
        if len(chunk) < ROWS:
            state.delete()
            return len(chunk), False
        state.after = last
        state.save(update_fields=["after"])
    return len(chunk), True
