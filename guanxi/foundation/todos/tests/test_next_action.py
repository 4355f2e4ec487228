"""The one thing to do next on a record: said, done, asked for again; never two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.todos import actions, queries
from guanxi.foundation.todos.models import Todo
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals import ready_made

JSON = "application/json"


@pytest.fixture
def mei(staff: User) -> Party:
    return customers.create_party(by=staff, name="王美玲")


def test_one_open_task_of_a_record_comes_next(staff: User, mei: Party) -> None:
    first = actions.add("報價", record=mei, by=staff)
    second = actions.add("樣品", record=mei, verb="send", by=staff)
    assert (first.is_next, second.is_next) == (True, False)
    assert queries.next_action(mei) == first
    actions.make_next(second.pk, by=staff)
    assert queries.next_action(mei) == second
    assert queries.next_actions([mei]) == {mei.pk: second}
    with pytest.raises(IntegrityError), transaction.atomic():
        Todo.objects.filter(pk=first.pk).update(is_next=True)
    actions.set_done(second.pk, True, by=staff)
    assert queries.next_action(mei) == first, "the other one comes next"
    actions.set_done(first.pk, True, by=staff)
    assert queries.next_action(mei) is None
    third = actions.add("拜訪", record=mei, is_next=True, by=staff)
    actions.set_done(second.pk, False, by=staff)  # it was next once; by now another is
    assert queries.next_action(mei) == third
    actions.remove(third.pk, by=staff)
    assert queries.next_action(mei) == second
    third = actions.add("回電", record=mei, is_next=True, by=staff)
    with pytest.raises(Refused, match="on a record"):
        actions.make_next(actions.add("沒有對象", by=staff).pk, by=staff)
    actions.set_done(third.pk, True, by=staff)
    with pytest.raises(Refused, match="done already"):
        actions.make_next(third.pk, by=staff)


def test_two_who_became_one_keep_theirs_and_one_counts(staff: User, mei: Party) -> None:
    other = customers.create_party(by=staff, name="王美玲")
    own, brought = actions.add("報價", record=mei, by=staff), actions.add("回電", record=other, by=staff)
    merged = customers.merge_parties(mei, [other], by=staff)
    assert queries.next_action(mei) == own
    actions.make_next(brought.pk, by=staff)
    assert queries.next_action(mei) == brought
    customers.undo_merge(merged.merges[0].pk, by=staff)
    assert queries.next_action(other) == brought


def test_the_bar_does_it_and_asks_for_the_next(staff: User, staff_client: Client, mei: Party) -> None:
    page = f"/customers/{mei.pk}/"
    bar = f"/todos/next/customers.party/{mei.pk}/"
    assert "Nothing is to be done next" in staff_client.get(page).content.decode()
    assert "What comes next?" in staff_client.get(f"{bar}?ask").content.decode()
    said = {"do": "add", "verb": "call", "what": "週六送貨", "due_on": "2026-12-02", "once": "t"}
    for _click in range(2):
        answer = staff_client.post(bar, said)
        assert answer.headers["HX-Trigger"] == "todos-changed"
    todo = Todo.objects.get()
    shown = staff_client.get(page).content.decode()
    assert "週六送貨" in shown
    assert '<strong class="next-verb">Call</strong>' in shown
    other = actions.add("樣品", record=mei, verb="send", by=staff)
    asked = staff_client.post(bar, {"do": "done", "todo": str(todo.pk)}).content.decode()
    assert "What comes next?" in asked
    assert "Send: 樣品" in asked
    todo.refresh_from_db()
    assert todo.done_at
    staff_client.post(bar, {"do": "choose", "todo": str(other.pk)})
    assert queries.next_action(mei) == other
    assert "樣品" in staff_client.get("/customers/?cols=name,next_action&f.next_action=1").content.decode()
    assert "王美玲" not in staff_client.get("/customers/?f.next_action=0").content.decode().partition("<tbody>")[2]
    wrong = staff_client.post(bar, {**said, "what": " ", "once": "u"})
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.content.decode()
    assert staff_client.post(bar, {"do": "choose", "todo": "987"}).status_code == 404


def test_who_may_not_edit_the_record_may_not_say_what_is_next(staff: User, colleague: Any, mei: Party) -> None:
    todo = actions.add("報價", record=mei, by=staff)
    client = Client()
    client.force_login(colleague("reader", "read-only"))
    bar = f"/todos/next/customers.party/{mei.pk}/"
    assert "data-next-done" not in client.get(bar).content.decode()
    for sent in ({"do": "done", "todo": str(todo.pk)}, {"do": "add", "verb": "call", "what": "x"}):
        assert client.post(bar, sent).status_code in (403, 404)
    todo.refresh_from_db()
    assert todo.done_at is None


def test_programs_say_it(api: Client, staff: User, mei: Party) -> None:
    made = [
        api.post("/api/v1/todos", {"what": what, "object_type": "customers.party", "object_id": mei.pk}, JSON).json()
        for what in ("one", "two")
    ]
    assert [one["is_next"] for one in made] == [True, False]
    assert api.patch(f"/api/v1/todos/{made[1]['id']}", {"is_next": True}, JSON).json()["is_next"] is True
    listed = api.get(f"/api/v1/todos?object_type=customers.party&object_id={mei.pk}&is_next=true").json()["items"]
    assert [one["id"] for one in listed] == [made[1]["id"]]
    assert api.post("/api/v1/todos", {"what": "three", "is_next": True}, JSON).status_code == 422


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of", ["customer", "deal"])
def test_of_two_at_once_one_comes_next(staff: User, mei: Party, of: str) -> None:
    ready_made.install(partial(apps.get_model, "deals"))
    record = mei if of == "customer" else deals.create_deal(name="Pumps", party=mei, by=staff)
    waiting = [actions.add(what, record=record, by=staff) for what in ("first", "second")]

    def at_once(*work: Callable[[], Any]) -> None:
        barrier = threading.Barrier(len(work))

        def run(one: Callable[[], Any]) -> None:
            barrier.wait()
            try:
                one()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(work)) as people:
            for one in [people.submit(run, one) for one in work]:
                one.result()  # raises what it raised
        assert Todo.objects.filter(is_next=True, done_at=None).count() == 1

    at_once(*(partial(actions.add, what, record=record, is_next=True, by=staff) for what in ("one", "two")))
    assert Todo.objects.count() == 4
    following = queries.next_action(record)
    assert following is not None
    at_once(
        partial(actions.set_done, following.pk, True, by=staff), partial(actions.make_next, waiting[1].pk, by=staff)
    )
