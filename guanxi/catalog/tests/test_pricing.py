"""Which price holds and why; rates, taxes, bundles, stock; on screens and through the API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from guanxi.catalog import actions, pricing, queries, taxes
from guanxi.catalog.actions import create_product
from guanxi.catalog.exchange import converted
from guanxi.catalog.models import BundlePart, ExchangeRate, Price, PriceList, Product, Stock, StockPlace, TaxRate
from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.money import rounded
from guanxi.foundation.tags.actions import tag
from guanxi.foundation.visibility import NotAllowed

pytestmark = pytest.mark.django_db
DAY = date(2018, 6, 15)
JSON = "application/json"


@pytest.fixture
def tea(staff: User) -> Product:
    return create_product(code="tea", name="Tea", price=Decimal("10.00"), by=staff)


@pytest.fixture
def shop(staff: User) -> Party:
    party = create_party(by=staff, name="Hop Shing", kind="organisation")
    tag(party, ["Wholesale"], by=staff)
    return party


def a_list(code: str, currency: str = "USD", group: str = "", **values: Any) -> PriceList:
    return PriceList.objects.create(code=code, name=code.title(), currency=currency, customer_group=group, **values)


def a_price(price_list: PriceList, product: Product, amount: str, **values: Any) -> Price:
    return Price.objects.create(price_list=price_list, product=product, amount=Decimal(amount), **values)


def cost(product: Product, *asked: Any, **more: Any) -> Decimal:
    return pricing.price_of(product, *asked, **{"day": DAY, **more}).amount


def test_group_goes_before_all_and_the_list_before_the_product(tea: Product, shop: Party) -> None:
    assert cost(tea, shop) == 10
    a_price(a_list("all"), tea, "9.00")
    group = a_list("group", group="wholesale")  # as the tag, but for its capitals
    a_price(group, tea, "9.50")
    assert cost(tea) == 9
    found = pricing.price_of(tea, shop, day=DAY)
    assert (found.amount, found.price_list, "Wholesale".lower() in found.why) == (Decimal("9.50"), group, True)
    a_price(a_list("also", group="Wholesale"), tea, "9.20")  # of several of one kind the lowest
    assert cost(tea, shop) == Decimal("9.20")


def test_steps_and_periods(tea: Product) -> None:
    here = a_list("all")
    a_price(here, tea, "9.00")
    a_price(here, tea, "8.00", from_quantity=10)
    a_price(here, tea, "7.00", from_quantity=10, valid_from=date(2018, 6, 1))
    a_price(here, tea, "1.00", valid_from=date(2018, 7, 1))
    assert [cost(tea, None, Decimal(quantity)) for quantity in (1, 9, 10)] == [9, 9, 7]
    assert cost(tea, None, Decimal(10), day=date(2018, 5, 31)) == 8


def test_a_hole_is_named_and_not_passed_over(tea: Product, shop: Party) -> None:
    here = a_list("special", group="wholesale")
    step = a_price(here, tea, "5.00", from_quantity=10, valid_until=date(2018, 6, 30))
    with pytest.raises(Refused, match="“Special” has a hole: “Tea” has a price from 10 on, not for 2"):
        cost(tea, shop, Decimal(2))
    a_price(here, tea, "5.00", valid_from=date(2018, 8, 1))
    with pytest.raises(Refused, match="before and after"):
        cost(tea, shop, Decimal(20), day=date(2018, 7, 15))
    assert cost(tea, None, Decimal(2)) == 10  # the list is not for everybody
    step.delete()
    assert cost(tea, shop) == 10  # before a list begins it is not in force, which is no hole


def test_other_currencies_by_the_rate_of_the_day(tea: Product, shop: Party) -> None:
    a_price(a_list("euro", "EUR"), tea, "8.00")
    with pytest.raises(Refused, match="no exchange rate of EUR on or before") as refusal:
        cost(tea)
    assert refusal.value.field == "currency"
    ExchangeRate.objects.create(currency="EUR", day=date(2018, 6, 1), rate=Decimal("1.2500"))
    ExchangeRate.objects.create(currency="JPY", day=date(2018, 6, 10), units=100, rate=Decimal("0.9000"))
    assert cost(tea) == 10 and cost(tea, currency="EUR") == 8
    assert cost(tea, currency="JPY") == 1111  # no hundredths of a yen
    assert "8.00 EUR converted" in pricing.price_of(tea, day=DAY).why
    with pytest.raises(Refused, match="too old"):
        cost(tea, day=date(2018, 7, 3))
    assert converted(Decimal("2.345"), "USD", "USD", DAY) == Decimal("2.345")
    assert [rounded(Decimal("2.345"), code) for code in ("USD", "JPY", "KWD")] == [Decimal("2.35"), 2, Decimal("2.345")]


def test_a_product_without_any_price_says_so(staff: User) -> None:
    with pytest.raises(Refused, match="“Cup” has no price on"):
        cost(create_product(code="cup", name="Cup", by=staff))


def test_bundles_cost_their_own_price_or_that_of_their_parts(staff: User, tea: Product) -> None:
    pot = create_product(code="pot", name="Pot", price=Decimal("30.00"), by=staff)
    gift = create_product(code="gift", name="Gift", price=Decimal("45.00"), by=staff)
    actions.put_part(gift, tea, Decimal(2), by=staff)
    actions.put_part(gift, pot, by=staff)
    a_price(a_list("all"), tea, "9.00", from_quantity=1)
    assert cost(gift) == 45
    actions.edit_product(gift.pk, {"bundled": "sum"}, by=staff)
    found = pricing.price_of(Product.objects.get(pk=gift.pk), day=DAY)
    assert found.amount == 48 and "2 × Tea 9.00" in found.why
    with pytest.raises(Refused, match="made of"):
        actions.put_part(tea, gift, by=staff)
    with pytest.raises(Refused, match="more than nothing"):
        actions.put_part(gift, tea, Decimal(0), by=staff)
    BundlePart.objects.all().delete()
    with pytest.raises(Refused, match="no parts yet"):
        cost(Product.objects.get(pk=gift.pk))


def test_taxes_by_country_class_and_period() -> None:
    assert taxes.tax_on("", "US", DAY).percent == 0  # no rates at all: no tax
    TaxRate.objects.create(country="DE", name="USt", percent=Decimal(19), valid_until=date(2018, 6, 30))
    TaxRate.objects.create(country="DE", name="USt", percent=Decimal(16), valid_from=date(2018, 7, 1))
    TaxRate.objects.create(country="DE", name="USt", tax_class="food", percent=Decimal(7))
    asked = [("", DAY), ("", date(2018, 7, 1)), ("food", DAY)]
    assert [taxes.tax_on(kind, "DE", day).percent for kind, day in asked] == [19, 16, 7]
    with pytest.raises(Refused, match="DE has no tax rate for the class “books”"):
        taxes.tax_on("books", "DE", DAY)
    assert list(taxes.parted(Decimal(119), Decimal(19), True, "EUR")) == [100, 19]
    assert list(taxes.parted(Decimal(100), Decimal(19), False, "EUR")) == [100, 19]


def test_stock_is_held_taken_and_never_below_nothing(staff: User, tea: Product) -> None:
    place = StockPlace.objects.create(code="north", name="North")
    assert queries.available(tea) is None
    actions.count(place, tea, Decimal(10), by=staff)
    actions.reserve(tea, Decimal(4), place, by=staff)
    assert queries.available(tea) == 6
    actions.take(tea, Decimal(3), place, by=staff, held=Decimal(3))
    row = Stock.objects.get()
    assert [row.quantity, row.reserved, row.available] == [7, 1, 6]
    with pytest.raises(Refused, match=r"there are 7\.00 at “North”, not 8"):
        actions.take(tea, Decimal(8), place, by=staff)
    actions.release(tea, Decimal(5), place, by=staff)
    actions.put(tea, Decimal(1), place, by=staff)
    assert queries.available(tea) == 8
    pair = create_product(code="pair", name="Pair", by=staff)
    actions.put_part(pair, tea, Decimal(3), by=staff)
    assert queries.available(pair) == 2


def test_through_pages_and_api(tea: Product, shop: Party, staff_client: Client, api: Client) -> None:
    made = api.post(
        "/api/v1/records/price-lists", {"code": "w", "name": "W", "currency": "USD", "customer_group": "wholesale"},
        content_type=JSON,
    ).json()  # fmt: skip
    answer = staff_client.post(
        "/prices/new/", {"price_list": made["id"], "product": "tea", "from_quantity": "1", "amount": "6.50"}
    )
    assert answer.status_code == 302 and Price.objects.get().amount == Decimal("6.50")
    wrong = staff_client.post("/prices/new/", {"price_list": made["id"], "product": "nix", "amount": "1"})
    assert "no product “nix”" in wrong.content.decode()
    told = api.get(f"/api/v1/products/{tea.pk}/price?party={shop.pk}&quantity=2").json()
    assert (told["amount"], told["price_list"], told["tax_included"]) == ("6.50", "w", False)
    refused = api.get(f"/api/v1/products/{tea.pk}/price?currency=EUR")
    assert refused.status_code == 422 and "EUR" in refused.json()["errors"][0]["detail"]
    assert "6.50 USD" in staff_client.get(f"/products/{tea.pk}/panel/prices/").content.decode()
    asked = staff_client.get(f"/products/{tea.pk}/price/?quantity=2&party={shop.pk}").content.decode()
    assert "6.50 USD" in asked and "13.00" in asked
    for wrong in ("quantity=x", "day=2018-13-01", "currency=EUR", "party=999999", "quantity=-1"):
        assert "warning" in staff_client.get(f"/products/{tea.pk}/price/?{wrong}").content.decode()
    assert 'value="tea"' in staff_client.get("/products/suggest/?product=te").content.decode()
    place = api.post("/api/v1/records/stock-places", {"code": "n", "name": "N"}, content_type=JSON).json()
    staff_client.post("/stock/new/", {"place": place["id"], "product": "tea", "quantity": "5"})
    assert api.get(f"/api/v1/products/{tea.pk}/stock").json()["available"] == "5.00"
    assert "N" in staff_client.get(f"/products/{tea.pk}/panel/stock/").content.decode()
    staff_client.post("/bundle-parts/new/", {"bundle": "tea", "product": "tea", "quantity": "1"})
    assert not BundlePart.objects.exists()  # nothing is made of itself
    for slug in ("exchange-rates", "tax-rates", "stock", "stock-places", "bundle-parts"):
        assert staff_client.get(f"/{slug}/").status_code == 200
    bad = api.post(
        "/api/v1/records/exchange-rates", {"currency": "EUR", "day": "2018-06-01", "rate": "0"}, content_type=JSON
    )
    assert bad.status_code == 422


def test_who_only_sees_does_not_write(colleague: Any, tea: Product, client: Client) -> None:
    reader = colleague("reader", "read-only")
    place = StockPlace.objects.create(code="n", name="N")
    with pytest.raises(NotAllowed):
        actions.count(place, tea, Decimal(1), by=reader)
    with pytest.raises(NotAllowed):
        actions.put_part(tea, create_product(code="a", name="A", by=colleague("boss", "administrator")), by=reader)
    client.force_login(reader)
    assert client.get(f"/products/{tea.pk}/price/").status_code == 200
    assert client.post("/stock/new/", {"place": place.pk, "product": "tea", "quantity": "5"}).status_code == 403
