"""Quotes made for deals, and what a deal hears of its quotes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.models import User
from guanxi.ledger.models import Event
from guanxi.orders.quotes import actions as quotes
from guanxi.orders.quotes.actions import Draft
from guanxi.orders.quotes.models import Quote
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals.models import Deal, LostReason
from guanxi.sales.deals.tests.conftest import acme, price, settled, stages  # noqa: F401
from guanxi.sales.quoting import actions

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(staff: User, acme: Party, stages: Any) -> Deal:  # noqa: F811
    close = clock.today() + timedelta(days=20)
    return deals.create_deal(name="Pumps", party=acme, expected_close=close, by=staff)


def offered(deal: Deal, staff: User, price: str = "800.00", **values: Any) -> Quote:  # noqa: F811
    quote = actions.quote_deal(deal.pk, by=staff)
    quotes.set_lines(quote.pk, [Draft(description="Pump", quantity=Decimal(2), price=Decimal(price))], by=staff)
    if values:
        quotes.edit_quote(quote.pk, values, by=staff)
    return quotes.send(quote.pk, by=staff)


def test_from_the_page_of_a_deal_to_the_won_one(staff: User, staff_client: Client, deal: Deal) -> None:
    assert "New quote" in staff_client.get(f"/deals/{deal.pk}/").content.decode()
    made = staff_client.post(f"/deals/{deal.pk}/quote/")
    quote = Quote.objects.get()
    assert made.url == f"/quotes/{quote.pk}/"
    assert (quote.place_type, quote.place_id, quote.party, quote.subject) == (
        "deals.deal",
        deal.pk,
        deal.party,
        "Pumps",
    )
    quotes.set_lines(quote.pk, [Draft(description="Pump", quantity=Decimal(2), price=Decimal("800.00"))], by=staff)
    quotes.send(quote.pk, by=staff)
    deal.refresh_from_db()
    assert (deal.state, deal.value, deal.amount) == ("open", 1600, 1600)  # nobody had said what it is worth
    page = staff_client.get(f"/deals/{deal.pk}/").content.decode()
    assert str(quote) in page and "Sent" in page
    assert f"/deals/{deal.pk}/" in staff_client.get(f"/quotes/{quote.pk}/").content.decode()
    deals.edit_deal(deal.pk, {"value": Decimal(5000)}, by=staff)
    quotes.accept(quote.pk, "Mei", by=staff)
    deal.refresh_from_db()
    assert (deal.state, deal.value, deal.probability) == ("won", 1600, 100)
    assert Event.objects.filter(kind="deal.won", party=deal.party).count() == 1


def test_a_lost_deal_is_won_after_all_and_a_won_one_stays(staff: User, deal: Deal, price: LostReason) -> None:  # noqa: F811
    rival = create_party(by=staff, name="Rival Inc", kind="organisation")
    first, second = offered(deal, staff), offered(deal, staff, "900.00")
    deals.lose(deal.pk, price, rival, by=staff)
    quotes.accept(second.pk, "Mei", by=staff)
    deal.refresh_from_db()
    assert (deal.state, deal.value, deal.lost_reason) == ("won", 1800, None)
    quotes.accept(first.pk, "Mei", by=staff)
    deal.refresh_from_db()
    assert (deal.state, deal.value) == ("won", 1800)


def test_a_customer_who_accepts_is_held_up_by_nothing(staff: User, deal: Deal) -> None:
    quote = offered(deal, staff)
    Quote.objects.update(currency="EUR")  # of which there is no rate any more
    quotes.accept(quote.pk, "Mei", by=staff)
    deal.refresh_from_db()
    assert (deal.state, deal.value, deal.currency, deal.amount) == ("won", 1600, "EUR", None)
    other = deals.create_deal(name="More", party=deal.party, by=staff)
    gone = offered(other, staff)
    deals.remove_deal(other.pk, by=staff)
    assert quotes.accept(gone.pk, "Mei", by=staff).state == "accepted"


def test_rights(colleague: Any, client: Client, deal: Deal) -> None:
    for name, role, page, made in (("reader", "read-only", 200, 403), ("rep", "sales", 404, 404)):
        client.force_login(colleague(name, role))
        assert client.get(f"/deals/{deal.pk}/").status_code == page
        assert client.post(f"/deals/{deal.pk}/quote/").status_code == made
    assert not Quote.objects.exists()
