"""Putting back a change of a record: on the page and through the API, with conflicts, allowed and denied."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from guanxi.foundation.desk import Desk
from guanxi.foundation.desk.tests.people import Party, create_party, edit_party
from guanxi.foundation.models import AuditEntry, User

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def words(page: Any) -> str:
    return html.unescape(page.content.decode())


@pytest.fixture
def party(staff: User) -> Any:
    return create_party(by=staff, name="王美玲", kind="person", city="臺北")


def edit(party: Any, by: User, **values: Any) -> AuditEntry:
    edit_party(party.pk, values, {}, by=by)
    return AuditEntry.objects.latest("id")


def address(party: Any, entry: AuditEntry) -> str:
    return f"/people/{party.pk}/history/{entry.pk}/back/"


def test_a_change_is_put_back_and_that_is_audited(staff_client: Client, staff: User, desk: Desk, party: Any) -> None:
    entry = edit(party, staff, name="王美齡", gender="female", date_of_birth="1980-02-29")
    page = words(staff_client.get(f"/people/{party.pk}/history/"))
    assert re.findall(r"/history/(\d+)/back/\" hx-post", page) == [str(entry.pk)]  # not of what made the record

    answer = staff_client.post(address(party, entry), headers=HTMX)

    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/people/{party.pk}/")
    party.refresh_from_db()
    assert (party.name, party.gender, party.date_of_birth) == ("王美玲", "", None)
    back = AuditEntry.objects.latest("id")
    assert back.action.endswith("put_back")
    assert back.changes["name"] == ["王美齡", "王美玲"]
    staff_client.post(address(party, back))  # and the putting back is put back
    party.refresh_from_db()
    assert (party.name, party.gender, str(party.date_of_birth)) == ("王美齡", "female", "1980-02-29")


def test_what_was_changed_since_shows_both_values_first(
    staff_client: Client, staff: User, desk: Desk, party: Any
) -> None:
    entry = edit(party, staff, name="王美齡", gender="female")
    edit(party, staff, name="王美琳")

    answer = staff_client.post(address(party, entry), headers=HTMX)

    assert answer.status_code == 409
    page = words(answer)
    for expected in ["This was changed again since.", "王美琳", "王美玲", "Put back all the same"]:
        assert expected in page
    party.refresh_from_db()
    assert (party.name, party.gender) == ("王美琳", "female")  # neither, as long as one is in doubt

    seen = re.search(r'name="seen" value="(.*?)">', answer.content.decode())
    assert seen
    edit(party, staff, name="王美")  # and again, while he looks
    assert staff_client.post(address(party, entry), {"seen": html.unescape(seen[1])}, headers=HTMX).status_code == 409
    edit(party, staff, name="王美琳")
    assert staff_client.post(address(party, entry), {"seen": html.unescape(seen[1])}, headers=HTMX).status_code == 204
    party.refresh_from_db()
    assert (party.name, party.gender) == ("王美玲", "")


def test_what_cannot_be_put_back(staff_client: Client, staff: User, desk: Desk, party: Any) -> None:
    made = AuditEntry.objects.get(object_type="customers.party", object_id=party.pk)
    answer = staff_client.post(address(party, made), headers=HTMX)
    assert answer.status_code == 422
    assert "nothing in this change" in words(answer)
    Party.objects.filter(pk=party.pk).update(name="王 3")
    entry = edit(party, staff, name="王美齡")
    assert "holds no digits" in words(staff_client.post(address(party, entry), headers=HTMX))
    assert staff_client.post(address(party, entry), {"seen": "{"}, headers=HTMX).status_code == 422
    other = Party.objects.create(name="陳建宏")
    assert staff_client.post(address(other, entry)).status_code == 404  # of another record
    assert staff_client.get(address(party, entry)).status_code == 405


def test_strangers_put_nothing_back(client: Client, staff: User, stranger: User, desk: Desk, party: Any) -> None:
    entry = edit(party, staff, name="王美齡")
    client.force_login(stranger)
    assert client.post(address(party, entry)).status_code == 403
    party.refresh_from_db()
    assert party.name == "王美齡"


def test_the_same_through_the_api(api: Client, client: Client, staff: User, desk: Desk, party: Any) -> None:
    entry = edit(party, staff, name="王美齡")
    base = f"/api/v1/history/people/{party.pk}"
    listed = api.get(base, {"limit": 1}).json()
    assert (listed["items"][0]["id"], listed["items"][0]["can_put_back"]) == (entry.pk, True)
    first = api.get(base, {"cursor": listed["next"]}).json()["items"][0]
    assert first["can_put_back"] is False

    def put_back(**seen: Any) -> Any:
        return api.post(f"{base}/{entry.pk}/put-back", {"seen": seen}, content_type="application/json")

    edit(party, staff, name="王美琳")
    conflict = put_back()
    assert conflict.status_code == 409
    assert (conflict.json()["field"], conflict.json()["theirs"]) == ("name", "王美琳")
    done = put_back(name="王美琳")
    assert done.json()["changes"] == {"name": ["王美琳", "王美玲"]}
    assert api.get("/api/v1/history/nothing/1").status_code == 404
    assert api.post(f"{base}/999999/put-back", {}, content_type="application/json").status_code == 404
    assert client.get(base).status_code == 401
