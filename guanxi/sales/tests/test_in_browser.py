"""The story of a sale in a real browser: a stranger fills in a form, a colleague answers, converts and wins; and from
the offer over the customer's answer to the paid invoice."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as of_django
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Page, expect

from guanxi.catalog.actions import create_product
from guanxi.customers import actions as customers
from guanxi.foundation import clock
from guanxi.foundation.models import User
from guanxi.foundation.roles.models import Role
from guanxi.orders.invoices.models import Invoice, PaymentHabit
from guanxi.orders.models import Order
from guanxi.orders.quotes import links
from guanxi.orders.quotes.models import DiscountLimit, Quote
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals import ready_made
from guanxi.sales.deals.models import Deal
from guanxi.sales.leads import public
from guanxi.sales.leads.models import AssignmentRule, Lead, LeadSource, RuleMember

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def settled(staff: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> LeadSource:
    settings.GUANXI_CURRENCY = "USD"
    monkeypatch.setattr(public, "SOONEST", 0)  # a test fills a form in sooner than anybody reads
    cache.clear()
    ready_made.install(partial(apps.get_model, "deals"))
    RuleMember.objects.create(rule=AssignmentRule.objects.create(name="All"), user=staff)
    return LeadSource.objects.create(name="Web", has_form=True, heading="Ask us", consent_text="You may write to me.")


def picture(page: Any, name: str) -> None:
    """Kept where somebody wants to look at it."""
    if folder := os.environ.get("GUANXI_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_from_the_form_to_the_won_deal(staff: User, staff_page: Any, settled: LeadSource) -> None:
    page = staff_page
    page.goto(f"/forms/{settled.token}/")
    page.get_by_label("Your name").fill("Chen Wei")
    page.get_by_label("Organisation").fill("Acme Ltd")
    page.get_by_label("Mail").fill("wei@acme.example")
    page.get_by_label("What is it about?").fill("40 pumps")
    page.get_by_label("You may write to me.").check()
    picture(page, "form")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="Thank you").wait_for()

    lead = Lead.objects.get()
    page.goto(f"/leads/{lead.pk}/")
    picture(page, "lead")
    page.get_by_role("button", name="I have answered").click()
    page.get_by_role("button", name="I have answered").wait_for(state="detached")
    page.get_by_role("button", name="Convert").click()
    page.get_by_label("Name of the deal").fill("Pumps")
    page.get_by_label("Value").fill("1000")
    page.get_by_role("button", name="Convert").click()
    page.get_by_role("link", name="Pumps").click()

    # The next action, by key.
    bar = page.locator("#next-action")
    bar.get_by_role("button", name="Say what comes next").wait_for()
    page.wait_for_load_state()  # a key is heard when the page's scripts are there
    page.keyboard.press("d")
    bar.get_by_label("What comes next?").fill("about the offer")
    bar.get_by_role("button", name="Save").click()
    bar.get_by_role("link", name="about the offer").wait_for()
    page.keyboard.press("d")
    bar.get_by_label("What comes next?").wait_for()
    bar.get_by_role("button", name="Nothing for now").click()
    bar.get_by_role("button", name="Say what comes next").wait_for()

    # Who decides.
    committee = page.locator("#deal-committee")
    committee.get_by_role("button", name="Give somebody a role").click()
    committee.get_by_label("Who").fill(f"Chen Wei #{Deal.objects.get().contact_id}")
    committee.get_by_label("Role", exact=True).select_option("decider")
    committee.get_by_role("button", name="Save").click()
    committee.get_by_role("link", name="Chen Wei").wait_for()
    picture(page, "deal")
    committee.get_by_role("link", name="On the organisation chart").click()
    page.locator(".seat.decides").get_by_role("link", name="Chen Wei").wait_for()
    picture(page, "chart")
    page.go_back()

    # The stages, a loss that is refused without a reason, and the board.
    meter = page.locator("#meter")
    meter.get_by_role("button", name="Offer made").click()
    meter.locator("[aria-current=step]", has_text="Offer made").wait_for()
    meter.get_by_role("button", name="Lost").click()
    meter.get_by_role("button", name="It is lost").click()
    meter.get_by_role("alert").wait_for()
    picture(page, "loss")
    meter.get_by_role("button", name="Cancel").click()
    page.goto("/deals/?as=board")
    page.locator("[data-card]").wait_for()
    picture(page, "board")
    card = page.locator("[data-card]")
    page.wait_for_load_state()
    card.focus()
    page.keyboard.press("m")
    page.locator("#move-card").get_by_role("button", name="Won").click()
    page.locator("[data-lane=won] [data-card]").wait_for()
    assert Deal.objects.get().state == "won"
    party = customers.create_party(by=staff, name="Rival Inc", kind="organisation", roles=["competitor"])
    page.goto(f"/customers/{party.pk}/")
    page.get_by_text("Won against him").wait_for()
    picture(page, "competitor")


@pytest.fixture
def deal(staff: User, colleague: Any, settled: LeadSource) -> Deal:
    """A deal of a representative who may go five per cent below list prices; his customer has somebody who decides."""
    rep = colleague("wang", "sales")
    party = customers.create_party(by=staff, name="Acme Ltd", kind="organisation", owner=rep)
    decider = customers.create_party(by=staff, name="Chen Wei", kind="person", owner=rep)
    customers.add_relationship(decider, "works_at", party, by=staff, title="Director", buying_role="decider")
    create_product(code="pump", name="Pump", price=Decimal("100.00"), by=staff)
    DiscountLimit.objects.create(role=Role.objects.get(key="sales"), percent=5)
    close = clock.today().replace(day=1) + timedelta(days=40)
    return deals.create_deal(name="Pumps", party=party, value=Decimal(500), expected_close=close, owner=rep, by=staff)


def logged_in(context: Any, address: str, user: User) -> Page:
    """A page in which `user` is logged in."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[of_django.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": of_django.SESSION_COOKIE_NAME, "value": cookie, "url": address}])
    page: Page = context.new_page()
    return page


