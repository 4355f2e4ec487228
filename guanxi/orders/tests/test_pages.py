"""The pages of orders: list, record, lines corrected in place, taking back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from guanxi.catalog.actions import create_product
from guanxi.customers.actions import create_party
from guanxi.foundation.models import User
from guanxi.orders import actions
from guanxi.orders.actions import Line
from guanxi.orders.models import Order
from tests.costs import statements


@pytest.fixture
def order(staff: User) -> Order:
    party = create_party(by=staff, name="王美玲")
    milk = create_product(by=staff, code="1", name="鮮奶", category="食品 / 乳品")
    lines = [
        Line(product=milk, quantity=Decimal(2), amount=Decimal("8.20"), discount=Decimal("0.80")),
        Line(description="郵資", amount=Decimal(60)),
    ]
    place = actions.place_called("367", by=staff, name="367 店")
    placed_at = datetime(2017, 1, 2, 10, tzinfo=UTC)
    return actions.create_order(party, lines, by=staff, number="TW-7", place=place, placed_at=placed_at, channel="till")


def test_list_and_record(staff_client: Client, order: Order) -> None:
    assert "TW-7" in staff_client.get("/orders/").content.decode()
    text = staff_client.get(f"/orders/{order.pk}/").content.decode()
    for words in ("TW-7", "王美玲", "鮮奶", "郵資", "367 店", "69.00", "−0.80", "68.20"):
        assert words in text


def test_the_list_filters_by_customer_and_day(staff_client: Client, order: Order) -> None:
    assert "TW-7" in staff_client.get(f"/orders/?f.party={order.party_id}&f.placed_at__gte=2017-01-01").content.decode()
    assert "TW-7" not in staff_client.get("/orders/?f.placed_at__gte=2017-02-01").content.decode()


def test_the_list_costs_the_same_with_many(staff_client: Client, staff: User, order: Order) -> None:
    def cost() -> int:
        return statements(lambda: staff_client.get("/orders/"))

    one = cost()
    for _index in range(15):
        actions.create_order(order.party, [Line(description="牛奶", amount=Decimal(8))], by=staff)
    assert cost() <= one <= 15


def test_a_card_opens_its_lines(staff_client: Client, client: Client, stranger: User, order: Order) -> None:
    address = f"/orders/{order.pk}/card-lines/"
    assert "鮮奶" in staff_client.get(address).content.decode()
    client.force_login(stranger)
    assert client.get(address).status_code == 403


def test_a_line_is_corrected_in_place(staff_client: Client, order: Order) -> None:
    row = order.lines.order_by("id")[0]
    address = f"/orders/lines/{row.pk}/"
    assert 'value="8.20"' in staff_client.get(address).content.decode()
    sent = {"quantity": "2", "discount": "0.80", "amount": "lots"}
    wrong = staff_client.post(address, sent)
    assert wrong.status_code == 422
    assert 'value="lots"' in wrong.content.decode()
    seen = {"seen_quantity": "2.00", "seen_discount": "0.80", "seen_amount": "8.20"}
    assert staff_client.post(address, {**sent, "amount": "9,20", **seen}).status_code == 200
    order.refresh_from_db()
    assert order.amount == Decimal("69.20")
    late = staff_client.post(address, {**sent, "amount": "1", **seen})
    assert late.status_code == 409
    assert "9.20" in late.content.decode()
    staff_client.post(f"{address}remove/")
    order.refresh_from_db()
    assert order.line_count == 1
    last = order.lines.get()
    assert staff_client.post(f"/orders/lines/{last.pk}/remove/").status_code == 422


def test_taking_back_over_the_page(staff_client: Client, order: Order) -> None:
    row = order.lines.order_by("id")[0]
    address = f"/orders/{order.pk}/take-back/"
    assert "鮮奶" in staff_client.get(address).content.decode()
    assert staff_client.post(address, {}).status_code == 422
    wrong = staff_client.post(address, {f"quantity-{row.pk}": "3"})
    assert wrong.status_code == 422
    assert 'value="3"' in wrong.content.decode()
    done = staff_client.post(address, {f"quantity-{row.pk}": "1"})
    assert done.status_code == 302
    made = Order.objects.get(kind="return")
    assert made.amount == Decimal("-4.10")
    assert "-4.10" in staff_client.get(done.headers["Location"]).content.decode()


def test_amounts_of_several_currencies_are_never_added(staff_client: Client, staff: User, order: Order) -> None:
    board = "/orders/?as=board&by=channel&sums=amount"
    assert "<strong>68.20</strong>" in staff_client.get(board).content.decode()
    Order.objects.filter(pk=order.pk).update(currency="TWD")
    actions.create_order(order.party, [Line(description="茶", amount=Decimal(8))], by=staff, channel="till")
    for address in (board, "/orders/figures/?as=board&by=channel&sums=amount", f"{board}&f.amount__gte=1"):
        assert "several currencies" in staff_client.get(address).content.decode()


def test_programs_correct_lines_and_take_them_out(api: Client, order: Order, staff: User) -> None:
    milk, post = order.lines.order_by("pk")
    other = actions.create_order(order.party, [Line(description="茶", amount=Decimal(5))], by=staff)

    def address(line: int, number: int = order.pk) -> str:
        return f"/api/v1/orders/{number}/lines/{line}"

    seen = api.get(f"/api/v1/orders/{order.pk}").json()["lines"][0]["amount"]
    sent = {"amount": "9.20", "expected": {"amount": seen}}
    changed = api.patch(address(milk.pk), sent, content_type="application/json")
    assert changed.status_code == 200, changed.content
    assert Decimal(changed.json()["amount"]) == Decimal("69.20")
    late = api.patch(address(milk.pk), {**sent, "amount": "9.50"}, content_type="application/json")
    assert late.status_code == 409
    assert api.patch(address(milk.pk, other.pk), {}, content_type="application/json").status_code == 404
    assert api.patch(address(milk.pk), {"discount": "-1"}, content_type="application/json").status_code == 422
    assert api.delete(address(post.pk)).status_code == 204
    assert api.delete(address(milk.pk)).status_code == 422, "the last one stays"
    assert order.lines.count() == 1
