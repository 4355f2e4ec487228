"""The frame of the API: who is let in, what errors look like, its description, its human page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from ninja.openapi.schema import OpenAPISchema

from guanxi.foundation import people
from guanxi.foundation.api.service import build
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM

pytestmark = pytest.mark.django_db
JSON = "application/json"


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem that a response holds, checked for what RFC 9457 asks."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) >= {"type", "title", "status", "detail", "instance", "errors"}
    assert body["status"] == status
    return body


def test_without_a_token_nothing_is_said(client: Client) -> None:
    response = client.get("/api/v1/parties")
    problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    problem(client.post("/api/v1/parties", {"name": "王"}, content_type=JSON), 401)


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer gx_" + "x" * 40, "Bearer " + "x" * 5000, "Basic eDp5"])
def test_a_wrong_token_is_refused(client: Client, header: str) -> None:
    problem(client.get("/api/v1/parties", headers={"Authorization": header}), 401)


def test_a_wrong_token_is_refused_also_within_a_session(staff_client: Client) -> None:
    problem(staff_client.get("/api/v1/parties", headers={"Authorization": "Bearer wrong"}), 401)


def test_the_token_of_somebody_who_does_not_work_here_is_refused(client: Client, staff: User, stranger: User) -> None:
    _token, plain = people.create_token(stranger, by=SYSTEM)
    for send in (client.get, client.post):
        problem(send("/api/v1/parties", headers={"Authorization": f"Bearer {plain}"}), 403)


def test_a_token_ends_with_its_user(api: Client, staff: User) -> None:
    assert api.get("/api/v1/parties").status_code == 200
    User.objects.filter(pk=staff.pk).update(is_active=False)
    problem(api.get("/api/v1/parties"), 401)


def test_a_session_reads_but_writes_only_with_its_csrf_token(staff: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(staff)
    assert browser.get("/api/v1/parties").status_code == 200
    problem(browser.post("/api/v1/parties", {"name": "王"}, content_type=JSON), 403)
    browser.get("/customers/")
    token = browser.cookies["csrftoken"].value
    sent = browser.post("/api/v1/parties", {"name": "王"}, content_type=JSON, headers={"X-CSRFToken": token})
    assert sent.status_code == 201


def test_addresses_and_methods_that_are_not_there(api: Client) -> None:
    problem(api.get("/api/v1/nothing"), 404)
    problem(api.get("/api/v1/parties/1"), 404)
    response = api.put("/api/v1/parties", {}, content_type=JSON)
    problem(response, 405)
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"name": NaN}', b'{"name": "a\\u0000b"}', b'{"name": "\\ud800"}', b"[" * 100_000]
)
def test_bodies_that_are_no_json(api: Client, body: bytes) -> None:
    problem(api.post("/api/v1/parties", body, content_type=JSON), 400)


def test_nul_in_a_query_is_refused(api: Client) -> None:
    problem(api.get("/api/v1/parties?q=%00"), 400)


def test_too_large_a_body(api: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    problem(api.post("/api/v1/parties", {"name": "王" * 1000}, content_type=JSON), 413)


def test_wrong_values_are_named_by_their_field(api: Client) -> None:
    body = {"name": "王", "kind": "robot", "contact_points": [{"kind": "pigeon"}]}
    found = problem(api.post("/api/v1/parties", body, content_type=JSON), 422)
    assert {error["field"] for error in found["errors"]} == {"kind", "contact_points.0.kind"}
    found = problem(api.get("/api/v1/parties?limit=0"), 422)
    assert found["errors"][0]["field"] == "limit"
    found = problem(api.get("/api/v1/parties?limit=201"), 422)
    assert found["errors"][0]["field"] == "limit"


def test_what_an_action_refuses_is_named_too(api: Client) -> None:
    body = {"name": "王", "contact_points": [{"kind": "phone", "value": "12"}]}
    found = problem(api.post("/api/v1/parties", body, content_type=JSON), 422)
    assert found["errors"][0]["field"] == "contact_points.0.value"
    assert "12" in found["detail"]
    assert api.get("/api/v1/parties").json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "cursor", ["x", "%20", "WzFd" * 200, "WyJ4Il0", "W251bGxd", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5XQ", "WzEuNV0"]
)
def test_a_cursor_that_was_never_given(api: Client, cursor: str) -> None:
    found = problem(api.get(f"/api/v1/parties?cursor={cursor}"), 422)
    assert found["errors"][0]["field"] == "cursor"


def test_an_unforeseen_error_is_a_problem_too(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("guanxi.customers.queries.parties", fail)
    found = problem(api.get("/api/v1/parties"), 500)
    assert "secret" not in json.dumps(found)


def test_errors_speak_the_caller_s_language(client: Client) -> None:
    assert (
        client.get("/api/v1/parties", headers={"Accept-Language": "zh-hant"}).headers["Content-Language"] == "zh-hant"
    )


def test_the_description_is_complete(client: Client) -> None:
    schema = client.get("/api/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert "Problem" in schema["components"]["schemas"]
    for path, operations in schema["paths"].items():
        assert path.startswith("/api/v1/")
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]
            assert operation["security"]
            assert "default" in operation["responses"]
    numbers = [operation["operationId"] for operations in schema["paths"].values() for operation in operations.values()]
    assert len(numbers) == len(set(numbers))
    assert {"/api/v1/parties", "/api/v1/orders", "/api/v1/products", "/api/v1/events"} <= set(schema["paths"])


@pytest.mark.browser
def test_the_human_page_works_under_our_policy(page: Any) -> None:
    page.goto("/api/docs")
    page.locator("#operations-tag-Parties").click()
    page.get_by_text("/api/v1/parties", exact=True).first.wait_for()
    assert page.get_by_role("button", name="Authorize").is_visible()


def test_no_two_schemas_of_the_description_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, dict[str, Any]] = {}
    clashes = []

    def add(self: OpenAPISchema, definitions: dict[str, dict[str, Any]]) -> None:
        for name, said in definitions.items():
            if (
                found.setdefault(name, said).keys() != said.keys()
                or found[name].get("properties", {}).keys() != said.get("properties", {}).keys()
            ):
                clashes.append(name)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", add)
    build().get_openapi_schema()
    assert len(found) > 50 and clashes == []
