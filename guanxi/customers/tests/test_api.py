"""Customers, orders, products and events over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers.models import Party
from tests.costs import statements

pytestmark = pytest.mark.django_db
JSON = "application/json"


def post(api: Client, address: str, body: Any, status: int = 201) -> Any:
    response = api.post(f"/api/v1{address}", body, content_type=JSON)
    assert response.status_code == status, response.content
    return response.json()


def get(api: Client, address: str, **query: Any) -> Any:
    response = api.get(f"/api/v1{address}", query)
    assert response.status_code == 200, response.content
    return response.json()


def patch(api: Client, address: str, body: Any, status: int = 200) -> Any:
    response = api.patch(f"/api/v1{address}", body, content_type=JSON)
    assert response.status_code == status, response.content
    return response.json()


def mei(api: Client, **values: Any) -> Any:
    points = [{"kind": "mail", "value": "Mei@example.com"}, {"kind": "phone", "value": "+886 912 345 678"}]
    body = {"family_name": "王", "given_name": "美玲", "country": "TW", "contact_points": points, "roles": ["customer"]}
    return post(api, "/parties", {**body, **values})


def test_a_party_comes_back_as_it_was_sent(api: Client) -> None:
    made = mei(api, profile={"age": "45-54"}, date_of_birth="1970-02-03")
    assert made == get(api, f"/parties/{made['id']}")
    assert made["name"] == "王美玲"
    assert made["profile"] == {"age": "45-54"}
    assert made["date_of_birth"] == "1970-02-03"
    assert made["roles"] == ["customer"]
    assert [point["key"] for point in made["contact_points"]] == ["mei@example.com", "+886912345678"]
    assert made["created_at"].endswith(("Z", "+00:00"))


def test_pages_follow_by_cursor(api: Client) -> None:
    numbers = [post(api, "/parties", {"name": f"客戶{index}"})["id"] for index in range(5)]
    found, cursor = [], None
    while True:
        page = get(api, "/parties", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [party["id"] for party in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == numbers


def test_a_program_follows_what_changed(api: Client) -> None:
    first, second = mei(api), post(api, "/parties", {"name": "陳志明"})
    since = second["changed_at"]
    patch(api, f"/parties/{first['id']}", {"city": "臺北"})
    changed = get(api, "/parties", updated_since=since, limit=1)
    page = get(api, "/parties", updated_since=since, limit=5, cursor=changed["next"])
    assert [party["id"] for party in changed["items"] + page["items"]] == [second["id"], first["id"]]


def test_filters(api: Client) -> None:
    made = mei(api)
    office = post(api, "/parties", {"name": "大同貿易有限公司", "kind": "organisation", "roles": ["partner"]})
    for query, expected in [
        ({"kind": "organisation"}, [office]),
        ({"role": "customer"}, [made]),
        ({"mail": "MEI@EXAMPLE.COM"}, [made]),
        ({"phone": "+886912345678"}, [made]),
        ({"phone": "12"}, []),
        ({"q": "美玲"}, [made]),
        ({"q": "大同"}, [office]),
    ]:
        assert [party["id"] for party in get(api, "/parties", **query)["items"]] == [party["id"] for party in expected]


def test_the_list_costs_the_same_with_many(api: Client) -> None:
    def cost() -> int:
        return statements(lambda: get(api, "/parties"))

    mei(api)
    one = cost()
    for index in range(10):
        mei(api, contact_points=[{"kind": "mail", "value": f"m{index}@example.com"}])
    assert cost() == one <= 9  # one of them for roles


def test_changes_and_conflicts(api: Client) -> None:
    made = mei(api)
    address = f"/parties/{made['id']}"
    assert patch(api, address, {"city": "臺北", "expected": {"city": ""}})["city"] == "臺北"
    found = patch(api, address, {"city": "高雄", "expected": {"city": ""}}, status=409)
    assert (found["original"], found["yours"], found["theirs"]) == ("", "高雄", "臺北")
    assert found["errors"][0]["field"] == "city"
    assert patch(api, address, {"roles": ["partner"], "profile": {"age": "65+"}})["roles"] == ["partner"]
    assert patch(api, address, {"profile": {"age": None}})["profile"] == {}
    assert patch(api, address, {"profile": {"shoe": 44}}, status=422)["errors"][0]["field"] == "profile.shoe"


def test_contact_points(api: Client) -> None:
    made, other = mei(api), post(api, "/parties", {"name": "陳志明"})
    address = f"/parties/{other['id']}/contact-points"
    added = post(api, address, {"kind": "phone", "value": "+886912345678"})
    assert added["shared_with"] == [made["id"]]
    changed = patch(api, f"{address}/{added['id']}", {"value": "+886 2 2345 6789", "preferred": True})
    assert (changed["key"], changed["preferred"], changed["shared_with"]) == ("+886223456789", True, [])
    assert patch(api, f"/parties/{made['id']}/contact-points/{added['id']}", {"label": "x"}, status=404)
    assert api.delete(f"/api/v1{address}/{added['id']}").status_code == 204
    assert get(api, address) == []


def test_relationships_and_consents(api: Client) -> None:
    made, other = mei(api), post(api, "/parties", {"name": "陳志明"})
    address = f"/parties/{made['id']}/relationships"
    row = post(api, address, {"kind": "household", "other": other["id"]})
    assert (row["party"], row["other"]) == (made["id"], other["id"])
    assert get(api, f"/parties/{other['id']}/relationships") == [row]
    assert post(api, address, {"kind": "household", "other": 987654}, status=422)["errors"][0]["field"] == "other"
    assert api.delete(f"/api/v1{address}/{row['id']}").status_code == 204
    consents = f"/parties/{made['id']}/consents"
    post(api, consents, {"purpose": "marketing", "channel": "mail", "given": True, "at": "2017-01-01T00:00:00Z"})
    post(api, consents, {"purpose": "marketing", "channel": "mail", "given": False, "at": "2017-02-01T00:00:00+08:00"})
    assert [(row["channel"], row["given"]) for row in get(api, consents)] == [("mail", False)]


def test_orders_and_their_money(api: Client) -> None:
    made = mei(api)
    post(api, "/products", {"code": "1", "name": "鮮奶", "category": "食品 / 乳品", "price": "4.10"})
    lines = [{"product": "1", "quantity": 2}, {"description": "郵資", "amount": "60.0000", "discount": "0.10"}]
    body = {
        "party": made["id"],
        "lines": lines,
        "place": "367",
        "channel": "web",
        "placed_at": "2017-03-01T08:00:00+08:00",
    }
    order = post(api, "/orders", body)
    assert (order["amount"], order["discount"], order["currency"]) == ("68.20", "0.10", "USD")
    assert [(line["product"], line["quantity"], line["amount"]) for line in order["lines"]] == [
        ("1", "2.00", "8.20"),
        (None, "1.00", "60.00"),
    ]
    assert order["placed_at"] == "2017-03-01T00:00:00Z"
    assert order == get(api, f"/orders/{order['id']}")
    assert [found["id"] for found in get(api, f"/parties/{made['id']}/orders")["items"]] == [order["id"]]
    back = post(api, f"/orders/{order['id']}/return", {"lines": {str(order["lines"][0]["id"]): "1"}})
    assert (back["kind"], back["amount"], back["returns"]) == ("return", "-4.10", order["id"])
    more = post(api, f"/orders/{order['id']}/lines", {"lines": [{"description": "袋", "amount": "1"}]})
    assert (more["amount"], more["line_count"]) == ("69.20", 3)
    kinds = [event["kind"] for event in get(api, f"/parties/{made['id']}/events")["items"]]
    assert kinds.count("order.placed") == kinds.count("order.returned") == 1
    assert post(api, "/orders", {**body, "party": 987654}, status=422)["errors"][0]["field"] == "party"
    wrong = {**body, "lines": [{"product": "nothing"}]}
    assert post(api, "/orders", wrong, status=422)["errors"][0]["field"] == "lines.0.product"


def test_an_order_that_is_refused_leaves_nothing(api: Client) -> None:
    made = mei(api)
    body = {"party": made["id"], "place": "new place", "lines": [{"description": "?"}]}
    assert post(api, "/orders", body, status=422)["errors"][0]["field"] == "amount"
    assert get(api, "/orders")["items"] == []
    from guanxi.orders.models import Place

    assert not Place.objects.exists()


def test_products(api: Client) -> None:
    made = post(
        api, "/products", {"code": "1", "name": "鮮奶", "category": "食品 / 乳品", "brand": "光泉", "price": "45.5"}
    )
    assert (made["department"], made["category"], made["price"]) == ("食品", "食品 / 乳品", "45.50")
    assert post(api, "/products", {"code": "1", "name": "茶"}, status=422)["errors"][0]["field"] == "code"
    address = f"/products/{made['id']}"
    assert patch(api, address, {"price": None, "brand": "林鳳營"})["brand"] == "林鳳營"
    assert get(api, address)["price"] is None
    assert [found["id"] for found in get(api, "/products", department="食品", active=True)["items"]] == [made["id"]]
    assert get(api, "/products", code="2")["items"] == []
    assert [found["id"] for found in get(api, "/products", q="鮮奶")["items"]] == [made["id"]]


def test_events(api: Client) -> None:
    made = mei(api)
    body = {"kind": "call", "party": made["id"], "channel": "phone", "payload": {"text": "問外送"}}
    event = post(api, "/events", {**body, "occurred_at": "2017-12-29T09:00:00+08:00"})
    assert event == get(api, f"/events/{event['id']}")
    assert event["occurred_at"] == "2017-12-29T01:00:00Z"
    assert get(api, "/events", kind="call", until="2018-01-01T00:00:00Z")["items"] == [event]
    assert post(api, "/events", {**body, "occurred_at": "2150-01-01T00:00:00Z"}, status=422)
    assert Party.objects.get().events.filter(kind="call").count() == 1
