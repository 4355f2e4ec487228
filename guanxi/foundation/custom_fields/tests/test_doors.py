"""Custom fields where they go beyond the screen: the API, exports, imports, the lake's measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from guanxi.catalog.actions import create_product
from guanxi.customers.actions import create_party, edit_party, merging
from guanxi.foundation.custom_fields import values
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import fields as importable
from guanxi.lake import dimensions, measures, schema

Make = Callable[..., CustomField]
JSON = "application/json"


def test_the_api_takes_and_tells_them(field: Make, api: Client) -> None:
    field("catalog.product", "weight", "number")
    field("catalog.product", "fee", "money", options={"currency": "TWD"})
    sent = {"code": "P1", "name": "Tea", "custom": {"weight": 2.5, "fee": {"amount": "12.50", "currency": "TWD"}}}
    made = api.post("/api/v1/products", sent, content_type=JSON)
    assert made.status_code == 201, made.content
    assert made.json()["custom"] == {"weight": 2.5, "fee": {"amount": "12.5", "currency": "TWD"}}
    number = made.json()["id"]
    wrong = api.patch(f"/api/v1/products/{number}", {"custom": {"weight": "heavy"}}, content_type=JSON)
    assert wrong.status_code == 422
    assert "custom.weight" in wrong.content.decode()
    other = {"custom": {"fee": {"amount": "1", "currency": "EUR"}}}
    assert api.patch(f"/api/v1/products/{number}", other, content_type=JSON).status_code == 422
    changed = api.patch(f"/api/v1/products/{number}", {"custom": {"fee": None}}, content_type=JSON).json()
    assert changed["custom"] == {"weight": 2.5, "fee": None}
    assert len(api.get("/api/v1/products?f.custom.weight__gte=2").json()["items"]) == 1
    assert api.get("/api/v1/products?f.custom.weight__gte=3").json()["items"] == []
    assert api.get("/api/v1/products?f.custom.weight__gte=x").status_code == 422


def test_the_api_of_customers_and_tasks(field: Make, api: Client) -> None:
    field("customers.party", "tier", "choice")
    field("customers.party", "secret", "text", sensitive=True)
    field("todos.todo", "hours", "number")
    sent = {"name": "Lin", "custom": {"tier": "gold", "secret": "x"}}
    made = api.post("/api/v1/parties", sent, content_type=JSON).json()
    assert made["custom"] == {"tier": "gold"}
    assert "secret" not in made["profile"]
    changed = api.patch(f"/api/v1/parties/{made['id']}", {"custom": {"tier": "Silver"}}, content_type=JSON).json()
    assert changed["custom"] == {"tier": "silver"}
    todo = api.post("/api/v1/todos", {"what": "Count", "custom": {"hours": 3}}, content_type=JSON)
    assert todo.json()["custom"] == {"hours": 3}


def test_fields_can_be_defined_by_programs(api: Client, stranger: Any) -> None:
    sent = {"object_type": "catalog.product", "names": {"en": "Shelf life"}, "kind": "number"}
    made = api.post("/api/v1/custom-fields", sent, content_type=JSON)
    assert made.status_code == 201, made.content
    assert made.json()["key"] == "shelf_life"
    renamed = api.patch(f"/api/v1/custom-fields/{made.json()['id']}", {"names": {"en": "Life"}}, content_type=JSON)
    assert renamed.json()["names"] == {"en": "Life"}
    assert [one["key"] for one in api.get("/api/v1/custom-fields").json()] == ["shelf_life"]
    assert api.delete(f"/api/v1/custom-fields/{made.json()['id']}").status_code == 204
    assert api.get("/api/v1/custom-fields").json() == []


def test_programs_retype_order_restore_and_destroy_fields(field: Make, api: Client) -> None:
    extra, tier = field("catalog.product", "extra", "text"), field("catalog.product", "tier", "choice")
    for code, said in (("1", "12"), ("2", "x")):
        values.set_values(create_product(by=SYSTEM, code=code, name=code), {"extra": said, "tier": "gold"}, by=SYSTEM)
    place = "/api/v1/custom-fields"

    def post(address: str, **body: Any) -> Any:
        return api.post(f"{place}/{address}", body, content_type=JSON)

    ordered = {"object_type": "catalog.product", "keys": ["tier", "extra"]}
    assert [one["key"] for one in api.put(f"{place}/order", ordered, content_type=JSON).json()] == ["tier", "extra"]
    nowhere = {"object_type": "catalog.nothing", "keys": []}
    assert api.put(f"{place}/order", nowhere, content_type=JSON).status_code == 422

    outlook = api.get(f"{place}/{extra.pk}/outlook?kind=number").json()
    assert (outlook["fine"], outlook["aside"], outlook["more"]) == (1, 1, 0)
    assert [(turn["value"], turn["becomes"]) for turn in outlook["turns"]] == [("x", ""), ("12", "12")]
    assert api.get(f"{place}/{extra.pk}/outlook?kind=formula").status_code == 422
    assert post(f"{extra.pk}/retype", kind="number").json()["kind"] == "number"
    assert post(f"{extra.pk}/retype", kind="number").status_code == 422
    assert post(f"{extra.pk}/refresh").status_code == 422, "it is not worked out"

    assert post(f"{tier.pk}/replace", code="gold", instead="silver").json() == {"changed": 2}
    assert post(f"{tier.pk}/replace", code="gold").status_code == 422

    whole = api.get(f"{place}/{tier.pk}").json()
    assert (whole["count"], whole["used_in"], whole["removed_at"]) == (2, [], None)
    assert post(f"{tier.pk}/destroy", count=2).status_code == 422, "it has to be removed first"
    assert api.delete(f"{place}/{tier.pk}").status_code == 204
    assert post(f"{tier.pk}/restore").json()["removed_at"] is None
    assert api.delete(f"{place}/{tier.pk}").status_code == 204
    assert [one["key"] for one in api.get(f"{place}?removed=true").json()] == ["tier"]
    assert post(f"{tier.pk}/destroy", count=1).status_code == 422, "not as the caller was told"
    assert post(f"{tier.pk}/destroy", count=2).json() == {"changed": 2}
    assert api.get(f"{place}/{tier.pk}").status_code == 404


def test_exports_have_them(field: Make, staff_client: Client) -> None:
    field("catalog.product", "weight", "number", in_list=True, options={"unit": "kg"})
    field("catalog.product", "grades", "choices", in_list=True)
    product = create_product(by=SYSTEM, code="P1", name="Tea")
    values.set_values(product, {"weight": 2.5, "grades": ["silver", "gold"]}, by=SYSTEM)
    answer = staff_client.get("/products/export.csv")
    text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
    head, line = text.splitlines()[:2]
    assert head.endswith("Weight,Grades")
    assert line.endswith('2.5,"Gold, Silver"')


def test_imports_offer_them(field: Make) -> None:
    field("customers.party", "tier", "choice")
    field("customers.party", "buyer", "person")
    offered = importable.fields_of("parties")
    assert "profile.buyer" not in offered
    tier = offered["profile.tier"]
    assert tier.words == {"gold": "gold", "金": "gold", "silver": "silver", "銀": "silver"}


def test_the_lake_cuts_by_them_and_measures_them(field: Make) -> None:
    field("customers.party", "tier", "choice")
    field("customers.party", "limit", "money")
    field("customers.party", "vip", "yes_no")
    field("customers.party", "notes", "long_text")
    known = dimensions.all()
    assert {"tier", "vip", "limit"} <= set(known)
    assert "notes" not in known
    assert {"limit_sum", "limit_mean"} <= set(measures.all())
    assert "profile_limit" in schema.PARTY.schema.names


def test_what_was_known_of_a_customer_survives_a_merge_and_its_undoing(field: Make) -> None:
    field("customers.party", "grades", "choices")
    one = create_party(by=SYSTEM, name="Lin A", profile={"grades": ["gold"]})
    two = create_party(by=SYSTEM, name="Lin B")
    edit_party(two.pk, {"profile.grades": ["silver", "gold"]}, by=SYSTEM)
    merged = merging.merge_parties(one, [two], by=SYSTEM)
    one.refresh_from_db()
    assert one.profile["grades"] == ["gold", "silver"]
    merging.undo_merge(merged.merges[0].pk, by=SYSTEM)
    one.refresh_from_db()
    assert one.profile == {"grades": ["gold"]}


def test_sensitive_ones_are_masked(field: Make, staff_client: Client) -> None:
    field("catalog.product", "secret", "text", sensitive=True, in_list=True)
    product = create_product(by=SYSTEM, code="P1", name="Tea")
    values.set_values(product, {"secret": "hidden words"}, by=SYSTEM)
    for page in ("/products/", f"/products/{product.pk}/"):
        assert "hidden words" not in staff_client.get(page).content.decode()
