"""Programs that say what holds, by numbers of their own: one at a time and ten thousand at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guanxi.catalog.models import Product
from guanxi.customers import actions as customers
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.search.models import Document
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake.models import ImportRun
from guanxi.ledger.models import Event
from guanxi.orders.models import Order

JSON = "application/json"


def put(api: Client, path: str, body: Any, status: int = 200) -> Any:
    answer = api.put(f"/api/v1{path}", body, content_type=JSON)
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.django_db
def test_a_party_is_said_again_and_again(api: Client) -> None:
    here = "/parties/by/shop/4711"
    mail = {"kind": "mail", "value": "Mei@Example.com"}
    body = {"name": "王美玲", "city": "Taipei", "profile": {"age": "45-54"}, "contact_points": [mail]}
    first = put(api, here, body, 201)
    told, noted = Event.objects.count(), AuditEntry.objects.count()
    assert put(api, here, body)["id"] == first["id"]
    assert (Event.objects.count(), AuditEntry.objects.count()) == (told, noted), "said again, nothing changes"
    phone = {"kind": "phone", "value": "+886912345678"}
    changed = put(api, here, {"city": "Kaohsiung", "roles": ["customer"], "contact_points": [phone]})
    assert (changed["name"], changed["city"], changed["roles"]) == ("王美玲", "Kaohsiung", ["customer"])
    assert {point["key"] for point in changed["contact_points"]} == {"mei@example.com", "+886912345678", "shop:4711"}
    assert put(api, "/parties/by/other/4711", {"name": "B"}, 201)["id"] != first["id"]
    assert put(api, here, {"contact_points": [{"kind": "mail", "value": "zhi@"}]}, 422)["errors"][0]["field"]
    assert Party.objects.count() == 2


@pytest.mark.django_db
def test_a_product_is_said_again(api: Client) -> None:
    assert put(api, "/products/by/T-1", {"price": "12.50"}, 422)["errors"][0]["field"] == "name"
    body = {"name": "Tea", "price": "12.50", "category": "Drinks / Tea"}
    first = put(api, "/products/by/T-1", body, 201)
    noted = AuditEntry.objects.count()
    assert put(api, "/products/by/T-1", body) == first
    assert AuditEntry.objects.count() == noted
    assert put(api, "/products/by/T-1", {"price": "13"})["name"] == "Tea"
    assert str(Product.objects.get().price) == "13.00"


@pytest.mark.django_db
def test_an_order_is_said_again_and_corrected(api: Client) -> None:
    party = put(api, "/parties/by/shop/1", {"name": "A"}, 201)["id"]
    lines = [{"description": "Tea", "quantity": "2", "amount": "12.50"}, {"description": "Cup", "amount": "3"}]
    body = {"party": party, "placed_at": "2017-12-30T10:15:00+08:00", "channel": "web", "lines": lines}
    first = put(api, "/orders/by/shop/W-1", body, 201)
    assert (first["number"], first["amount"]) == ("W-1", "15.50")
    noted = Event.objects.count()
    assert put(api, "/orders/by/shop/W-1", body)["amount"] == "15.50"
    assert Event.objects.count() == noted
    lines[0]["amount"] = "10"
    corrected = put(api, "/orders/by/shop/W-1", {**body, "lines": [lines[0], {"description": "Pot", "amount": "5"}]})
    assert (corrected["id"], corrected["amount"], corrected["line_count"]) == (first["id"], "15.00", 2)
    fewer = put(api, "/orders/by/shop/W-1", {**body, "lines": lines[:1]})
    assert (fewer["amount"], fewer["line_count"]) == ("10.00", 1)
    other = put(api, "/parties/by/shop/2", {"name": "B"}, 201)["id"]
    assert put(api, "/orders/by/shop/W-1", {**body, "party": other}, 422)["errors"][0]["field"] == "party"
    assert Order.objects.count() == 1


@pytest.mark.django_db
def test_an_event_is_recorded_once(api: Client) -> None:
    body = {"kind": "web.visit", "channel": "web", "payload": {"page": "/tea"}}
    first = put(api, "/events/by/shop/v-1", body, 201)
    assert put(api, "/events/by/shop/v-1", {**body, "payload": {}}) == first
    assert put(api, "/events/by/other/v-1", body, 201)["id"] != first["id"]
    Event.objects.filter(pk=first["id"]).delete()
    assert Event.objects.filter(kind="web.visit").count() == 1


@pytest.mark.django_db
def test_who_wants_no_record_back_gets_its_address(api: Client) -> None:
    tea = {"description": "Tea", "amount": "3"}
    bodies: dict[str, Any] = {"/parties/by/shop/8": {"name": "陳大文"}, "/products/by/T-8": {"name": "Tea"}}
    for path, body in bodies.items():
        _said_briefly(api, path, body)
    party = api.get("/api/v1/parties?external=shop:8").json()["items"][0]["id"]
    _said_briefly(api, "/orders/by/shop/W-8", {"party": party, "lines": [tea]})
    _said_briefly(api, "/events/by/shop/v-8", {"kind": "web.visit", "party": party})
    assert put(api, "/parties/by/shop/8", {"city": "臺南"})["name"] == "陳大文", "without the header the record comes"
    refused = api.put(
        "/api/v1/parties/by/shop/8", {"name": ""}, content_type=JSON, headers={"Prefer": "return=minimal"}
    )
    assert refused.status_code == 422 and refused.json()["errors"], "what is wrong is told all the same"


def _said_briefly(api: Client, path: str, body: Any) -> None:
    """New and again: 204, and the record where the address says."""
    places = set()
    for preferred in ("return=minimal", 'respond-async, return="minimal"'):
        answer = api.put(f"/api/v1{path}", body, content_type=JSON, headers={"Prefer": preferred})
        assert (answer.status_code, answer.content) == (204, b""), answer.content
        assert answer.headers["Preference-Applied"] == "return=minimal"
        places.add(answer.headers["Location"])
    (place,) = places
    found = api.get(place)
    assert found.status_code == 200 and place.endswith(f"/{found.json()['id']}")


@pytest.mark.django_db
def test_a_new_customer_is_found_at_once_by_what_was_said(api: Client) -> None:
    put(api, "/parties/by/shop/9", {"name": "Lin", "latin_name": "Lin Mei-Ling"}, 201)
    for words in ("Mei-Ling", "shop:9"):
        assert [one["name"] for one in api.get("/api/v1/parties", {"q": words}).json()["items"]] == ["Lin"], words
    put(api, "/parties/by/shop/9", {"contact_points": [{"kind": "mail", "value": "mei@example.com"}]})
    assert [one["name"] for one in api.get("/api/v1/parties", {"q": "mei@example.com"}).json()["items"]] == ["Lin"]


def bulk(api: Client, kind: str, rows: list[Any], status: int = 200, **more: Any) -> Any:
    answer = api.post(f"/api/v1/bulk/{kind}", {"rows": rows, "source": "shop", **more}, content_type=JSON)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_many_parties_in_one_call(api: Client, transactional_db: None, home: Path) -> None:
    rows: list[Any] = [{"external_id": str(n), "name": f"顧客{n}", "mail": f"c{n}@example.com"} for n in range(300)]
    rows[7]["date_of_birth"] = "31/31/1985"
    rows[9] = {"external_id": "9", "name": 'Two\nlines, "quoted"', "mail": "a@example.com"}
    told = bulk(api, "parties", rows)
    assert (told["created"], told["rejected"], len(told["rows"])) == (299, 1, 300)
    assert told["rows"][7]["result"] == "rejected" and told["rows"][7]["errors"][0]["field"] == "date_of_birth"
    assert [row["row"] for row in told["rows"] if row["result"] == "rejected"] == [7]
    nine = ContactPoint.objects.get(kind="external", key="shop:9").party
    assert told["rows"][9] == {"row": 9, "result": "created", "id": nine.pk, "errors": []}
    assert {point.key for point in nine.contact_points.filter(kind="mail")} == {"a@example.com"}
    del rows[7]["date_of_birth"]
    again = bulk(api, "parties", rows)
    assert (again["created"], again["unchanged"]) == (1, 299)
    assert {row["result"] for row in again["rows"]} == {"known", "created"}
    assert put(api, "/parties/by/shop/9", {"city": "Taipei"})["id"] == nine.pk, "the same one as by itself"
    reverted = api.post(f"/api/v1/imports/{told['import_run']}/revert")
    assert reverted.status_code == 202 and ImportRun.objects.count() == 2


def test_who_took_in_another_is_found_by_his_name_after_many_were_said(
    api: Client, transactional_db: None, home: Path
) -> None:
    said = [{"external_id": "1", "name": "王美玲", "mail": "mei@example.com"}, {"external_id": "2", "name": "Wang, M."}]
    bulk(api, "parties", said)
    first, other = (Party.objects.get(name=row["name"]) for row in said)
    customers.merge_parties(first, [other], by=SYSTEM, choices={"name": first.pk})
    text = Document.objects.get(title="王美玲").text
    bulk(api, "parties", [{"external_id": "1", "name": "王美玲", "city": "Tainan"}])
    found = Document.objects.get(title="王美玲")
    assert (found.subtitle, found.text) == ("Tainan", text) and "Wang, M." in text


def test_many_orders_and_products_in_one_call(api: Client, transactional_db: None, home: Path) -> None:
    told = bulk(
        api,
        "products",
        [{"code": "T-1", "name": "Tea", "category": ["Drinks", "Tea"], "price": 12.5}, {"name": "without a code"}],
    )
    assert [row["result"] for row in told["rows"]] == ["created", "rejected"]
    rows = [
        {"order": f"W-{n // 2}", "line": n, "customer": "c",
         "date": "2017-03-01T10:00:00Z", "product": "T-1",
         "quantity": 1, "amount": "12.50"} for n in range(6)
    ]  # fmt: skip
    fields = {one["name"] for one in api.get("/api/v1/bulk/sales/fields").json()}
    rows = [{name: value for name, value in row.items() if name in fields} for row in rows]
    for row in rows:
        row["customer"] = f"c{row['order']}"
    told = bulk(api, "sales", rows)
    assert told["rejected"] == 0 and {row["result"] for row in told["rows"]} == {"created"}
    assert {row["id"] for row in told["rows"]} == set(Order.objects.values_list("pk", flat=True))
    assert Order.objects.count() == 3


def test_what_a_program_mistakes_is_said(api: Client, transactional_db: None, home: Path) -> None:
    assert bulk(api, "parties", [{"nothing": 1}], 422)["errors"][0]["field"] == "rows.0.nothing"
    assert bulk(api, "parties", [], 422)["errors"]
    assert bulk(api, "parties", [{"city": "Taipei"}], 422)["detail"]
    assert bulk(api, "parties", [{"name": {"a": 1}}], 422)["errors"][0]["field"] == "rows.0.name"
    keyed = api.post(
        "/api/v1/bulk/parties", {"rows": [{"name": "A"}]}, content_type=JSON, headers={"Idempotency-Key": "x"}
    )
    assert keyed.status_code == 422 and not Party.objects.exists()


def test_strangers_take_nothing_in(client: Client, stranger: Any) -> None:
    client.force_login(stranger)
    for path in ("/parties/by/shop/1", "/products/by/1", "/orders/by/shop/1", "/events/by/shop/1"):
        assert client.put(f"/api/v1{path}", {}, content_type=JSON).status_code == 403
    assert client.post("/api/v1/bulk/parties", {"rows": [{"name": "A"}]}, content_type=JSON).status_code == 403


@pytest.mark.django_db
def test_a_party_is_said_with_few_statements(api: Client) -> None:
    body = {"name": "A", "roles": ["customer"]}
    put(api, "/parties/by/shop/1", body, 201)  # what a process looks up once
    for number, city, status, most in ((2, "臺北", 201, 27), (2, "Taipei", 200, 27), (2, "Taipei", 200, 14)):
        with CaptureQueriesContext(connection) as queries:
            put(api, f"/parties/by/shop/{number}", {**body, "city": city}, status)
        assert len(queries) <= most, [query["sql"] for query in queries]
