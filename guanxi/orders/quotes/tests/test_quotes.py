"""Quotes: prices, sums, limits and approvals, versions; on screens, through the API, on paper."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from guanxi.catalog.actions import create_product
from guanxi.catalog.models import Price, PriceList, Product, TaxRate
from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification, User
from guanxi.foundation.roles.models import Role
from guanxi.foundation.visibility import NotAllowed
from guanxi.ledger.models import Event
from guanxi.orders.quotes import actions, document
from guanxi.orders.quotes.actions import Draft
from guanxi.orders.quotes.models import DiscountLimit, Quote
from guanxi.orders.sums import Position, dealt_out, sums

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def tea(staff: User) -> Product:
    return create_product(code="tea", name="Tea", price=Decimal("10.00"), by=staff)


@pytest.fixture
def shop(staff: User) -> Party:
    return create_party(by=staff, name="Hop Shing", kind="organisation", mail="hop@example.com", country="DE")


@pytest.fixture
def quote(staff: User, tea: Product, shop: Party) -> Quote:
    lines = [Draft(tea, quantity=Decimal(10)), Draft(description="Freight", price=Decimal("5.00"), optional=True)]
    return actions.create_quote(shop, lines, by=staff)


def test_prices_sums_and_tax(staff: User, quote: Quote, tea: Product, shop: Party) -> None:
    line, freight = quote.lines.order_by("position")
    assert (line.price, line.amount, line.why) == (10, 100, "The product's own price")
    assert (quote.net, quote.total, quote.reduction, quote.number[0]) == (100, 100, 0, "Q")
    TaxRate.objects.create(country="DE", name="USt", percent=Decimal(19))
    actions.edit_quote(quote.pk, {"discount_percent": Decimal(10)}, by=staff)
    actions.change_line(line.pk, {"quantity": Decimal(20), "discount_amount": Decimal("1.50")}, by=staff)
    quote.refresh_from_db()
    # 200 less 1.50 less a tenth = 178.65; 19 % of it = 33.94
    assert (quote.net, quote.tax, quote.total) == (Decimal("178.65"), Decimal("33.94"), Decimal("212.59"))
    assert quote.reduction == Decimal("10.68")
    with pytest.raises(Refused, match="by hand"):
        actions.edit_quote(quote.pk, {"tax_included": True}, by=staff)
    actions.remove_line(freight.pk, by=staff)
    actions.edit_quote(quote.pk, {"tax_included": True, "discount_percent": Decimal(0)}, by=staff)
    line.refresh_from_db()
    assert line.price == Decimal("11.90")
    for bad in ({"discount_amount": Decimal(1000)}, {"valid_until": clock.today() - timedelta(days=1)}):
        with pytest.raises(Refused):
            actions.edit_quote(quote.pk, bad, by=staff)
    with pytest.raises(Refused, match="more than the line"):
        actions.change_line(line.pk, {"discount_amount": Decimal(1000)}, by=staff)


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.sampled_from([0, 7, 19])), min_size=1, max_size=12),
    st.integers(0, 100), st.booleans(), st.sampled_from(["USD", "JPY", "KWD"]),
)  # fmt: skip
def test_nothing_is_lost_in_dealing_out(rows: list[Any], percent: int, included: bool, currency: str) -> None:
    coin = {"USD": 100, "JPY": 1, "KWD": 1000}[currency]
    positions = [Position(Decimal(units) / coin, Decimal(rate)) for units, rate in rows]
    came = sums(positions, included, currency, Decimal(percent))
    assert sum(came.nets) == came.net and sum(came.offs) == came.discount
    assert sum(one.net for one in came.taxes) == came.net and sum(one.tax for one in came.taxes) == came.tax
    if included:
        assert came.total == came.gross - came.discount
    parts = dealt_out(Decimal(units := len(rows)), [Decimal(1)] * units, currency)
    assert parts == [1] * units


def test_limits_and_approvals_step_by_step(
    staff: User, colleague: Any, tea: Product, shop: Party, client: Client
) -> None:
    rep, lead, boss = colleague("rep", "sales"), colleague("lead", "service"), colleague("boss", "manager")
    shop.owner = rep
    shop.save()
    for key, percent in (("sales", 5), ("service", 15), ("manager", 40)):
        DiscountLimit.objects.create(role=Role.objects.get(key=key), percent=percent)
    quote = actions.create_quote(shop, [Draft(tea, quantity=Decimal(10), discount_percent=Decimal(20))], by=rep)
    assert quote.reduction == 20
    with pytest.raises(Refused, match="20 % below list prices is more than the 5 %"):
        actions.send(quote.pk, by=rep)
    actions.ask_approval(quote.pk, "He buys every month", by=rep)
    assert list(quote.approvals.values_list("percent", flat=True)) == [15, 40]
    assert Notification.objects.filter(user=lead).exists() and not Notification.objects.filter(user=boss).exists()
    with pytest.raises(Refused, match="does not reach 15"):
        actions.decide(quote.pk, True, by=rep)
    actions.decide(quote.pk, True, by=lead)
    with pytest.raises(Refused, match="does not reach 40"):
        actions.decide(quote.pk, True, by=lead)
    with pytest.raises(Refused, match="Say why"):
        actions.decide(quote.pk, False, by=boss)
    client.force_login(boss)
    page = client.get(f"/quotes/{quote.pk}/").content.decode()
    assert "He buys every month" in page and "Approve" in page
    client.post(f"/quotes/{quote.pk}/do/", {"what": "approve", "words": "Yes"})
    quote.refresh_from_db()
    assert quote.state == "approved"
    # What is changed after that has to be approved anew.
    line = quote.lines.get()
    actions.change_line(line.pk, {"discount_percent": Decimal(50)}, by=rep)
    quote.refresh_from_db()
    assert quote.state == "draft" and not quote.approvals.filter(void=False).exists()
    with pytest.raises(Refused, match="more than the 5 %"):
        actions.send(quote.pk, by=rep)
    actions.change_line(line.pk, {"discount_percent": Decimal(5)}, by=rep)
    with pytest.raises(Refused, match="needs no approval"):
        actions.ask_approval(quote.pk, by=rep)
    assert actions.send(quote.pk, by=rep).state == "sent"
    assert Event.objects.filter(kind="quote.approval_asked", party=shop).count() == 1


def test_a_discount_over_the_limit_is_refused_through_the_api(colleague: Any, tea: Product, shop: Party) -> None:
    from guanxi.foundation.people import create_token

    rep = colleague("rep", "sales")
    shop.owner = rep
    shop.save()
    DiscountLimit.objects.create(role=Role.objects.get(key="sales"), percent=5)
    key = create_token(rep, "t", by=rep)[1]
    api = Client(headers={"Authorization": f"Bearer {key}"})
    body = {"party": shop.pk, "lines": [{"product": "tea", "quantity": "3", "price": "1.00"}]}
    made = api.post("/api/v1/quotes", body, content_type=JSON).json()
    assert (made["reduction"], made["lines"][0]["list_price"], made["link"]) == ("90.00", "10.00", None)
    refused = api.post(f"/api/v1/quotes/{made['id']}/send", {}, content_type=JSON)
    assert refused.status_code == 422 and "90 %" in refused.json()["errors"][0]["detail"]
    # Neither the facts of the record nor an option with nothing off hide it.
    lines = [*body["lines"], {"product": "tea", "quantity": "100000", "optional": True}]
    assert (
        api.put(f"/api/v1/quotes/{made['id']}/lines", {"lines": lines}, content_type=JSON).json()["reduction"]
        == "90.00"
    )
    for field in ("reduction", "state", "total"):
        assert api.patch(f"/api/v1/records/quotes/{made['id']}", {field: "0"}, content_type=JSON).status_code == 422
    plain = {"party": shop.pk, "lines": [{"product": "tea"}], "discount_percent": "6"}
    other = api.post("/api/v1/quotes", plain, content_type=JSON).json()
    assert api.post(f"/api/v1/quotes/{other['id']}/send", {}, content_type=JSON).status_code == 422
    # A hole and a currency without rate are named.
    group = PriceList.objects.create(code="a", name="All", currency="USD")
    Price.objects.create(price_list=group, product=tea, from_quantity=10, amount=9)
    for quantity, currency, named in (("1", "USD", "has a hole"), ("10", "EUR", "no exchange rate of EUR")):
        asked = {"party": shop.pk, "currency": currency, "lines": [{"product": "tea", "quantity": quantity}]}
        answer = api.post("/api/v1/quotes", asked, content_type=JSON)
        assert answer.status_code == 422 and named in answer.json()["errors"][0]["detail"]
    # A price by hand does not get around the hole, for who has a limit.
    body["lines"][0] |= {"quantity": "1"}
    assert api.post("/api/v1/quotes", body, content_type=JSON).status_code == 422


def test_what_was_sent_is_not_changed_but_versioned(staff: User, quote: Quote, shop: Party, settings: Any) -> None:
    actions.send(quote.pk, by=staff, mail=True, words="As we said.")
    letter = outbox.outbox[-1]
    assert letter.to == ["hop@example.com"] and "As we said." in letter.body and "/offers/" in letter.body
    line = quote.lines.first()
    for change in (
        lambda: actions.edit_quote(quote.pk, {"subject": "x"}, by=staff),
        lambda: actions.change_line(line.pk, {"quantity": Decimal(1)}, by=staff),
        lambda: actions.remove_line(line.pk, by=staff),
        lambda: actions.set_lines(quote.pk, [], by=staff),
        lambda: actions.send(quote.pk, by=staff),
    ):
        with pytest.raises(Refused, match="new version"):
            change()
    second = actions.new_version(quote.pk, by=staff)
    assert (str(second), second.state, second.lines.count(), second.total) == (
        f"{quote.number}/2",
        "draft",
        2,
        quote.total,
    )
    quote.refresh_from_db()
    assert quote.state == "replaced"
    with pytest.raises(Refused, match="newer version already"):
        actions.new_version(quote.pk, by=staff)
    actions.withdraw(second.pk, by=staff)
    with pytest.raises(Refused, match="no option"):
        actions.send(actions.create_quote(shop, by=staff).pk, by=staff)


def test_on_screen_on_paper_and_through_the_api(
    staff_client: Client, api: Client, quote: Quote, shop: Party, tea: Product
) -> None:
    made = staff_client.post(
        "/quotes/new/", {"party": f"Hop Shing #{shop.pk}", "subject": "Spring", "tax_included": ""}
    )
    number = Quote.objects.latest("id").pk
    number = Quote.objects.latest("id").pk
    assert made.headers["Location"] == f"/quotes/{number}/"
    assert staff_client.post("/quotes/new/", {"party": "Nobody #9"}).status_code in (200, 422)
    card = staff_client.post(f"/quotes/{number}/lines/", {"product": "tea", "quantity": "2", "discount_percent": "10"})
    assert "18.00" in card.content.decode()
    assert "no product" in staff_client.post(f"/quotes/{number}/lines/", {"product": "nix"}).content.decode()
    row = Quote.objects.get(pk=number).lines.get()
    assert "10.00" in staff_client.get(f"/quotes/lines/{row.pk}/").content.decode()
    assert staff_client.post(f"/quotes/lines/{row.pk}/", {"quantity": "x"}).status_code == 422
    staff_client.post(f"/quotes/lines/{row.pk}/", {"quantity": "3", "price": "9", "description": "Tea"})
    assert Quote.objects.get(pk=number).total == 27
    assert "Quote" in staff_client.get(f"/quotes/{quote.pk}/").content.decode()
    assert quote.number in staff_client.get(f"/customers/{shop.pk}/panel/quotes/").content.decode()
    assert staff_client.get(f"/quotes/{quote.pk}/pdf/").content[:5] == b"%PDF-"
    assert quote.number in staff_client.get("/quotes/?f.state=draft").content.decode()
    assert staff_client.get("/quotes/?as=board").status_code == 200
    found = api.get(f"/api/v1/records/quotes?f.party={shop.pk}&fields=total").json()
    assert len(found["items"]) == 2
    staff_client.post(f"/quotes/{quote.pk}/do/", {"what": "send", "how": "link"})
    assert api.get(f"/api/v1/quotes/{quote.pk}/pdf").content[:5] == b"%PDF-"
    assert api.get(f"/api/v1/quotes/{quote.pk}").json()["link"].startswith("http")
    assert api.post(f"/api/v1/quotes/{quote.pk}/version", {}, content_type=JSON).json()["version"] == 2
    assert staff_client.post(f"/quotes/lines/{row.pk}/remove/").status_code == 200


def test_rights(colleague: Any, quote: Quote, shop: Party, client: Client) -> None:
    for name in ("reader", "rep"):
        other = colleague(name, {"reader": "read-only", "rep": "sales"}[name])
        with pytest.raises((NotAllowed, Quote.DoesNotExist)):
            actions.send(quote.pk, by=other)
        client.force_login(other)
        assert client.get(f"/quotes/{quote.pk}/pdf/").status_code == (200 if name == "reader" else 404)
        assert client.post(f"/quotes/{quote.pk}/do/", {"what": "send"}).status_code in (403, 404)


def test_three_languages_on_paper(quote: Quote) -> None:
    from django.utils import translation

    for language in ("zh-hant", "zh-hans"):
        quote.language = language
        with translation.override("en"):
            assert document.pdf_of(quote)[:5] == b"%PDF-"
