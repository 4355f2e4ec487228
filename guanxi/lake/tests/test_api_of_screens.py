"""What people do on screens beyond records, done by programs: allowed, denied, by scope, and with bad input."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation import people
from guanxi.foundation.access.models import Invitation, Lock
from guanxi.foundation.models import User
from guanxi.foundation.notifications import notify
from guanxi.foundation.visibility import SYSTEM

pytestmark = pytest.mark.django_db
JSON = "application/json"


class Program:
    """Calls the API and looks at the status."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        send = getattr(self.client, method)
        data = {} if method == "get" or body is None else {"data": body, "content_type": JSON}
        answer = send(f"/api/v1{path}", **data)
        assert answer.status_code == status, answer.content.decode()
        return answer.json() if answer.content else None


@pytest.fixture
def call(api: Client) -> Program:
    return Program(api)


def with_scopes(user: User, *scopes: str) -> Program:
    made: Any = people.create_token(user, scopes=list(scopes), by=SYSTEM)
    return Program(Client(headers={"Authorization": f"Bearer {made[1]}"}))


def as_colleague(user: User) -> Program:
    return with_scopes(user, "write")


def test_many_records_are_changed_and_that_is_undone(call: Program, staff: User, colleague: Any) -> None:
    rows = [customers.create_party(name=f"P{n}", city="Taipei", by=staff) for n in range(3)]
    asked = {"list": "customers", "everything": True, "filter": "f.city=Taipei", "values": {"city": "Tainan"}}
    made = call("post", "/bulk-changes", asked, 202)
    assert (made["state"], made["total"], made["changed"], made["can_undo"]) == ("done", 3, 3, True)
    assert set(Party.objects.values_list("city", flat=True)) == {"Tainan"}
    assert call("get", "/bulk-changes")["items"][0]["id"] == made["id"]
    assert call("post", f"/bulk-changes/{made['id']}/undo", {}, 202)["state"] == "undone"
    assert set(Party.objects.values_list("city", flat=True)) == {"Taipei"}
    call("post", f"/bulk-changes/{made['id']}/undo", {}, 422)
    one = {"list": "customers", "ids": [rows[0].pk]}
    for wrong, field in [
        ({**one, "values": {"nothing": 1}}, "nothing"),
        ({**one, "values": {}}, "values"),
        ({**one, "values": {"city": "x"}, "delete": True}, "values"),
        ({**one, "everything": True, "values": {"city": "x"}}, "ids"),
        ({"list": "nothing", "ids": [1], "values": {"city": "x"}}, "list"),
        ({"list": "customers", "everything": True, "filter": "f.nothing=1", "values": {"city": "x"}}, "filter"),
    ]:
        assert call("post", "/bulk-changes", wrong, 422)["errors"][0]["field"] == field
    reader = as_colleague(colleague("reader", "read-only"))
    reader("post", "/bulk-changes", {**one, "values": {"city": "x"}}, 403)
    reader("get", f"/bulk-changes/{made['id']}", status=404)
    with_scopes(staff, "read")("post", "/bulk-changes", {**one, "values": {"city": "x"}}, 403)
    with_scopes(staff, "write:bulk-changes")("post", "/bulk-changes", {**one, "values": {"city": "Tainan"}}, 202)


def test_a_view_is_saved_shared_pinned_copied_and_deleted(call: Program, staff: User, colleague: Any) -> None:
    wrong = {"list": "customers", "name": "X", "query": "f.nothing=1"}
    assert call("post", "/views", wrong, 422)["errors"][0]["field"] == "query"
    call("post", "/views", {**wrong, "list": "nothing"}, 422)
    made = call("post", "/views", {"list": "customers", "name": "Taipei", "query": "f.city=Taipei"}, 201)
    here = f"/views/{made['id']}"
    mate = colleague("mate", "sales")
    other = as_colleague(mate)
    other("get", here, status=404)
    call("put", f"{here}/sharing", {"users": [mate.pk]})
    assert other("get", here)["mine"] is False
    other("patch", here, {"name": "Mine"}, 403)
    copied = other("post", f"{here}/copy", {}, 201)
    assert copied["mine"] and copied["query"] == "f.city=Taipei"
    other("put", f"{here}/choice", {"pinned": True})
    assert call("patch", here, {"name": "Of Taipei", "shared": True})["shared"] is True
    call("patch", here, {"query": "f.nothing=1"}, 422)
    call("delete", here, status=204)
    other("get", here, status=404)


