"""Products: categories, brands and units come into being by name; the list and the record page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from guanxi.catalog import actions
from guanxi.catalog.models import Brand, Category, Product
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed

pytestmark = pytest.mark.django_db


def milk(by: User, code: str = "100") -> Product:
    return actions.create_product(
        by=by, code=code, name="鮮奶", category="食品 / 乳品 / 牛奶", brand="光泉", unit="瓶", price=Decimal("45.50")
    )


def test_what_is_named_is_made_once(staff: User) -> None:
    first, second = milk(staff), milk(staff, "101")
    assert first.category == second.category
    assert first.department is not None
    assert first.department.name == "食品"
    assert list(Category.objects.order_by("depth").values_list("path", flat=True)) == [
        "食品",
        "食品 / 乳品",
        "食品 / 乳品 / 牛奶",
    ]
    assert Brand.objects.count() == 1


def test_a_code_is_used_once(staff: User, stranger: User) -> None:
    milk(staff)
    with pytest.raises(Refused) as refused:
        milk(staff)
    assert refused.value.field == "code"
    with pytest.raises(NotAllowed):
        milk(stranger, "200")


def test_a_new_category_brings_its_department(staff: User) -> None:
    product = milk(staff)
    changed = actions.edit_product(product.pk, {"category": "飲料/牛奶"}, {"category": "食品 / 乳品 / 牛奶"}, by=staff)
    assert changed.department is not None
    assert changed.department.name == "飲料"
    with pytest.raises(Conflict) as conflict:
        actions.edit_product(product.pk, {"category": "茶"}, {"category": "食品 / 乳品 / 牛奶"}, by=staff)
    assert conflict.value.theirs == "飲料 / 牛奶"


def test_wrong_fields_are_named(staff: User) -> None:
    product = milk(staff)
    for changes, field in [
        ({"colour": "white"}, "colour"),
        ({"price": "much"}, "price"),
        ({"category": "字" * 200}, "category"),
    ]:
        with pytest.raises(Refused) as refused:
            actions.edit_product(product.pk, changes, by=staff)
        assert refused.value.field == field


def test_list_record_and_edit_over_http(staff_client: Client, staff: User) -> None:
    product = milk(staff)
    assert "鮮奶" in staff_client.get("/products/").content.decode()
    assert "食品 / 乳品 / 牛奶" in staff_client.get(f"/products/{product.pk}/").content.decode()
    address = f"/products/{product.pk}/fact/brand.name/"
    assert staff_client.post(address, {"value": "林鳳營", "seen": '"光泉"'}).status_code == 200
    late = staff_client.post(address, {"value": "瑞穗", "seen": '"光泉"'})
    assert late.status_code == 409
    assert "林鳳營" in late.content.decode()


def test_new_products_come_from_a_form(staff_client: Client) -> None:
    sent = {
        "code": "7",
        "name": "茶",
        "category.path": "飲料 / 茶",
        "brand.name": "",
        "size": "",
        "price": "20",
        "cost": "",
    }
    done = staff_client.post("/products/new/", sent)
    assert done.status_code == 302
    assert Product.objects.get().category.path == "飲料 / 茶"
