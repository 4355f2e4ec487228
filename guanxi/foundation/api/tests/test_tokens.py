"""What tokens may: scopes, expiry, addresses; on the account page, on the command line, through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.foundation import people
from guanxi.foundation.actions import Refused
from guanxi.foundation.api import scopes
from guanxi.foundation.models import ApiToken, AuditEntry, User
from guanxi.foundation.visibility import SYSTEM

pytestmark = pytest.mark.django_db
EVENT = {"kind": "web.visit", "payload": {}}


def client_of(user: User, *given: str, **more: Any) -> Client:
    _row, plain = people.create_token(user, "till", by=user, scopes=given or people.ALL_SCOPES, **more)
    return Client(headers={"Authorization": f"Bearer {plain}"})


def write(client: Client, **headers: str) -> Any:
    return client.post("/api/v1/events", EVENT, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("given", "reads_events", "writes_events", "reads_orders", "lists_tokens"),
    [
        ("read", 200, 403, 200, 403),
        ("write", 200, 201, 200, 403),
        ("admin", 403, 403, 403, 200),
        ("read:events", 200, 403, 403, 403),
        ("write:events", 200, 201, 403, 403),
        ("write:orders read:events", 200, 403, 200, 403),
        ("read write admin", 200, 201, 200, 200),
    ],
)
def test_each_scope_opens_what_it_says_and_nothing_else(
    staff: User, given: str, reads_events: int, writes_events: int, reads_orders: int, lists_tokens: int
) -> None:
    client = client_of(staff, *given.split())
    assert client.get("/api/v1/events").status_code == reads_events
    assert write(client).status_code == writes_events
    assert client.get("/api/v1/orders").status_code == reads_orders
    assert client.get("/api/v1/tokens").status_code == lists_tokens


def test_a_missing_scope_is_named(staff: User) -> None:
    answer = write(client_of(staff, "read"), **{"Idempotency-Key": "once"})
    problem = answer.json()
    assert (answer.status_code, problem["scope"]) == (403, "write:events")
    assert problem["type"].endswith("#problem-missing-scope")
    assert "write:events" in problem["detail"]
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]


def test_asking_by_post_is_reading(staff: User) -> None:
    answer = client_of(staff, "read").post("/api/v1/query", {}, content_type="application/json")
    assert answer.status_code not in (401, 403)


def test_a_token_does_no_more_than_its_user(staff: User) -> None:
    client = client_of(staff, "read", "write", "admin")
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    assert client.get("/api/v1/events").status_code == 403


def test_an_expired_token_says_so(staff: User) -> None:
    client = client_of(staff, expires_at=timezone.now() + timedelta(days=1))
    assert client.get("/api/v1/events").status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = client.get("/api/v1/events")
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("#problem-token-expired")
    assert "expired at" in answer.json()["detail"]


def test_a_token_is_good_from_its_addresses_only(staff: User) -> None:
    client = client_of(staff, addresses="192.0.2.0/24, 2001:db8::1")
    for address, expected in (("192.0.2.77", 200), ("2001:db8::1", 200), ("198.51.100.1", 401), ("2001:db8::2", 401)):
        answer = client.get("/api/v1/events", REMOTE_ADDR=address)
        assert answer.status_code == expected, address
        assert expected == 200 or "from this address" in answer.json()["detail"]
    assert ApiToken.objects.get().last_address == "192.0.2.77"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"scopes": ()}, "scopes"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
        ({"addresses": "nowhere"}, "addresses"),
    ],
)
def test_a_token_that_cannot_be_is_refused(staff: User, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        people.create_token(staff, by=staff, **values)
    assert refused.value.field == field


@pytest.mark.parametrize("scope", ["", "all", "read:nothing", "admin:orders", "delete:orders"])
def test_unknown_scopes_are_refused(scope: str) -> None:
    with pytest.raises(Refused, match="There is no scope"):
        scopes.checked([scope])


def test_tokens_through_the_api(api: Client, staff: User, stranger: User) -> None:
    body = {"name": "shop", "scopes": ["read:orders"], "expires_at": "2199-01-01T00:00:00Z"}
    made = api.post("/api/v1/tokens", body, content_type="application/json")
    assert made.status_code == 201
    assert people.authenticate_token(made.json()["token"]) == staff
    listed = api.get("/api/v1/tokens").json()
    assert [one["name"] for one in listed] == ["shop", ""]
    assert "token" not in listed[0]
    assert api.delete(f"/api/v1/tokens/{made.json()['id']}").status_code == 204
    assert people.authenticate_token(made.json()["token"]) is None
    other, _ = people.create_token(stranger, by=SYSTEM)
    assert api.delete(f"/api/v1/tokens/{other.pk}").status_code == 404
    assert api.post("/api/v1/tokens", {**body, "scopes": ["all"]}, content_type="application/json").status_code == 422


def test_the_account_page_makes_tokens_with_scopes(staff_client: Client, staff: User) -> None:
    form = {"name": "收銀機", "scope": "write", "kinds": ["orders", "events"], "expires_on": "2199-12-31"}
    page = staff_client.post("/account/tokens/", {**form, "addresses": "192.0.2.7"}).content.decode()
    token = ApiToken.objects.get(user=staff)
    assert (token.scopes, token.addresses) == ("write:orders write:events", "192.0.2.7/32")
    assert token.expires_at and token.expires_at.year == 2200
    assert "Read and write: orders · Read and write: events" in page
    wrong = staff_client.post("/account/tokens/", {**form, "addresses": "nowhere"})
    assert wrong.status_code == 422 and "is no address" in wrong.content.decode()
    late = staff_client.post("/account/tokens/", {**form, "expires_on": "2001-01-01"})
    assert late.status_code == 422 and "have expired already" in late.content.decode()
    assert ApiToken.objects.count() == 1


def test_administrators_see_and_revoke_the_tokens_of_others(staff: User) -> None:
    token, plain = people.create_token(staff, "till", by=staff, scopes=["read"])
    admin = User.objects.create_user("admin", "a@example.com", "relation-8-ship", is_staff=True)
    desk = Client()
    desk.force_login(admin)
    page = desk.get(f"/access/{staff.pk}/").content.decode()
    assert token.hint in page and plain not in page
    desk.post(f"/access/tokens/{token.pk}/revoke/")
    assert people.authenticate_token(plain) is None
    entry = AuditEntry.objects.get(action="foundation.people.revoke_token")
    assert (entry.actor, entry.changes["name"]) == (admin, ["till", None])