def test_questions_and_dashboards(call: Program, staff: User, colleague: Any) -> None:
    asked = call("post", "/questions", {"name": "Sales", "query": "m=sales&by=month"}, 201)
    call("post", "/questions", {"name": "Sales", "query": "m=sales"}, 422)
    made = call("post", "/dashboards", {"name": "Mine"}, 201)
    here = f"/dashboards/{made['key']}"
    call("post", f"{here}/tiles", {"question": 987654}, 422)
    call("post", f"{here}/tiles", {"question": asked["id"]}, 201)
    board = call("post", f"{here}/tiles", {"question": asked["id"], "form": "table"}, 201)
    first, second = (tile["number"] for tile in board["tiles"])
    board = call("put", f"{here}/tiles", {"tiles": [second, first]})
    assert [tile["number"] for tile in board["tiles"]] == [second, first]
    assert call("patch", f"{here}/tiles/{first}", {"size": "full"})["tiles"][1]["size"] == "full"
    call("patch", f"{here}/tiles/987654", {"size": "full"}, 404)
    mate = colleague("mate", "manager")
    other = as_colleague(mate)
    other("get", here, status=404)
    other("get", f"/questions/{asked['id']}", status=404)
    shared = call("put", f"{here}/sharing", {"sharing": "named", "people": ["mate"]})
    assert (shared["sharing"], shared["people"]) == ("named", ["mate"])
    assert other("get", here)["mine"] is False
    other("delete", here, status=403)
    call("put", f"{here}/sharing", {"sharing": "named", "people": ["nobody"]}, 422)
    call("put", "/dashboards/first", {"key": made["key"]}, 204)
    call("patch", "/dashboards/management", {"name": "X"}, 422)
    assert call("post", "/dashboards", {"copy_of": "management", "name": "Copied"}, 201)["name"] == "Copied"
    assert {one["key"] for one in call("get", "/dashboards")} >= {"management", made["key"]}
    call("delete", f"{here}/tiles/{first}", status=204)
    call("delete", here, status=204)
    call("delete", f"/questions/{asked['id']}", status=204)
    nobody = as_colleague(colleague("nobody"))
    nobody("get", "/dashboards", status=403)
    nobody("post", "/questions", {"name": "X", "query": "m=sales"}, 403)


def test_favourites_and_notifications_are_ones_own(call: Program, staff: User, colleague: Any) -> None:
    party = customers.create_party(name="王美玲", by=staff)
    call("put", f"/favourites/customers/{party.pk}", {}, 204)
    assert [one["title"] for one in call("get", "/favourites")] == ["王美玲"]
    call("put", "/favourites/customers/987654", {}, 404)
    call("put", "/favourites/nothing/1", {}, 404)
    other = as_colleague(colleague("nobody"))
    other("put", f"/favourites/customers/{party.pk}", {}, 403)
    assert other("get", "/favourites") == []
    call("delete", f"/favourites/customers/{party.pk}", status=204)
    assert call("get", "/favourites") == []
    told = notify(staff, "Look")
    assert told is not None
    assert [one["title"] for one in call("get", "/notifications?unread=true")["items"]] == ["Look"]
    other("patch", f"/notifications/{told.pk}", {"read": True}, 404)
    assert call("patch", f"/notifications/{told.pk}", {"read": True})["read_at"]
    assert call("patch", f"/notifications/{told.pk}", {"read": False})["read_at"] is None
    assert call("post", "/notifications/read", {}) == {"marked": 1}


def test_colleagues_are_invited_unlocked_and_logged_out(staff: User, colleague: Any) -> None:
    admin = with_scopes(staff, "admin")
    made = admin("post", "/invitations", {"email": "new@example.com", "role": "sales"}, 201)
    assert mail.outbox[-1].to == ["new@example.com"] and "nonce" not in made
    admin("post", "/invitations", {"email": "nonsense", "role": "sales"}, 422)
    again = admin("post", f"/invitations/{made['id']}/again", {}, 201)
    admin("delete", f"/invitations/{again['id']}", status=204)
    assert not Invitation.objects.exists()
    lock = Lock.objects.create(kind=Lock.Kind.ACCOUNT, key="user:1", label="somebody", failures=5)
    assert admin("get", "/access/locks")[0]["label"] == "somebody"
    admin("delete", f"/access/locks/{lock.pk}", status=204)
    mate = colleague("mate", "sales")
    Client().force_login(mate)
    assert admin("get", f"/access/{mate.pk}/sessions") == [] or admin("delete", f"/access/{mate.pk}/sessions")
    admin("get", "/access/987654/sessions", status=404)
    admin("delete", f"/access/{staff.pk}/factors", status=422)
    for program in (with_scopes(staff, "write"), with_scopes(mate, "admin")):
        program("post", "/invitations", {"email": "x@example.com", "role": "sales"}, 403)
        program("get", "/access/locks", status=403)
        program("delete", f"/access/{mate.pk}/sessions", status=403)
