"""Values of custom fields, of every kind and on every type: set, refused, shown, listed, filtered, sorted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from guanxi.catalog.actions import create_product
from guanxi.catalog.models import Product
from guanxi.customers.actions import create_party, edit_party
from guanxi.customers.models import Party
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.custom_fields import columns, indexing, known, tasks, values
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.visibility import SYSTEM, NotAllowed

Make = Callable[..., CustomField]
# kind, what is said, what is stored, how it reads, the filter that finds it, one that does not
KINDS: list[tuple[str, Any, Any, str, str, str]] = [
    ("text", " Key account ", "Key account", "Key account", "__has=account", "__has=other"),
    ("long_text", "a\nb", "a\nb", "a", "__has=a", "__has=z"),
    ("number", "1,234.5", 1234.5, "1,234.5", "__gte=1000", "__gte=2000"),
    ("money", "0.10", 0.1, "USD 0.10", "=0.1", "__lte=0.09"),
    ("date", "2026-03-31", "2026-03-31", "31 Mar 2026", "__gte=2026-03-31", "__lte=2026-03-30"),
    ("moment", "2026-03-31T10:00:00+00:00", "2026-03-31T10:00:00Z", "31 Mar 2026", "=2026-03-31", "=2026-04-01"),
    ("choice", "Gold", "gold", "Gold", "=gold", "=silver"),
    ("choices", "silver, gold", ["gold", "silver"], "Silver", "=silver", "__empty=1"),
    ("yes_no", "yes", True, "Yes", "=1", "=0"),
    ("link", "example.com/a", "https://example.com/a", "example.com/a", "__has=example", "__has=nothing"),
]
MARKS = [{"code": code, "names": {"en": code.title()}} for code in ("red", "hot", "cold")]
WRONG = [
    ("text", "x" * 201),
    ("number", "many"),
    ("number", "1234567890123456"),
    ("money", "1e300"),
    ("date", "31.02.2026"),
    ("moment", "yesterday"),
    ("choice", "Bronze"),
    ("choices", "gold, Bronze"),
    ("yes_no", "perhaps"),
    ("person", "nobody"),
    ("party", "999999"),
    ("link", "javascript:alert(1)"),
]


@pytest.fixture
def product(db: None) -> Product:
    return create_product(by=SYSTEM, code="P1", name="Tea")


@pytest.mark.parametrize(("kind", "said", "stored", "shown", "finds", "misses"), KINDS)
def test_a_value_is_stored_shown_and_filtered(
    kind: str,
    said: Any,
    stored: Any,
    shown: str,
    finds: str,
    misses: str,
    field: Make,
    product: Product,
    staff_client: Client,
) -> None:
    made = field("catalog.product", "extra", kind, in_list=True)
    create_product(by=SYSTEM, code="P2", name="Coffee")
    answer = staff_client.post(f"/products/{product.pk}/fact/custom.extra/", {"value": said, "seen": "null"})
    assert answer.status_code == 200, answer.content
    product.refresh_from_db()
    assert product.custom == {"extra": stored}
    indexing.settle(made.pk)
    for address in (f"/products/{product.pk}/", "/products/"):
        assert shown in staff_client.get(address).content.decode()
    found = staff_client.get(f"/products/?f.custom.extra{finds}").content.decode()
    assert "Tea" in found
    assert "Coffee" not in found
    assert "Tea</a>" not in staff_client.get(f"/products/?f.custom.extra{misses}").content.decode()
    empty = staff_client.get("/products/?f.custom.extra__empty=1").content.decode()
    assert "Coffee" in empty
    assert "Tea</a>" not in empty


@pytest.mark.parametrize(("kind", "said"), WRONG)
def test_a_wrong_value_is_refused_with_the_field(kind: str, said: Any, field: Make, product: Product) -> None:
    field("catalog.product", "extra", kind)
    with pytest.raises(Refused) as refused:
        values.set_values(product, {"extra": said}, by=SYSTEM)
    assert refused.value.field == "custom.extra"
    assert refused.value.message
    product.refresh_from_db()
    assert not product.custom


def test_options_hold_values_in_bounds(field: Make, product: Product) -> None:
    field("catalog.product", "share", "number", options={"least": 0, "most": 100, "unit": "%"})
    field("catalog.product", "post_code", "text", options={"pattern": r"\d{5}"})
    for key, wrong in (("share", 101), ("share", -0.1), ("post_code", "1234")):
        with pytest.raises(Refused):
            values.set_values(product, {key: wrong}, by=SYSTEM)
    values.set_values(product, {"share": 100, "post_code": "10617"}, by=SYSTEM)


def test_only_declared_fields_can_be_set(product: Product) -> None:
    with pytest.raises(Refused, match="no custom field"):
        values.set_values(product, {"colour": "red"}, by=SYSTEM)


def test_required_and_default(field: Make, staff_client: Client) -> None:
    field("catalog.product", "origin", "text", required=True)
    field("catalog.product", "grade", "choice", default="silver")
    sent = {"code": "P9", "name": "Oolong"}
    wrong = staff_client.post("/products/new/", sent)
    assert wrong.status_code == 422
    assert "cannot be left empty" in wrong.content.decode()
    staff_client.post("/products/new/", {**sent, "custom.origin": "Alishan", "custom.grade": "silver"})
    product = Product.objects.get(code="P9")
    assert product.custom == {"origin": "Alishan", "grade": "silver"}
    assert create_product(by=SYSTEM, code="P10", name="Puerh").custom == {"grade": "silver"}
    with pytest.raises(Refused, match="left empty"):
        values.set_values(product, {"origin": ""}, by=SYSTEM)


def test_two_who_change_one_field_see_both_values(field: Make, product: Product, staff_client: Client) -> None:
    field("catalog.product", "due", "moment")
    values.set_values(product, {"due": "2026-01-01T00:00:00Z"}, by=SYSTEM)
    saw = '"2025-01-01 00:00:00+00:00"'
    answer = staff_client.post(
        f"/products/{product.pk}/fact/custom.due/", {"value": "2026-02-02T00:00:00", "seen": saw}
    )
    assert answer.status_code == 409
    same = datetime(2026, 1, 1, tzinfo=UTC)
    values.set_values(product, {"due": "2026-02-02T00:00:00Z"}, {"due": str(same)}, by=SYSTEM)
    with pytest.raises(Conflict):
        values.set_values(product, {"due": "2026-03-03T00:00:00Z"}, {"due": str(same)}, by=SYSTEM)


def test_colleague_and_customer(field: Make, product: Product, staff: User, staff_client: Client) -> None:
    field("catalog.product", "buyer", "person", in_list=True)
    field("catalog.product", "maker", "party", in_list=True)
    party = create_party(by=SYSTEM, name="Chunghwa Tea", kind="organisation")
    values.set_values(product, {"buyer": "meihua", "maker": party.pk}, by=SYSTEM)
    page = staff_client.get("/products/").content.decode()
    assert str(staff) in page
    assert f'href="/customers/{party.pk}/">Chunghwa Tea</a>' in page
    assert "Tea" in staff_client.get(f"/products/?f.custom.buyer={staff.pk}").content.decode()
    assert "Tea</a>" in staff_client.get(f"/products/?f.custom.maker={party.pk}").content.decode()
    values.set_values(product, {"maker": f"Chunghwa Tea #{party.pk}"}, by=SYSTEM)
    offered = staff_client.get(reverse("custom_fields:parties"), {"value": "Chung"}).content.decode()
    assert f"Chunghwa Tea #{party.pk}" in offered


def test_of_customers_they_are_profile_fields(field: Make, staff: User, staff_client: Client) -> None:
    made = field("customers.party", "tier", "choice", in_list=True, searchable=True)
    field("customers.party", "limit", "money", default=500)
    party = create_party(by=SYSTEM, name="王美玲")
    assert party.profile == {"limit": 500}
    edit_party(party.pk, {"profile.tier": "金"}, by=staff)
    party.refresh_from_db()
    assert party.profile == {"limit": 500, "tier": "gold"}
    assert party.source_records.filter(payload__has_key="profile.tier").exists()  # people win over later sources
    with pytest.raises(Refused) as refused:
        edit_party(party.pk, {"profile.tier": "bronze"}, by=staff)
    assert refused.value.field == "profile.tier"
    indexing.settle(made.pk)
    page = staff_client.get("/customers/?f.profile.tier=gold&sort=profile.tier").content.decode()
    assert "王美玲" in page
    assert "cannot be sorted" not in page
    assert "王美玲" in staff_client.get("/customers/?q=Gold").content.decode()
    answer = staff_client.post(f"/customers/{party.pk}/fact/profile.limit/", {"value": "750.5", "seen": '"500"'})
    assert answer.status_code == 200
    party.refresh_from_db()
    assert party.profile["limit"] == 750.5


def test_tasks_and_orders_take_them(field: Make, staff: User, staff_client: Client) -> None:
    field("todos.todo", "hours", "number", in_list=True)
    field("orders.order", "gift", "yes_no")
    todo = todos.add("Count the tea", by=staff)
    answer = staff_client.post(f"/todos/{todo.pk}/fact/custom.hours/", {"value": "2.5", "seen": "null"})
    assert answer.status_code == 200
    assert "2.5" in staff_client.get("/todos/").content.decode()
    assert staff_client.get("/orders/?f.custom.gift=1").status_code == 200


def test_the_history_names_fields_and_values(field: Make, product: Product, staff: User, staff_client: Client) -> None:
    field("catalog.product", "grade", "choice")
    values.set_values(product, {"grade": "gold"}, by=staff)
    entry = AuditEntry.objects.filter(object_type="catalog.product", object_id=product.pk).latest("id")
    assert entry.changes == {"custom": [None, {"grade": "gold"}]}
    history = staff_client.get(f"/products/{product.pk}/history/").content.decode()
    assert "Grade" in history
    assert "Gold" in history


def test_strangers_set_nothing(field: Make, product: Product, stranger: User) -> None:
    field("catalog.product", "grade", "choice")
    with pytest.raises(NotAllowed):
        values.set_values(product, {"grade": "gold"}, by=stranger)


@pytest.mark.parametrize("kind", ["text", "number", "date", "choice", "yes_no"])
def test_the_filter_uses_the_index(kind: str, field: Make) -> None:
    made = field("customers.party", "extra", kind)
    assert indexing.settle(made.pk) == CustomField.Index.READY
    value = {"text": "a", "number": 5, "date": "2026-01-01", "choice": "gold", "yes_no": True}[kind]
    rows = Party.objects.filter(profile__extra=value).order_by()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert indexing.name_of(made) in rows.explain()
    ordered = Party.objects.filter(profile__extra__isnull=False).order_by("profile__extra", "pk")[:50]
    assert indexing.name_of(made) in ordered.explain()


def test_several_choices_are_found_by_an_index(field: Make, staff_client: Client) -> None:
    made = field("catalog.product", "marks", "choices", options={"choices": MARKS})
    CustomField.objects.filter(pk=made.pk).update(index_state=CustomField.Index.NONE)
    known.changed()
    assert tasks.build_missing.call() == 1
    assert tasks.build_missing.call() == 0
    told = {"P1": ["red"], "P2": ["red", "hot"], "P3": ["cold"], "P4": None}
    for code, marks in told.items():
        values.set_values(create_product(by=SYSTEM, code=code, name=code), {"marks": marks}, by=SYSTEM)
    asked = {
        "f.custom.marks=red": ["P1", "P2"],
        "f.custom.marks=hot&f.custom.marks=cold": ["P2", "P3"],
        "f.custom.marks__not=red": ["P3", "P4"],
        "f.custom.marks__empty=1": ["P4"],
    }

    def found() -> dict[str, list[str]]:
        pages = {query: staff_client.get(f"/products/?{query}").content.decode() for query in asked}
        return {query: [code for code in told if f">{code}<" in page] for query, page in pages.items()}

    assert found() == asked
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        column = columns.HoldsAny("custom", "marks", ["hot"], indexed=True)
        plan = Product.objects.filter(Q(column)).order_by().explain()
    assert plan.count(indexing.name_of(made)) >= (1 if connection.vendor == "postgresql" else 3)
    CustomField.objects.filter(pk=made.pk).update(index_state=CustomField.Index.NONE)
    indexing.drop(made)
    known.changed()
    assert found() == asked


def test_an_index_goes_with_its_field(field: Make) -> None:
    made = field("customers.party", "extra", "number")
    indexing.settle(made.pk)
    CustomField.objects.filter(pk=made.pk).update(filterable=False)
    assert indexing.settle(made.pk) == CustomField.Index.NONE
    with connection.cursor() as cursor:
        names = connection.introspection.get_constraints(cursor, "customers_party")
    assert not any(name.startswith(f"custom_{made.pk}_") for name in names)


def test_a_board_has_a_column_for_each_choice(field: Make, product: Product, staff_client: Client) -> None:
    field("catalog.product", "grade", "choice")
    values.set_values(product, {"grade": "gold"}, by=SYSTEM)
    page = staff_client.get("/products/?as=board&by=custom.grade").content.decode()
    assert "Silver" in page
    assert "Tea" in page
