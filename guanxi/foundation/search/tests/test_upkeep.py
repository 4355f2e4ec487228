from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from django.core.exceptions import ImproperlyConfigured

from guanxi.foundation import bulk, hooks, search, tasks
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.models import Notification, User
from guanxi.foundation.search import indexing, sources, upkeep
from guanxi.foundation.search import tasks as search_tasks
from guanxi.foundation.search.models import Backlog, Document, Rebuild
from guanxi.foundation.search.tests.conftest import NOTES

pytestmark = pytest.mark.django_db(transaction=True)
TYPE = "foundation.notification"
NAMES = ["王美玲", "Anna Müller", "陳大明", "歐陽娜娜", "R-00042", "b@example.com", "+886912345678"]
Titles = Callable[..., list[str]]


@pytest.fixture
def rows(staff: User) -> list[Notification]:
    return Notification.objects.bulk_create([Notification(user=staff, title=name) for name in NAMES])


def written(rows: list[Notification], **columns: list[Any]) -> pa.Table:
    return pa.table({"id": [row.pk for row in rows], "title": [row.title for row in rows]} | columns)


def in_session(work: Callable[[BulkSession], object]) -> None:
    with bulk.session() as session:
        work(session)
        session.commit()


@pytest.mark.parametrize("new", [True, False])
def test_few_are_found_at_once_by_all_that_single_writes_are_found_by(
    rows: list[Notification], titles: Titles, new: bool
) -> None:
    body = ["+4930123456 mei@example.tw", None, *[""] * 5]
    weight = [None, 7.0, -1.0, 0.5, 0.0, 0.0, 0.0]
    table = written(rows, text=body, weight=weight)
    in_session(lambda session: search.index_arrow(session, TYPE, table, new=new))
    for name, query in zip(NAMES, ["wml", "muller", "大明", "oynn", "42", "@example.com", "5678"], strict=True):
        assert name in titles(query), query
    assert titles("mei@ex") == ["王美玲"]
    assert titles("30123") == ["王美玲"]
    assert sorted(Document.objects.values_list("weight", flat=True)) == [0, 0, 0, 0, 0, 0.5, 1]
    single = {row.pk: indexing.tokens_of(NOTES, row.title, row.body) for row in rows}
    bulk_tokens = indexing._tokens(NOTES.letter, pa.table({"title": NAMES, "text": [""] * 7})).to_pylist()
    assert [set(tokens.split()) for tokens in bulk_tokens] == [set(tokens.split()) for tokens in single.values()]


def test_nothing_is_written_where_the_session_does_not_commit(rows: list[Notification], titles: Titles) -> None:
    with bulk.session() as session:
        search.index_arrow(session, TYPE, written(rows))
    assert titles("王") == [] and not Document.objects.exists()


def test_many_wait_until_they_are_taken_in(
    rows: list[Notification], titles: Titles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "AT_ONCE", 2)
    monkeypatch.setattr(upkeep, "CHUNK", 2)
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows), new=True))
    assert titles("王") == []
    assert search.backlog_size() == len(rows)
    told: list[int] = []
    monkeypatch.setattr(upkeep, "progress", lambda done, total: told.append(done))
    assert search.catch_up() == len(rows)
    assert told == [2, 4, 6, 7]
    assert titles("王") == ["王美玲"] and titles("5678") == ["+886912345678"]
    assert search.backlog_size() == 0 and search.catch_up() == 0


def test_a_stopped_catch_up_goes_on(rows: list[Notification], titles: Titles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "AT_ONCE", 0)
    monkeypatch.setattr(upkeep, "CHUNK", 3)
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows)))

    def stop(done: int, total: int) -> None:
        raise tasks.Cancelled

    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "progress", stop)
        with pytest.raises(tasks.Cancelled):
            search.catch_up()
    assert search.backlog_size() == len(rows) - 3
    assert search.catch_up() == len(rows) - 3
    assert titles("5678") == ["+886912345678"]


def test_far_numbers_are_ranges_of_their_own(rows: list[Notification], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "AT_ONCE", 0)
    table = pa.table({"id": [5, 1, 2, 1_000_000], "title": ["a", "b", "c", "d"]})
    in_session(lambda session: search.index_arrow(session, TYPE, table))
    first = sources.document_id(NOTES, 0)
    ranges = [(row.first - first, row.last - first) for row in Backlog.objects.order_by("first")]
    assert ranges == [(1, 5), (1_000_000, 1_000_000)]


def test_what_is_written_again_is_found_by_what_it_is_now(rows: list[Notification], titles: Titles) -> None:
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows)))
    for row in rows:
        row.title = f"林{row.pk}"
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows)))
    assert titles("王") == []
    assert len(titles("林")) == len(rows)


def test_only_other_words_are_put_into_the_index_in_sets(
    rows: list[Notification], titles: Titles, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows)))
    put: list[str] = []
    monkeypatch.setattr(indexing, "put", lambda session, table: put.extend(table["title"].to_pylist()))
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows, subtitle=["error"] * len(rows))))
    assert put == [] and set(Document.objects.values_list("subtitle", flat=True)) == {"error"}
    rows[2].title = "林大明"
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows)))
    assert put == ["林大明"]


def test_rebuild_writes_all_and_drops_what_is_gone(
    rows: list[Notification], titles: Titles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "ROWS", 3)
    in_session(lambda session: search.index_arrow(session, TYPE, written(rows)))
    Notification.objects.filter(pk__in=[rows[0].pk, rows[3].pk, rows[6].pk]).delete()
    Notification.objects.filter(pk=rows[1].pk).update(title="劉國華")
    assert search_tasks.rebuild.call(TYPE) == 4
    assert Document.objects.count() == 4 and not Rebuild.objects.exists()
    assert titles("刘国华") == ["劉國華"] and titles("muller") == [] and titles("王") == []


def test_a_stopped_rebuild_goes_on(rows: list[Notification], titles: Titles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "ROWS", 3)

    def stop(done: int, total: int) -> None:
        raise tasks.Cancelled

    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "progress", stop)
        with pytest.raises(tasks.Cancelled):
            upkeep.rebuild(TYPE)
    assert Rebuild.objects.get().after == rows[2].pk
    assert upkeep.rebuild(TYPE) == len(rows)
    assert titles("5678") == ["+886912345678"] and titles("王") == ["王美玲"]


def test_reindex(rows: list[Notification], titles: Titles) -> None:
    search.touch(*rows)
    search.reindex()
    assert titles("王") == []
    assert search.catch_up() == len(rows)
    assert titles("王") == ["王美玲"]


def test_two_types_cannot_have_one_letter(rows: list[Notification], staff: User) -> None:
    twin = search.Source("x.twin", "0", User, title=str, url=str)
    with hooks.registered("search", twin), pytest.raises(ImproperlyConfigured, match="letter"):
        search.find("王", staff)


def test_the_lists_ask_the_index(rows: list[Notification], staff: User) -> None:
    search.touch(*rows)
    (finder,) = hooks.get("desk_search")
    assert finder(TYPE, "王美", staff, 10) == [rows[0].pk]
