"""The record page of a customer in a real browser: what is done in place, without a script or style of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from guanxi.customers import actions
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.orders import actions as orders

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mei(staff: User) -> Party:
    party = actions.create_party(by=staff, name="王美玲", latin_name="Wang Mei-ling", phone="+886 912 345 678")
    actions.create_party(by=staff, name="陳志明")
    now = datetime.now(UTC)
    for week in range(60):
        line = orders.Line(description=f"牛奶 {week}", amount=Decimal("8.20"))
        orders.create_order(party, [line], by=staff, placed_at=now - timedelta(days=7 * week + 1), channel="till")
    return party


def test_contact_points_consent_and_relationships_in_place(staff_page: Any, mei: Party) -> None:
    staff_page.goto(f"/customers/{mei.pk}/")
    reach = staff_page.locator("#contact-points")
    reach.get_by_role("button", name="Add").click()
    reach.get_by_label("Kind").select_option("mail")
    reach.get_by_label("Value").fill("wrong")
    reach.get_by_role("button", name="Add").click()
    reach.get_by_role("alert").wait_for()
    assert reach.get_by_label("Value").input_value() == "wrong"
    reach.get_by_label("Value").fill("mei@example.com")
    reach.get_by_role("button", name="Add").click()
    reach.get_by_role("link", name="mei@example.com").wait_for()

    consents = staff_page.locator("#consents")
    consents.get_by_role("button", name="Give", exact=True).first.click()
    consents.get_by_role("button", name="Withdraw").wait_for()

    ties = staff_page.locator("#relationships")
    ties.get_by_role("button", name="Add").click()
    ties.locator("#tie-kind").select_option("household")
    ties.get_by_label("Whom").press_sequentially("志明")
    ties.get_by_label("陳志明").check()
    ties.get_by_role("button", name="Add").click()
    ties.get_by_role("link", name="陳志明").wait_for()


def test_the_timeline_scrolls_filters_and_opens_orders(staff_page: Any, mei: Party) -> None:
    staff_page.goto(f"/customers/{mei.pk}/")
    timeline = staff_page.locator("#timeline")
    timeline.locator(".plot svg").wait_for()
    first = timeline.locator(".timeline-item").count()
    timeline.locator(".timeline-wait").scroll_into_view_if_needed()
    timeline.locator(".timeline-item").nth(first).wait_for()
    timeline.get_by_role("link", name="Orders").click()
    timeline.get_by_role("link", name="Orders").and_(staff_page.locator("[aria-current]")).wait_for()
    timeline.locator("details summary").first.click()
    timeline.get_by_text("牛奶 0", exact=True).wait_for()
    timeline.get_by_role("link", name="Everything").click()
    timeline.locator(".plot svg").wait_for()
    timeline.get_by_label("Channel").select_option("phone")
    timeline.get_by_text("Nothing of this kind").wait_for()