def in_forecast(page: Page, deal: Deal) -> Any:
    """Its card on the board by month of closing."""
    page.goto("/deals/?as=board&by=forecast")
    expect(page.locator("h1")).to_be_visible()
    return page.locator(f"[data-lane='{deal.expected_close:%Y-%m}'] [data-card]")


def test_from_the_offer_to_the_paid_invoice(browser: Any, live_app: str, staff_page: Page, deal: Deal) -> None:
    options = {"base_url": live_app, "locale": "en-GB", "reduced_motion": "reduce"}
    assert deal.owner is not None
    mine, theirs = browser.new_context(**options), browser.new_context(**options)
    for context in (mine, theirs):
        context.set_default_timeout(10_000)
    try:
        page = logged_in(mine, live_app, deal.owner)
        expect(in_forecast(page, deal)).to_contain_text("500")
        _offered(page, deal)
        _approved(staff_page)
        _accepted(page, theirs.new_page())
        deal.refresh_from_db()
        assert (deal.state, deal.value) == ("won", 800)
        expect(in_forecast(page, deal)).to_have_count(0)
        _delivered(page)
        _paid(page)
        page.goto(f"/customers/{deal.party_id}/")
        expect(page.locator("main")).to_contain_text("Pays 30 days early")
    finally:
        mine.close()
        theirs.close()


def _offered(page: Page, deal: Deal) -> None:
    """Who decides is mapped; the quote goes a fifth below the list, which is more than he may."""
    page.goto(f"/deals/{deal.pk}/")
    page.wait_for_load_state()
    page.locator("#deal-committee").get_by_role("button", name="Take over").click()
    expect(page.locator("#deal-committee .pill.teal")).to_contain_text("Decider")
    page.get_by_role("button", name="New quote").click()
    lines = page.locator("#quote-lines")
    page.wait_for_load_state()
    lines.get_by_label("Product number").fill("pump")
    lines.get_by_label("Quantity").fill("10")
    lines.get_by_label("Discount in per cent").fill("20")
    lines.get_by_role("button", name="Add").click()
    expect(lines).to_contain_text("800.00")
    page.reload()
    expect(page.get_by_role("button", name="Only make the link")).to_have_count(0)
    page.get_by_label("Why so much?").fill("He buys every month")
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.locator("main")).to_contain_text("waits")
    picture(page, "quote")


def _approved(page: Page) -> None:
    """Somebody else agrees."""
    page.goto(f"/quotes/{Quote.objects.get().pk}/")
    expect(page.locator("main")).to_contain_text("He buys every month")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main")).to_contain_text("approved")


def _accepted(page: Page, customer: Page) -> None:
    """It is sent by its link, which the customer opens in a browser of his own and accepts, once."""
    page.reload()
    page.get_by_role("button", name="Only make the link").click()
    page.get_by_text("The customer reads and answers here").wait_for()
    quote = Quote.objects.get()
    offer = f"/offers/{links.token_of(quote)}/"
    customer.goto(offer)
    customer.get_by_label("Your name").first.fill("Chen Wei")
    customer.get_by_role("checkbox", name=re.compile("I accept this offer")).check()
    picture(customer, "offer")
    customer.get_by_role("button", name="Accept and order").click()
    expect(customer.get_by_role("status")).to_contain_text("Accepted by Chen Wei")
    expect(customer.get_by_role("button", name="Accept and order")).to_have_count(0)


def _delivered(page: Page) -> None:
    """The order is confirmed by the acceptance; it leaves in two parts."""
    order = Order.objects.get()
    page.goto(f"/orders/{order.pk}/")
    expect(page.locator("h1")).to_contain_text(order.number)
    page.locator(f"[name=quantity-{order.lines.get().pk}]").fill("4")
    page.get_by_role("button", name="Deliver", exact=True).click()
    expect(page.locator("main")).to_contain_text("Partly delivered")
    expect(page.locator("main")).to_contain_text("6 left")
    page.get_by_role("button", name="Deliver", exact=True).click()
    expect(page.get_by_role("button", name="Deliver", exact=True)).to_have_count(0)
    order.refresh_from_db()
    assert (order.state, order.deliveries.count()) == ("delivered", 2)
    picture(page, "order")


def _paid(page: Page) -> None:
    """What was delivered is invoiced; a part is paid, then the rest."""
    page.get_by_role("button", name="Invoice what was delivered").click()
    page.get_by_role("button", name="Issue").click()
    for amount, left in (("300", "500.00"), ("500", "0.00")):
        page.get_by_label("Amount").fill(amount)
        page.get_by_role("button", name="Note a payment").click()
        expect(page.locator("main")).to_contain_text(f"Open amount {left}")
    picture(page, "invoice")
    invoice = Invoice.objects.get()
    assert (invoice.state, invoice.left, PaymentHabit.objects.get().settled) == ("paid", 0, 1)
