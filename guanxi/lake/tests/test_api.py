"""The query over HTTP: what a program sends and gets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from guanxi.lake.api import plain
from guanxi.lake.refresh import refresh
from guanxi.lake.tests.conftest import Shop

JSON = "application/json"
ADDRESS = "/api/v1/query"


@pytest.fixture
def spring(shop: Shop) -> None:
    tea = shop.product("T1", "烏龍茶", "飲料")
    mei = shop.party("陳美華", profile={"age": "35-44"})
    shop.order(mei, "2017-03-05", (tea, "10.10"), (None, 3), place=shop.place("N", "臺北店"))
    shop.order(mei, "2017-04-01", (tea, "90071992547409.9301"))
    refresh()


def test_a_question_is_answered(spring: None, api: Client) -> None:
    asked = {
        "measures": ["sales", "orders"],
        "by": ["month", "place", "age"],
        "where": {"day": {"from": "2017-03-01", "to": "2017-03-31"}, "department": ["飲料", None]},
        "order": ["-sales"],
        "limit": 100,
        "totals": True,
    }
    answer = api.post(ADDRESS, asked, content_type=JSON)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["columns"] == ["month", "place", "age", "sales", "orders", "place_id"]
    ((*row, place_id),) = body["rows"]
    assert row == ["2017-03", "臺北店", "35-44", 13.1, 1]
    assert place_id > 0
    assert body["about"]["place"]["key"] == "place_id"
    assert body["about"]["sales"]["format"] == "money"
    assert body["totals"] == {"sales": 13.1, "orders": 1}
    assert body["as_of"]
    assert body["currency"] == "USD"


def test_an_amount_too_long_for_a_number_is_text(spring: None, api: Client) -> None:
    body = api.post(ADDRESS, {"measures": ["sales"], "where": {"month": ["2017-04"]}}, content_type=JSON).json()
    assert body["rows"] == [["90071992547409.9301"]]
    assert plain(Decimal("4596039.58")) == 4596039.58


def test_unknown_names_are_422_with_the_known_ones(spring: None, api: Client) -> None:
    answer = api.post(ADDRESS, {"measures": ["profit"]}, content_type=JSON)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "measures"
    assert "margin" in error["detail"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"measures": "sales"},
        {"measures": ["sales"], "limit": 0},
        {"measures": ["sales"], "where": {"day": {"from": "soon"}}},
        {"measures": ["sales"], "wherefore": {}},
        {"measures": ["sales"], "where": {"customer": [2**80]}},
        {"measures": ["sales"], "where": {"customer": [-(2**63) - 1]}},
        {"measures": ["sales"], "where": {"department": [{"a": 1}]}},
    ],
)
def test_what_cannot_be_asked_is_422(spring: None, api: Client, asked: dict[str, Any]) -> None:
    assert api.post(ADDRESS, asked, content_type=JSON).status_code == 422


def test_the_words_of_queries(spring: None, api: Client) -> None:
    body = api.get(ADDRESS).json()
    assert {"sales", "new_customers", "margin"} <= {one["name"] for one in body["measures"]}
    assert {"week", "department", "staff", "household_size"} <= {one["name"] for one in body["dimensions"]}


def test_no_token_no_answer(spring: None, client: Client) -> None:
    assert client.post(ADDRESS, {"measures": ["sales"]}, content_type=JSON).status_code == 401
