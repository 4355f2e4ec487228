"""Favourites, records seen last and single keys, through HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guanxi.foundation import keys
from guanxi.foundation.habits import actions
from guanxi.foundation.habits.models import Favourite, Seen
from guanxi.foundation.models import AuditEntry, User

pytestmark = pytest.mark.django_db
Party: Any = apps.get_model("customers", "Party")


@pytest.fixture
def parties() -> list[Any]:
    return [Party.objects.create(name=f"客戶{number:02}") for number in range(25)]


def lines(client: Client) -> dict[str, list[str]]:
    groups = client.get("/habits/lines/").json()["groups"]
    return {group["label"]: [line["title"] for line in group["lines"]] for group in groups}


def test_stars_in_their_order(staff_client: Client, staff: User, parties: list[Any]) -> None:
    before = AuditEntry.objects.count()
    for row in parties[:3]:
        answer = staff_client.post(f"/habits/star/customers/{row.pk}/", {"on": "1"}, headers={"HX-Request": "true"})
        assert 'aria-pressed="true"' in answer.content.decode()
        staff_client.post(f"/habits/star/customers/{row.pk}/", {"on": "1"})  # twice is once
    assert lines(staff_client)["Favourites"] == ["客戶02", "客戶01", "客戶00"]
    numbers = {one.object_id: one.pk for one in Favourite.objects.all()}
    staff_client.post("/habits/arrange/", {"order": [numbers[parties[0].pk], "x", 987, numbers[parties[2].pk]]})
    assert lines(staff_client)["Favourites"] == ["客戶00", "客戶02", "客戶01"]
    assert "客戶00" in staff_client.get("/habits/").content.decode()
    staff_client.post(f"/habits/star/customers/{parties[0].pk}/", {"on": "0"})
    parties[1].delete()
    assert lines(staff_client)["Favourites"] == ["客戶02"]
    assert staff_client.post("/habits/star/customers/987654/", {"on": "1"}).status_code == 404
    assert AuditEntry.objects.count() == before


def test_there_is_an_end_to_stars(staff_client: Client, parties: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_STARRED", 1)
    staff_client.post(f"/habits/star/customers/{parties[0].pk}/", {"on": "1"})
    answer = staff_client.post(f"/habits/star/customers/{parties[1].pk}/", {"on": "1"}, headers={"HX-Request": "true"})
    assert "at most 1 records" in answer.content.decode()
    assert Favourite.objects.count() == 1


def test_the_last_twenty_seen_and_written_once_a_minute(staff_client: Client, staff: User, parties: list[Any]) -> None:
    for row in parties:
        staff_client.get(f"/customers/{row.pk}/")
    assert lines(staff_client)["Seen last"] == [row.name for row in reversed(parties[5:])]
    with CaptureQueriesContext(connection) as captured:
        staff_client.get(f"/customers/{parties[-1].pk}/")
    written = [query["sql"] for query in captured if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not written
    Seen.objects.filter(object_id=parties[10].pk).update(at=timezone.now() - timedelta(minutes=2))
    staff_client.get(f"/customers/{parties[10].pk}/")
    assert lines(staff_client)["Seen last"][0] == "客戶10"


def test_nobody_sees_what_others_starred_or_what_is_hidden(
    staff_client: Client, colleague: Any, parties: list[Any]
) -> None:
    staff_client.post(f"/habits/star/customers/{parties[0].pk}/", {"on": "1"})
    other = Client()
    user = colleague("rep", "sales")  # sees his own customers only
    other.force_login(user)
    assert lines(other) == {}
    assert other.post(f"/habits/star/customers/{parties[0].pk}/", {"on": "1"}).status_code == 404
    Party.objects.filter(pk=parties[0].pk).update(owner=user)
    other.post(f"/habits/star/customers/{parties[0].pk}/", {"on": "1"})
    assert lines(other)["Favourites"] == ["客戶00"]
    Party.objects.filter(pk=parties[0].pk).update(owner=None)
    assert lines(other) == {}


def test_single_keys_are_declared_once_and_switched_off_for_oneself(staff: User, staff_client: Client) -> None:
    page = staff_client.get("/habits/keys/").content.decode()
    for one in keys.declared():
        assert str(one.label) in page
    assert "<kbd>g</kbd> <kbd>c</kbd>" in page
    start = staff_client.get("/customers/").content.decode()
    assert '"down"' in start and '"on": true' in start and 'aria-keyshortcuts="g c"' in start
    staff_client.post("/habits/shortcuts/", {"on": "0"}, headers={"Referer": "https://elsewhere.example/"})
    assert '"on": false' in staff_client.get("/customers/").content.decode()
    again = Client()
    again.post("/accounts/login/", {"login": staff.username, "password": "relation-8-ship"})
    assert '"on": false' in again.get("/customers/").content.decode()
    again.post("/habits/shortcuts/", {"on": "1"})
    assert '"on": true' in again.get("/customers/").content.decode()


def test_the_letters_of_places_are_told_apart(staff_client: Client) -> None:
    from guanxi.foundation import hooks

    letters = [entry.key for entry in hooks.get("menu") if entry.key]
    assert len(letters) == len(set(letters))
