"""Finding: the index names candidates, each is checked and ranked, and only what the viewer may see is given.

However common a word is (one in fourteen may be called 王), only so many candidates are looked at; where the index has
more, exact titles and titles that begin with the query are looked up on their own, so that they are never missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction

from guanxi.foundation.language.forms import fold
from guanxi.foundation.language.tokens import index_tokens, joined, title_token
from guanxi.foundation.search.query import Query, Term, parse
from guanxi.foundation.search.sources import Source, all_sources, document_id, object_id, source_of_model
from guanxi.foundation.visibility import Viewer, limited, may, rights_of, seeing

CANDIDATES = 200  # documents of one type looked at, at the least
M = TypeVar("M", bound=models.Model)

LOOK_UP = {
    # Newest first: FTS5 reads its lists backwards as fast as forwards. A GIN bitmap has no such order.
    "sqlite": "SELECT rowid AS id FROM search_index WHERE search_index MATCH %s {narrowed} "
    "ORDER BY rowid DESC LIMIT %s",
    "postgresql": "SELECT id FROM search_index WHERE tokens @@ %s::tsquery {narrowed} LIMIT %s",
}


@dataclass(frozen=True)
class Hit:
    """Something found."""

    type: str
    object_id: int
    title: str
    subtitle: str
    icon: str
    url: str
    score: float


def find(query: str, viewer: Viewer, types: Sequence[str] | None = None, limit: int = 20) -> list[Hit]:
    """The best `limit` hits of each type (all types, or those named), best first. Takes any query."""
    parsed = parse(query)
    if parsed.is_empty or limit < 1:
        return []
    asked = [source for source in all_sources() if types is None or source.object_type in types]
    sources = [source for source in asked if may(viewer, "view", source.model)]
    hits: list[Hit] = []
    with _index_only():
        for source, ranked in zip(sources, _ranked(sources, parsed, max(limit, CANDIDATES), viewer), strict=True):
            hits += [_hit(source, one) for one in _shown(source, parsed, ranked, viewer)[:limit]]
    order = {source.object_type: index for index, source in enumerate(sources)}
    return sorted(hits, key=lambda hit: (-round(hit.score - 0.2), order[hit.type], -hit.score))


def matching_ids(model: type[models.Model], query: str, viewer: Viewer, limit: int = 1000) -> list[int]:
    """The ids of the rows that match, best first. Raises LookupError for a model without a `Source`."""
    source, parsed = source_of_model(model), parse(query)
    if parsed.is_empty or not may(viewer, "view", model):
        return []
    with _index_only():
        (found,) = _ranked([source], parsed, max(limit, CANDIDATES), viewer)
    return [object_id(document.id) for document in _shown(source, parsed, found, viewer)][:limit]


def filter_queryset(queryset: models.QuerySet[M], query: str, viewer: Viewer, limit: int = 1000) -> models.QuerySet[M]:
    """`queryset` narrowed to the best matches of `query`; unchanged where the query is blank."""
    if not query.strip():
        return queryset
    return queryset.filter(pk__in=matching_ids(queryset.model, query, viewer, limit))


@dataclass(frozen=True)
class _Document:
    id: int
    title: str
    subtitle: str
    text: str
    weight: float


@dataclass(frozen=True)
class _Ranked:
    id: int
    title: str
    subtitle: str
    score: float


def _hit(source: Source, one: _Ranked) -> Hit:
    pk = object_id(one.id)
    return Hit(source.object_type, pk, one.title, one.subtitle, source.icon, source.url(pk), one.score)


def _rows(source: Source, viewer: Viewer) -> models.QuerySet[models.Model]:
    manager = source.model._default_manager
    return manager.visible_to(viewer) if hasattr(manager, "visible_to") else manager.all()


def _shown(source: Source, query: Query, ranked: list[_Ranked], viewer: Viewer) -> list[_Ranked]:
    """Those that the viewer may see; from whom fields are hidden, by what is left of them."""
    if not ranked:
        return []
    rows = _rows(source, viewer).filter(pk__in=[object_id(one.id) for one in ranked])
    if rights_of(viewer).hidden:
        return _without_hidden(source, query, rows, viewer)
    allowed = set(rows.values_list("pk", flat=True))
    return [one for one in ranked if object_id(one.id) in allowed]


def _without_hidden(source: Source, query: Query, rows: models.QuerySet[models.Model], viewer: Viewer) -> list[_Ranked]:
    """The index was written from all fields: look at the candidates themselves, as the viewer sees them."""
    rows = rows.select_related(*source.select_related).prefetch_related(*source.prefetch_related)
    with seeing(viewer):
        entries = [source.entry(row) for row in rows]
    found = []
    for pk, title, subtitle, text, weight in entries:
        document = _Document(document_id(source, pk), title, subtitle, f"{subtitle} {text}", weight)
        if (ranked := _rank(document, query)) is not None:
            found.append(ranked)
    return sorted(found, key=lambda entry: (-entry.score, -entry.id))


@dataclass(frozen=True)
class _Among:
    """Candidates are looked for among these only: SQL that selects their numbers, with its parameters."""

    sql: str = ""
    parameters: tuple[Any, ...] = ()


def _among(source: Source, viewer: Viewer) -> _Among:
    """Of who sees but some of the rows only those are candidates, or the few among many would never come up."""
    if not limited(viewer, source.model):
        return _Among()
    compiler = _rows(source, viewer).order_by().values("pk").query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return _Among("SELECT NULL")
    return _Among(sql, tuple(parameters))


def _ranked(sources: Sequence[Source], query: Query, limit: int, viewer: Viewer) -> list[list[_Ranked]]:
    """Of each source the checked candidates, best first: exact title, exact number, beginning of the title, whole
    token, beginning of one. All sources are looked through at once.
    """
    key, among = query.key, {source.letter: _among(source, viewer) for source in sources}
    found: dict[str, dict[int, _Document]] = {source.letter: {} for source in sources}

    def look(asked: Iterable[tuple[Source, str]]) -> None:
        asks = [_Ask(source, expression, among[source.letter]) for source, expression in asked]
        for source, documents in _candidates(asks, limit):
            found[source.letter] |= documents

    look((source, _expression(source, query.strict)) for source in sources)
    if query.strict != query:
        few = [source for source in sources if len(found[source.letter]) < limit]
        look((source, _expression(source, query)) for source in few)
    full = [source for source in sources if len(found[source.letter]) >= limit]
    exactly = [Term(f"={key}"), Term(key), *map(Term, sorted(query.exact))]
    begun = [[Term(f"={key}", "start")]] if len(key) > 1 else []
    look((source, _any_of(source, terms)) for source in full for terms in [exactly, *begun])
    return [_in_order(found[source.letter].values(), query) for source in sources]


def _in_order(documents: Iterable[_Document], query: Query) -> list[_Ranked]:
    ranked = [ranked for document in documents if (ranked := _rank(document, query)) is not None]
    return sorted(ranked, key=lambda entry: (-entry.score, -entry.id))


def _rank(document: _Document, query: Query) -> _Ranked | None:
    tokens = {title_token(document.title), *index_tokens(f"{document.title} {document.text}")}
    if not query.matches(tokens):
        return None
    title = joined(fold(document.title))
    if title == query.key:
        score = 5.0
    elif not query.exact.isdisjoint(tokens):
        score = 4.0
    elif title.startswith(query.key):
        score = 3.0
    else:
        score = 1.0 + (query.key in tokens) + any(token.startswith(query.key) for token in tokens) / 2
    return _Ranked(document.id, document.title, document.subtitle, score + 0.4 * document.weight)


@dataclass(frozen=True)
class _Ask:
    """The documents of a source that the index finds by an expression."""

    source: Source
    expression: str
    among: _Among

    def sql(self, place: int) -> str:
        """A statement that says of each to which question it is the answer."""
        column = "rowid" if connection.vendor == "sqlite" else "id"
        first = document_id(self.source, 0)
        narrowed = f"AND {column} - {first} IN ({self.among.sql})" if self.among.sql else ""
        look_up = LOOK_UP[connection.vendor].format(narrowed=narrowed)
        return (
            f"SELECT {place}, d.id, d.title, d.subtitle, d.text, d.weight FROM ({look_up}) AS i "
            "JOIN search_document AS d ON d.id = i.id"
        )


def _candidates(asked: Sequence[_Ask], limit: int) -> list[tuple[Source, dict[int, _Document]]]:
    """What each of them finds, at most `limit`; one statement, or none where nothing is asked."""
    found: list[tuple[Source, dict[int, _Document]]] = [(one.source, {}) for one in asked]
    if asked:
        sql = " UNION ALL ".join(one.sql(place) for place, one in enumerate(asked))
        values = [value for one in asked for value in (one.expression, *one.among.parameters, limit)]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            for place, *row in cursor.fetchall():
                found[place][1][row[0]] = _Document(*row)
    return found


def _expression(source: Source, query: Query) -> str:
    """The query in the language of the database."""
    conjunction = " & " if connection.vendor == "postgresql" else " AND "
    words = []
    for word in query.words:
        ways = [conjunction.join(_lookup(source, *lookup) for term in way for lookup in term.lookups) for way in word]
        words.append(_disjunction(ways))
    return conjunction.join(words)


def _any_of(source: Source, terms: Sequence[Term]) -> str:
    return _disjunction([_lookup(source, term.token, term.how == "start") for term in terms])


def _disjunction(ways: Sequence[str]) -> str:
    return f"({(' | ' if connection.vendor == 'postgresql' else ' OR ').join(f'({way})' for way in ways)})"


def _lookup(source: Source, token: str, prefix: bool) -> str:
    if connection.vendor == "postgresql":
        return f"'{source.letter}{token}'{':*' if prefix else ''}"
    return f'"{source.letter}{token}"{" *" if prefix else ""}'


@contextmanager
def _index_only() -> Iterator[None]:
    """PostgreSQL takes a common word for a reason to read the whole table; reading on in the index is what is
    bounded.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        cursor.execute("SET LOCAL enable_seqscan = on")
