"""Calendars and grouped lists through HTTP: what stands where, what it costs, what a drag to another day does."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guanxi.foundation import clock
from guanxi.foundation.desk import Desk
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.tests.people import Party
from guanxi.foundation.desk.tests.test_board import columns, counts, move, seen_of, words
from guanxi.foundation.models import User
from guanxi.foundation.todos.models import Todo

pytestmark = pytest.mark.django_db
MOST_QUERIES = 11  # roles, teams and sensitive fields included


@pytest.fixture(params=[0, 3000], ids=["walked", "collected"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "FEW", request.param)


@pytest.mark.usefixtures("few")
def test_rows_stand_on_their_days(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    by_day = Counter(clock.day_of(party.created_at) for party in Party.objects.filter(city="Taipei"))
    for query, days in (("", 42), ("&span=week", 7), ("&span=day", 1)):
        page = staff_client.get(f"/people/?as=calendar&by=created_at&day=2017-01-11&f.city=Taipei{query}")
        found = columns(page)
        assert len(found) == days
        for key, cards in found.items():
            assert len(cards) == min(by_day[date.fromisoformat(key)], 3 if days == 42 else 50)
    month = words(staff_client.get("/people/?as=calendar&by=created_at&day=2017-01-11"))
    assert "January 2017" in month
    assert "day=2016-12-01" in month
    assert "day=2017-02-01" in month


def test_a_calendar_costs_a_few_queries(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    staff_client.get("/people/")
    for query in ("as=calendar&by=created_at&day=2017-01-11", "as=grouped&by=kind&sums=purchases.revenue"):
        with CaptureQueriesContext(connection) as captured:
            staff_client.get(f"/people/?{query}")
        assert len(captured) <= MOST_QUERIES, "\n".join(query["sql"] for query in captured)


def test_dates_that_are_none_show_today(staff_client: Client, desk: Desk) -> None:
    for day in ("nonsense", "0001-01-01", "9999-12-31"):
        assert staff_client.get(f"/people/?as=calendar&by=date_of_birth&day={day}").status_code == 200
        assert staff_client.get(f"/people/cards/?as=calendar&by=date_of_birth&lane={day}").status_code == 404
    assert "Nothing stands on these days." in words(staff_client.get("/people/?as=calendar&by=date_of_birth"))


def test_a_task_is_dragged_to_another_day(staff_client: Client, staff: User) -> None:
    day = clock.today()
    todo = Todo.objects.create(what="the offer", assignee=staff, due_on=day, due_time="10:30")
    page = staff_client.get("/todos/?as=calendar&span=week")
    assert columns(page)[day.isoformat()] == [todo.pk]
    later = day + timedelta(days=40)  # not shown: it leaves the page
    answer = move(staff_client, todo.pk, later.isoformat(), seen_of(page, todo.pk), "todos", "as=calendar&span=week")
    assert answer.json()["cards"][str(todo.pk)] == {"html": "", "lane": None}
    todo.refresh_from_db()
    assert (todo.due_on, todo.due_time.isoformat()) == (later, "10:30:00")
    stale = move(staff_client, todo.pk, day.isoformat(), f'"{day}"', "todos", "as=calendar&span=week")
    assert stale.status_code == 409
    assert move(staff_client, todo.pk, "soon", f'"{later}"', "todos", "as=calendar").status_code == 404


def test_a_moment_keeps_its_time_of_day(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    party = Party.objects.get(pk=parties[0].pk)
    query = "as=calendar&by=created_at&day=2017-01-11"
    page = staff_client.get(f"/people/?{query}")
    answer = move(staff_client, party.pk, "2017-01-20", seen_of(page, party.pk), query=query)
    assert answer.status_code == 200, answer.content
    moved = Party.objects.get(pk=party.pk).created_at
    assert clock.day_of(moved) == date(2017, 1, 20)
    assert moved.time() == party.created_at.time()


def test_a_day_offers_to_make_something(staff_client: Client) -> None:
    page = words(staff_client.get("/todos/?as=calendar&day=2018-01-03"))
    assert 'data-quick="todos" data-quick-with="due_on=2018-01-03"' in page
    dialog = words(staff_client.get("/create/?what=todos&due_on=2018-01-03&from=/todos/"))
    address = re.search(r'id="quick-form" class="quick-form" hx-get="([^"]+)"', dialog)
    assert address
    assert 'value="2018-01-03"' in words(staff_client.get(address[1]))
    assert "data-quick-with" not in words(staff_client.get("/audit/?as=calendar"))  # nobody makes those by hand


@pytest.mark.usefixtures("few")
def test_groups_say_how_many_and_how_much(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    everyone = list(Party.objects.select_related("purchases"))
    for by, value in (("kind", lambda one: one.kind), ("city", lambda one: one.city)):
        page = staff_client.get(f"/people/?as=grouped&by={by}&sums=purchases.revenue")
        groups: dict[str, list[Any]] = {}
        for party in everyone:
            groups.setdefault(value(party), []).append(party)
        assert sorted(counts(page)) == sorted(str(len(group)) for group in groups.values())
        for group in groups.values():
            total = sum((one.purchases.revenue for one in group if hasattr(one, "purchases")), Decimal(0))
            assert f"<strong>{total:,.2f}</strong>" in words(page)
        for address in re.findall(r'class="group-rows" hx-get="([^"]+)"', page.content.decode()):
            lane = re.search(r"lane=([^&]*)", html.unescape(address))
            assert lane
    months = words(staff_client.get("/people/?as=grouped&by=created_at"))
    assert months.index("February 2017") < months.index("January 2017")


def test_rows_of_a_group_come_on_demand(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = staff_client.get("/people/?as=grouped&by=kind&sort=name")
    assert 'name="ids"' not in words(page)
    address = html.unescape(re.findall(r'class="group-rows" hx-get="([^"]+)"', page.content.decode())[0])
    found: list[str] = []
    text = words(staff_client.get(address))
    assert "<thead>" in text
    while True:
        found += re.findall(r'name="ids" value="(\d+)"', text)
        following = re.search(r'class="desk-more" hx-get="([^"]+)"', text)
        if not following:
            break
        text = words(staff_client.get(following[1]))
        assert "<thead>" not in text
    assert {int(pk) for pk in found} == {party.pk for party in parties if party.kind == "person"}
    assert len(found) == len(set(found))
    none = words(staff_client.get("/people/group/?as=grouped&by=city&lane=~"))
    assert none.count('name="ids"') == 30
    assert staff_client.get("/people/group/?as=grouped&by=kind&lane=robot").status_code == 404
    assert staff_client.get("/people/group/?lane=person").status_code == 404
