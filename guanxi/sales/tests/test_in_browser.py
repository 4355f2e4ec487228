"""The story of a sale in a real browser: a stranger fills in a form, a colleague answers, converts and wins."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache

from guanxi.customers import actions as customers
from guanxi.foundation.models import User
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
