"""Tasks of people: made, done and undone, overdue, reminded of exactly once."""

from __future__ import annotations

import threading
from datetime import date, time, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.letters import tasks as letters
from guanxi.foundation.models import Notification, User
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.foundation.todos import actions, tasks
from guanxi.foundation.todos.models import Todo
from guanxi.ledger.models import Event


@pytest.fixture
def mei(staff: User) -> Party:
    return customers.create_party(by=staff, name="王美玲")


@pytest.fixture
def yating(db: None) -> User:
    return User.objects.create_user("yating", "yating@example.com", first_name="雅婷", last_name="李", is_staff=True)


def due(minutes: int, staff: User, mei: Party | None = None, **values: object) -> Todo:
    """A task due `minutes` from now, with a reminder at its time."""
    moment = (clock.now() + timedelta(minutes=minutes)).astimezone(clock.zone())
    when = {"due_on": moment.date(), "due_time": moment.time().replace(microsecond=0), "remind_minutes": 0}
    return actions.add("回電", record=mei, by=staff, **{**when, **values})


def test_on_a_record_and_in_the_list(staff: User, staff_client: Client, mei: Party) -> None:
    address = f"/todos/of/customers.party/{mei.pk}/"
    assert "Nothing to do here" in staff_client.get(f"/customers/{mei.pk}/panel/todos/").content.decode()
    assert "For whom" in staff_client.get(f"{address}?add").content.decode()
    sent = {"verb": "call", "what": "週六送貨", "due_on": "2026-01-02", "due_time": "", "remind_minutes": "60"}
    sent |= {"priority": "1", "assignee": str(staff.pk), "once": "t"}
    for _click in range(2):
        assert "Call: 週六送貨" in staff_client.post(address, sent).content.decode()
    todo = Todo.objects.get()
    assert todo.remind_at.astimezone(clock.zone()).time() == time(8)
    page = staff_client.get(staff_client.get("/todos/mine/").url).content.decode()
    assert "週六送貨" in page
    assert "王美玲" in page
    assert staff_client.get(f"/todos/{todo.pk}/").status_code == 200
    done = staff_client.post(f"/todos/{todo.pk}/done/", {"done": "1"}).content.decode()
    assert 'aria-pressed="true"' in done
    assert "週六送貨" not in staff_client.get(staff_client.get("/todos/mine/").url).content.decode()
    assert Event.objects.filter(kind="todo.done", party=mei).exists()
    staff_client.post(f"/todos/{todo.pk}/done/", {"done": "0", "where": "record"})
    assert Todo.objects.get().done_at is None
    for wrong in ({"what": " "}, {"due_on": "soon"}, {"due_on": "", "remind_minutes": "60"}, {"assignee": "987"}):
        answer = staff_client.post(address, {**sent, "once": "u", **wrong})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert Todo.objects.count() == 1


def test_overdue_tasks_stand_on_today(staff: User, staff_client: Client, mei: Party) -> None:
    from guanxi.foundation.todos.desk import overdue_section

    assert overdue_section(staff) is None
    late, soon = due(-90, staff, mei), due(90, staff, mei)
    actions.add("沒有日子", by=staff)
    assert late.is_overdue
    assert not soon.is_overdue
    section = overdue_section(staff)
    assert [(todo, place.title) for todo, place in section["lines"]] == [(late, "王美玲")]
    actions.set_done(late.pk, True, by=staff)
    assert overdue_section(staff) is None


def test_a_reminder_comes_exactly_once(staff: User, yating: User, mei: Party) -> None:
    todo = due(-1, staff, mei, assignee=yating)
    due(60, staff, mei)
    assert Notification.objects.filter(user=yating).count() == 1  # that he got it
    assert tasks.remind_due.call() == 1
    assert tasks.remind_due.call() == 0
    for _again in range(2):
        letters.send_waiting.call()
        run_waiting()
    assert Notification.objects.filter(user=yating).count() == 2
    assert [message.to for message in mail.outbox] == [["yating@example.com"]]
    assert "回電" in mail.outbox[0].subject
    assert f"/todos/{todo.pk}/" in mail.outbox[0].body
    actions.edit(todo.pk, {"remind_minutes": 30}, by=staff)  # moved: reminds again
    assert tasks.remind_due.call() == 1


