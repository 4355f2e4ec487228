"""Orders made here: draft, confirmed, delivered in parts, taken back, cancelled; what they count for; stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from guanxi.catalog.actions import count, create_product
from guanxi.catalog.models import Product, Stock, StockPlace
from guanxi.customers.actions import create_party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed
from guanxi.lake import refresh, tables
from guanxi.ledger.models import Event
from guanxi.orders import actions as orders
from guanxi.orders.actions import Line
from guanxi.orders.handling import actions
from guanxi.orders.handling.models import Held
from guanxi.orders.models import Order, PurchaseSummary

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def tea(staff: User) -> Product:
    return create_product(code="tea", name="Tea", price=Decimal("10.00"), by=staff)


@pytest.fixture
def north(staff: User, tea: Product) -> StockPlace:
    place = StockPlace.objects.create(code="north", name="North")
    count(place, tea, Decimal(8), by=staff)
    return place


@pytest.fixture
def draft(staff: User, tea: Product) -> Order:
    party = create_party(by=staff, name="Hop Shing")
    lines = [Line(tea, quantity=Decimal(10), tax_percent=Decimal(19)), Line(description="Freight", amount=Decimal(5))]
    return orders.create_order(party, lines, by=staff, state="draft")


def stock() -> tuple[Any, Any]:
    row = Stock.objects.get()
    return row.quantity, row.reserved


def test_from_draft_to_delivered(staff: User, draft: Order, north: StockPlace) -> None:
    assert (draft.amount, draft.tax) == (105, 19)
    assert not PurchaseSummary.objects.exists() and not draft.party.roles.filter(role="customer").exists()
    with pytest.raises(Refused, match="Only a confirmed"):
        actions.deliver(draft.pk, by=staff)
    with pytest.raises(Refused, match="nothing can come back"):
        orders.return_order(draft.pk, by=staff)
    actions.confirm(draft.pk, by=staff)
    with pytest.raises(Refused, match="Only a draft"):
        actions.confirm(draft.pk, by=staff)
    assert PurchaseSummary.objects.get().revenue == 105 and draft.party.roles.filter(role="customer").exists()
    assert stock() == (8, 10)  # more is held than there is: it shows
    line = draft.lines.order_by("id").first()
    with pytest.raises(Refused, match=r"there are 8\.00"):
        actions.deliver(draft.pk, {line.pk: Decimal(9)}, north, by=staff)
    assert stock() == (8, 10)
    actions.deliver(draft.pk, {line.pk: Decimal(6)}, north, "Parcel 1", by=staff)
    draft.refresh_from_db()
    assert (draft.state, stock()) == ("partly", (2, 4))
    for wrong in ({line.pk: Decimal(5)}, {line.pk: Decimal(-1)}, {0: Decimal(1)}, {}):
        with pytest.raises(Refused):
            actions.deliver(draft.pk, wrong, by=staff)
    with pytest.raises(Refused, match="delivered already"):
        orders.change_line(line.pk, {"quantity": Decimal(5)}, by=staff)
    with pytest.raises(Refused, match="take it back"):
        actions.cancel(draft.pk, by=staff)
    orders.change_line(line.pk, {"quantity": Decimal(8), "amount": Decimal(80)}, by=staff)
    assert stock() == (2, 2)  # what is held follows
    actions.deliver(draft.pk, by=staff)
    draft.refresh_from_db()
    assert (draft.state, draft.deliveries.count(), Held.objects.count()) == ("delivered", 2, 0)
    assert stock() == (2, 0)  # from no place: not out of stock
    back = orders.return_order(draft.pk, quantities={line.pk: Decimal(3)}, into=north, by=staff)
    assert (back.kind, back.state, back.amount, stock()) == ("return", "", -30, (5, 0))
    kinds = list(Event.objects.filter(kind__startswith="order.").order_by("id").values_list("kind", flat=True))
    assert kinds == [
        "order.drafted",
        "order.confirmed",
        "order.delivered",
        "order.changed",
        "order.delivered",
        "order.returned",
    ]


@pytest.mark.django_db(transaction=True)
def test_what_is_cancelled_counts_nothing_in_summary_and_lake(
    staff: User, draft: Order, north: StockPlace, home: Any
) -> None:
    actions.confirm(draft.pk, by=staff)
    refresh.refresh()
    assert int(tables.table("sales_line").count().to_pyarrow().as_py()) == 2
    actions.cancel(draft.pk, "Changed his mind", by=staff)
    refresh.refresh()
    assert int(tables.table("sales_line").count().to_pyarrow().as_py()) == 0
    refresh.refresh(full=True)
    assert int(tables.table("sales_line").count().to_pyarrow().as_py()) == 0
    assert not PurchaseSummary.objects.exists() and stock() == (8, 0)
    with pytest.raises(Refused, match="not changed any more"):
        orders.change_line(draft.lines.first().pk, {"quantity": Decimal(1)}, by=staff)
    with pytest.raises(Refused, match="handled here"):
        actions.cancel(draft.pk, by=staff)


def test_an_order_that_is_only_noted_has_no_state(staff: User, draft: Order) -> None:
    noted = orders.create_order(draft.party, [Line(description="Milk", amount=Decimal(3))], by=staff)
    assert noted.state == "" and PurchaseSummary.objects.get().revenue == 3
    for step in (actions.confirm, actions.deliver, actions.cancel):
        with pytest.raises(Refused):
            step(noted.pk, by=staff)


def test_on_screen_and_through_the_api(staff_client: Client, api: Client, draft: Order, north: StockPlace) -> None:
    page = f"/orders/{draft.pk}/"
    assert staff_client.get(f"{page}confirmation/").status_code == 404
    staff_client.post(f"{page}handle/", {"what": "confirm"})
    shown = staff_client.get(page).content.decode()
    assert "Confirmed" in shown and "10 left" in shown
    assert staff_client.get(f"{page}confirmation/").content[:5] == b"%PDF-"
    line = draft.lines.first().pk
    staff_client.post(
        f"{page}handle/", {"what": "deliver", f"quantity-{line}": "2", "place": north.pk, "note": "DHL 7"}
    )
    assert "DHL 7" in staff_client.get(page).content.decode() and stock() == (6, 8)
    assert draft.number in staff_client.get("/orders/?f.state=partly").content.decode()
    wrong = staff_client.post(f"{page}handle/", {"what": "deliver", f"quantity-{line}": "x"}, follow=True)
    assert "not a number" in wrong.content.decode()
    body = {"party": draft.party_id, "state": "draft", "lines": [{"product": "tea", "tax_percent": "5"}]}
    made = api.post("/api/v1/orders", body, content_type=JSON).json()
    assert (made["state"], made["tax"]) == ("draft", "0.50")
    here = f"/api/v1/orders/{made['id']}"
    assert api.post(f"{here}/confirm", content_type=JSON).json()["state"] == "confirmed"
    assert api.post(f"{here}/deliver", {"place": "nix"}, content_type=JSON).status_code == 422
    assert api.post(f"{here}/deliver", {"place": "north"}, content_type=JSON).json()["state"] == "delivered"
    assert api.post(f"{here}/cancel", {}, content_type=JSON).status_code == 422
    assert api.get(f"{here}/confirmation").content[:5] == b"%PDF-"
    other = api.post("/api/v1/orders", body, content_type=JSON).json()["id"]
    assert api.get(f"/api/v1/orders/{other}/confirmation").status_code == 404  # a draft
    # What comes back goes into stock where one says so.
    before = Stock.objects.get().quantity
    form = staff_client.get(f"{page}take-back/").content.decode()
    assert "Put back into stock at" in form and "North" in form
    for into in ("999999", north.pk):
        staff_client.post(f"{page}take-back/", {f"quantity-{line}": "1", "into": into})
    staff_client.post(f"{page}take-back/", {f"quantity-{line}": "1", "into": ""})
    assert Stock.objects.get().quantity == before + 1 and draft.returned_by.count() == 2
    back = {"lines": {str(line): "1"}, "into": "nix"}
    assert api.post(f"/api/v1/orders/{draft.pk}/return", back, content_type=JSON).status_code == 422
    assert api.post(f"/api/v1/orders/{draft.pk}/return", back | {"into": "north"}, content_type=JSON).status_code == 201
    assert Stock.objects.get().quantity == before + 2


def test_rights(colleague: Any, draft: Order, client: Client) -> None:
    reader = colleague("reader", "read-only")
    with pytest.raises(NotAllowed):
        actions.confirm(draft.pk, by=reader)
    client.force_login(reader)
    assert client.post(f"/orders/{draft.pk}/handle/", {"what": "confirm"}).status_code == 403
