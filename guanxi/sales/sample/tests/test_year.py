"""The made-up year comes with one command, is marked, works like any other data, and goes without a trace."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db.models import F, Sum
from django.test import Client

from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.models import User
from guanxi.foundation.notes.actions import write
from guanxi.foundation.search import catch_up, find
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake.demo import loading, removing
from guanxi.intake.tests.test_sample_data import counts
from guanxi.ledger.models import Event
from guanxi.orders.invoices.models import Invoice, Payment, PaymentHabit
from guanxi.orders.models import Order, PurchaseSummary
from guanxi.orders.quotes import actions as quotes
from guanxi.orders.quotes.actions import Draft
from guanxi.orders.quotes.models import Quote
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals import ready_made
from guanxi.sales.deals.models import Contender, Deal, StageChange
from guanxi.sales.leads.models import Lead
from guanxi.sales.sample.process import DEALS

SCALE = 60 / DEALS


@pytest.fixture
def year(
    transactional_db: None, home: Any, settings: Any, staff: User, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    """Sixty deals with a dozen organisations; what each table held before."""
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 120.0)
    settings.GUANXI_TODAY, settings.GUANXI_CURRENCY = date(2018, 1, 1), "USD"
    ready_made.install(partial(apps.get_model, "deals"))
    before = counts()
    loading.load(by=staff, what=[loading.BUSINESS], scale=SCALE)
    return before


def test_it_comes_is_marked_and_goes_without_a_trace(year: dict[str, int], staff_client: Client, staff: User) -> None:
    there = counts()
    loading.load(by=staff, what=[loading.BUSINESS], scale=SCALE)  # again: nothing more
    again = counts()
    assert again.pop("intake.importrun") > there.pop("intake.importrun") and again == there
    assert Deal.objects.count() == 60 and Party.objects.filter(made_up=True).count() == Party.objects.count()
    # It hangs together.
    won = Deal.objects.filter(state="won")
    assert won.count() == Order.objects.count() > 5
    assert {order.number: order.amount for order in Order.objects.all()} == {deal.number: deal.value for deal in won}
    assert Quote.objects.filter(state="accepted").exclude(order__isnull=True).count() == won.count()
    assert not Invoice.objects.exclude(total=F("left")).filter(payments=None).exists()
    paid = Payment.objects.aggregate(sum=Sum("amount"))["sum"]
    open_amount = Invoice.objects.aggregate(sum=Sum("left"))["sum"]
    assert paid + open_amount == Invoice.objects.aggregate(sum=Sum("total"))["sum"]
    assert PaymentHabit.objects.exists() and PurchaseSummary.objects.exists() and Lead.objects.exists()
    # It happened then, not now.
    assert not Event.objects.filter(occurred_at__gt=clock.now()).exists()
    assert not StageChange.objects.filter(at__gte=clock.now()).exists()
    moments = Event.objects.filter(kind="deal.created").values_list("occurred_at", flat=True)
    assert (max(moments) - min(moments)).days > 200
    # Each record says so, and all of them are found.
    catch_up()
    deal = won.order_by("pk").first()
    assert deal is not None
    assert deal.name in [hit.title for hit in find(deal.number or "", SYSTEM)]
    for slug, row in (
        ("customers", deal.party), ("deals", deal), ("quotes", Quote.objects.first()),
        ("orders", Order.objects.first()),
        ("invoices", Invoice.objects.first()), ("leads", Lead.objects.first()),
    ):  # fmt: skip
        assert row is not None
        page = staff_client.get(f"/{slug}/{row.pk}/").content.decode()
        assert "ade up for demonstration" in page and "There are sample data in here" in page, slug
    assert staff_client.get(f"/quotes/{Quote.objects.latest('pk').pk}/pdf/").status_code == 200
    page = staff_client.get("/imports/sample-data/")
    assert ("Deals", 60) in page.context["preview"].lines and not page.context["preview"].real
    # Somebody plays with it: that goes too.
    open_deal = Deal.objects.filter(state="open", party__roles__role="customer").first()
    assert open_deal is not None
    deals.win(open_deal.pk, by=staff)
    removing.remove(by=staff)
    assert counts() == year
    assert not User.objects.filter(username__startswith="made-up").exists()


def test_one_s_own_stays_with_what_it_hangs_on(year: dict[str, int], staff: User) -> None:
    noted, offered = Deal.objects.filter(state="open").order_by("pk")[:2]
    write(noted, "Mine", by=staff)
    quote = quotes.create_quote(
        offered.party, [Draft(description="Mine", price=Decimal(10))], by=staff, place=("deals.deal", offered.pk)
    )
    invoice = Invoice.objects.exclude(payments=None).order_by("pk").last()
    assert invoice is not None and invoice.order is not None
    Payment.objects.create(invoice=invoice, amount=Decimal(1), day=clock.today())
    gone = removing.remove(by=staff)
    assert set(Deal.objects.values_list("pk", flat=True)) == {noted.pk, offered.pk}
    assert list(Quote.objects.values_list("pk", flat=True)) == [quote.pk]
    assert list(Invoice.objects.values_list("pk", flat=True)) == [invoice.pk]
    assert list(Order.objects.values_list("pk", flat=True)) == [invoice.order.pk]
    kept = {noted.party_id, offered.party_id, invoice.party_id}
    assert kept <= set(Party.objects.values_list("pk", flat=True)) and gone["kept"] >= 3
    rivals = Contender.objects.values("party")
    assert not Party.objects.filter(kind="organisation").exclude(pk__in=kept).exclude(pk__in=rivals).exists()