def test_no_reminder_of_what_is_done_or_of_one_who_left(staff: User, yating: User, mei: Party) -> None:
    done, left = due(-1, staff, mei), due(-1, staff, mei, assignee=yating)
    actions.set_done(done.pk, True, by=staff)
    yating.is_active = False
    yating.save()
    Notification.objects.all().delete()
    tasks.remind_due.call()
    letters.send_waiting.call()
    run_waiting()
    assert not Notification.objects.exists()
    assert not mail.outbox
    with pytest.raises(Refused, match="does not work here"):
        actions.edit(left.pk, {"assignee": yating}, by=staff)


@pytest.mark.django_db(transaction=True)
def test_two_workers_remind_once(staff: User, mei: Party) -> None:
    for _number in range(5):
        due(-1, staff, mei)
    barrier, counts = threading.Barrier(2), []

    def work() -> None:
        barrier.wait()
        try:
            counts.append(tasks.remind_due.call())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 5
    assert Notification.objects.count() == 5


def test_two_who_edit_one_task(staff: User, mei: Party) -> None:
    todo = due(60, staff, mei)
    actions.edit(todo.pk, {"what": "一"}, {"what": "回電"}, by=staff)
    with pytest.raises(Conflict):
        actions.edit(todo.pk, {"what": "二"}, {"what": "回電"}, by=staff)
    cleared = actions.edit(todo.pk, {"due_on": None, "remind_minutes": None}, by=staff)
    assert (cleared.due_time, cleared.remind_at) == (None, None)
    with pytest.raises(Refused):
        actions.edit(todo.pk, {"remind_minutes": 5}, by=staff)


def test_the_new_form_and_facts_of_the_desk(staff: User, staff_client: Client) -> None:
    sent = {"verb": "send", "what": "報價", "priority": "2", "due_on": "2026-02-03"}
    assert staff_client.post("/todos/new/", sent).status_code == 302
    todo = Todo.objects.get()
    assert todo.assignee == staff
    answer = staff_client.post(f"/todos/{todo.pk}/fact/due_on/", {"value": "2026-03-04", "seen": '"2026-02-03"'})
    assert answer.status_code == 200
    assert Todo.objects.get().due_on == date(2026, 3, 4)


def test_nobody_without_rights(client: Client, staff: User, stranger: User, mei: Party) -> None:
    todo, alone = due(1, staff, mei), actions.add("自己的", by=staff)
    assert set(Todo.objects.visible_to(staff)) == {todo, alone}
    assert not Todo.objects.visible_to(stranger).exists()
    client.force_login(stranger)
    assert client.get(f"/todos/of/customers.party/{mei.pk}/").status_code == 403
    assert client.post(f"/todos/{todo.pk}/done/", {"done": "1"}).status_code == 403
    with pytest.raises(Todo.DoesNotExist):
        actions.set_done(todo.pk, True, by=stranger)


def test_by_the_api(api: Client, mei: Party) -> None:
    body = {"what": "訪問", "verb": "visit", "object_type": "customers.party", "object_id": mei.pk}
    body |= {"due_on": "2026-05-06", "due_time": "14:30", "remind_minutes": 60}
    made = api.post("/api/v1/todos", body, content_type="application/json").json()
    assert made["due_time"] == "14:30"
    address = f"/api/v1/todos/{made['id']}"
    assert api.patch(address, {"done": True}, content_type="application/json").json()["done_at"]
    assert api.get("/api/v1/todos", {"done": "false"}).json()["items"] == []
    wrong = api.patch(address, {"due_on": None}, content_type="application/json")
    assert wrong.status_code == 422
    assert api.delete(address).status_code == 204
    assert api.post("/api/v1/todos", {"what": "x", "assignee": 987}, content_type="application/json").status_code == 422
