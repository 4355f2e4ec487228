"""Putting objects into the index and taking them out.

A document is written first, its tokens after it. On SQLite the index (FTS5 without content of its own) only ever gains
tokens: what a document no longer says stays behind until `reindex`, and whoever searches checks each document that the
index names. That makes writing a document twice harmless, in any order, on both databases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, models, transaction

from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.language.tokens import index_tokens, title_token
from guanxi.foundation.language.vectorised import index_tokens_array, title_tokens_array
from guanxi.foundation.search.models import Document
from guanxi.foundation.search.sources import (
    SHIFT,
    SUBTITLE,
    TITLE,
    Source,
    document_id,
    source_of_model,
    source_of_type,
)

Entry = tuple[int, str, str, str, float]  # number, title, subtitle, text, weight
AT_ONCE = 5_000  # documents of one bulk write that are put into the index at once
GAP = 64  # numbers between two documents up to which the backlog takes them for one range

INSERT_ONE = {
    "sqlite": "INSERT INTO search_index (rowid, tokens) VALUES (%s, %s)",
    "postgresql": "INSERT INTO search_index (id, tokens) VALUES (%s, %s::tsvector) "
    "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens",
}
INSERT_STAGED = {
    "sqlite": "INSERT INTO search_index (rowid, tokens) SELECT id, tokens FROM search_tokens ORDER BY id",
    "postgresql": "INSERT INTO search_index (id, tokens) SELECT id, tokens::tsvector FROM search_tokens ORDER BY id "
    "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens",
}
COLUMNS = ("id", "title", "subtitle", "text", "weight")
TOKENISED = ("title", "text")
UPSERT_STAGED = (
    f"INSERT INTO search_document ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)} FROM search_incoming WHERE true "
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])}"
)
SAME_WORDS = (
    "SELECT i.id FROM search_incoming AS i CROSS JOIN search_document AS d "
    f"WHERE d.id = i.id AND {' AND '.join(f'd.{name} = i.{name}' for name in TOKENISED)}"
)
_IDS = pa.schema([("id", pa.int64())])


def touch(*rows: models.Model, text: str | None = None, new: bool = False) -> None:
    """Write what is found of these rows into the index, in the running transaction; `text` is that of the source, where
    the caller knows it. `new`: the caller has just made them, so that none is in the index yet.

    Does nothing for models without a `Source`.
    """
    entries: dict[str, tuple[Source, dict[int, Entry]]] = {}
    for row in rows:
        try:
            source = source_of_model(type(row))
        except LookupError:
            continue
        entry = source.entry(row, text)
        entries.setdefault(source.object_type, (source, {}))[1][entry[0]] = entry
    for source, some in entries.values():
        write(source, list(some.values()), new=new)


def remove(model: type[models.Model], ids: Iterable[int]) -> None:
    """Take objects out of the index, in the running transaction. Does nothing for models without a `Source`."""
    try:
        source = source_of_model(model)
    except LookupError:
        return
    forget([document_id(source, pk) for pk in ids])


def forget(documents: Sequence[int]) -> None:
    """Take documents out of the index by their own numbers."""
    with transaction.atomic():
        Document.objects.filter(pk__in=documents).delete()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM search_index WHERE id = ANY(%s)", [list(documents)])


def write(source: Source, entries: Sequence[Entry], *, new: bool = False) -> None:
    """Write documents (id, title, subtitle, text, weight) and put them into the index; what stands there in the same
    words stays. `new`: none of them is there yet.
    """
    documents = [
        Document(id=document_id(source, pk), title=title, subtitle=subtitle, text=text, weight=weight)
        for pk, title, subtitle, text, weight in entries
    ]
    known = {} if new else Document.objects.in_bulk([document.id for document in documents])
    documents = [one for one in documents if one.id not in known or not _alike(one, known[one.id], COLUMNS)]
    if not documents:
        return
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        Document.objects.bulk_create(
            documents, update_conflicts=True, update_fields=list(COLUMNS[1:]), unique_fields=["id"], batch_size=500
        )
        other = [one for one in documents if one.id not in known or not _alike(one, known[one.id], TOKENISED)]
        rows = [(document.id, tokens_of(source, document.title, document.text)) for document in other]
        if rows:
            cursor.executemany(INSERT_ONE[connection.vendor], rows)


def _alike(one: Document, other: Document, names: Iterable[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def tokens_of(source: Source, title: str, text: str) -> str:
    """The tokens of a document as the index takes them: each after the letter of its type, separated by spaces."""
    tokens = dict.fromkeys([title_token(title), *index_tokens(f"{title} {text}")])
    return " ".join(f"{source.letter}{token}" for token in tokens)


def index_arrow(session: BulkSession, object_type: str, table: pa.Table, *, new: bool = False) -> None:
    """Write what is found of many objects, in the session's transaction.

    `table` has the columns id and title and, if you like, subtitle, text and weight. `new`: none of them is in the
    index yet, which is faster. Raises LookupError for a type that nobody registered.
    """
    if not len(table):
        return
    source = source_of_type(object_type)
    documents = _documents(source, table)
    if new:
        session.append("search_document", documents)
    else:
        session.stage("search_incoming", documents)
        documents = _in_other_words(session, documents)
        session.execute(UPSERT_STAGED)
    if not len(documents):
        return
    if len(documents) <= AT_ONCE:
        put(session, documents)
    else:
        _add_to_backlog(session, documents["id"].to_numpy())


def _in_other_words(session: BulkSession, documents: pa.Table) -> pa.Table:
    """Those of the incoming documents that are not in the index with the same words."""
    same = session.read(SAME_WORDS, _IDS)["id"]
    return documents if not len(same) else documents.filter(pc.invert(pc.is_in(documents["id"], same.combine_chunks())))


def put(session: BulkSession, documents: pa.Table) -> None:
    """Put documents (id, title, text) that are stored already into the index."""
    letters = [chr(number >> SHIFT) for number in pc.unique(_type_part(documents["id"])).to_pylist()]
    for letter in letters:
        first, last = ord(letter) << SHIFT, (ord(letter) + 1) << SHIFT
        chosen = documents.filter(pc.and_(pc.greater_equal(documents["id"], first), pc.less(documents["id"], last)))
        session.stage("search_tokens", pa.table({"id": chosen["id"], "tokens": _tokens(letter, chosen)}))
        session.execute(INSERT_STAGED[session.vendor])


def _type_part(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.shift_left(pc.shift_right(ids, SHIFT), SHIFT)


def _tokens(letter: str, documents: pa.Table) -> pa.Array:
    """`tokens_of`, but for repetitions, of a whole table."""
    text = pc.binary_join_element_wise(documents["title"], documents["text"], " ")
    tokens = pc.binary_join_element_wise(title_tokens_array(documents["title"]), index_tokens_array(text), " ")
    tokens = pc.utf8_rtrim(tokens, " ")
    return pc.binary_join_element_wise(letter, pc.replace_substring(tokens, " ", f" {letter}"), "")


def _documents(source: Source, table: pa.Table) -> pa.Table:
    count = len(table)

    def text(name: str, longest: int | None) -> Any:
        if name not in table.column_names:
            return pa.array([""] * count, pa.string())
        column = pc.fill_null(table[name].cast(pa.string()), "")
        return pc.utf8_slice_codeunits(column, 0, longest) if longest else column

    ids = pc.add(table["id"].cast(pa.int64()), document_id(source, 0))
    weights = table["weight"].cast(pa.float64()) if "weight" in table.column_names else pa.array(np.zeros(count))
    documents = {
        "id": ids,
        "title": text("title", TITLE),
        "subtitle": text("subtitle", SUBTITLE),
        "text": text("text", None),
        "weight": pc.max_element_wise(pc.min_element_wise(pc.fill_null(weights, 0.0), 1.0), 0.0),
    }
    return pa.table(documents).sort_by("id")


def _add_to_backlog(session: BulkSession, ids: Any) -> None:
    breaks = np.flatnonzero(np.diff(ids) > GAP)
    ranges = pa.table({"first": ids[np.r_[0, breaks + 1]], "last": ids[np.r_[breaks, len(ids) - 1]]})
    session.stage("search_waiting", ranges)
    session.execute('INSERT INTO search_backlog ("first", "last") SELECT "first", "last" FROM search_waiting')
