from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from guanxi.foundation.models import Notification
from guanxi.foundation.search.models import Backlog

Note = Callable[..., Notification]


def test_the_page_groups_what_it_finds(note: Note, staff_client: Client) -> None:
    row = note("王美玲 <b>", level="info")
    answer = staff_client.get(reverse("search"), {"q": "王美"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert f'href="/notes/{row.pk}/"' in text and "王美玲 &lt;b&gt;" in text and "<b>" not in text
    assert "Notifications" in text or "notifications" in text


def test_one_type_and_more_of_it(note: Note, staff_client: Client) -> None:
    for index in range(12):
        note(f"王{index}")
    assert staff_client.get("/search/", {"q": "王"}).content.decode().count("search-hit") == 10
    one = staff_client.get("/search/", {"q": "王", "type": "foundation.notification"}).content.decode()
    assert one.count("search-hit") == 12


@pytest.mark.parametrize("query", ["", "   ", "鑫鑫鑫", "'\"*", "x" * 10_000])
def test_nothing_found_says_what_to_do(staff_client: Client, query: str) -> None:
    answer = staff_client.get("/search/", {"q": query})
    assert answer.status_code == 200 and "empty-state" in answer.content.decode()


def test_what_waits_is_said(staff_client: Client) -> None:
    Backlog.objects.create(first=1, last=1234)
    assert "1,234 new records" in staff_client.get("/search/", {"q": "王"}).content.decode()


def test_suggestions(note: Note, staff_client: Client) -> None:
    row = note("王美玲", level="info")
    answer = staff_client.get("/search/suggest/", {"q": "wml"})
    assert answer["Cache-Control"] == "no-store"
    assert answer.json() == {
        "results": [
            {
                "title": "王美玲",
                "subtitle": "info",
                "type": "notification",
                "icon": "bell",
                "url": f"/notes/{row.pk}/",
            }
        ]
    }
    assert staff_client.get("/search/suggest/").json() == {"results": []}


@pytest.mark.parametrize("name", ["search", "search_suggest"])
def test_only_for_those_who_work_here(client: Client, note: Note, name: str) -> None:
    note("王美玲")
    assert client.get(reverse(name), {"q": "王"}).status_code == 302
