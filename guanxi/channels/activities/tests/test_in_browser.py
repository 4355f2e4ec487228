"""Visits noted on a telephone where the network comes and goes."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.channels.activities.models import Activity
from guanxi.customers.actions import create_party
from guanxi.foundation.models import User
from tests import browser as chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def begin(tab: Any, said: str | None) -> None:
    """Open the form of a visit, and type."""
    tab.locator("#activities").get_by_role("button", name="Visit").click()
    tab.get_by_label("What was said").wait_for()
    if said is not None:
        tab.get_by_label("What was said").fill(said)


def test_what_is_noted_without_a_network_is_kept_and_sent_once(staff: User, staff_page: Any) -> None:
    party = create_party(name="Acme Ltd", kind="organisation", by=staff)
    context = staff_page.context
    tab = context.new_page()  # whose errors nobody counts: being offline is one
    tab.set_viewport_size(chromium.TELEPHONE)
    tab.goto(f"/customers/{party.pk}/")
    begin(tab, "wants forty")
    tab.get_by_label("Place").fill("Hsinchu")
    tab.reload()
    begin(tab, None)
    tab.get_by_text("What you typed before is here again.").wait_for()
    assert tab.get_by_label("What was said").input_value() == "wants forty"
    assert tab.get_by_label("Place").input_value() == "Hsinchu"

    context.set_offline(True)
    tab.get_by_role("button", name="Took place").click()
    tab.get_by_text("kept on this device").wait_for()
    assert not Activity.objects.exists()
    context.set_offline(False)
    tab.locator("#activities .pill", has_text="Took place").wait_for()
    row = Activity.objects.get()
    assert (row.kind, row.text, row.place, row.outcome) == ("visit", "wants forty", "Hsinchu", "held")

    def lose_the_answer(route: Any) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    tab.route("**/activities/of/**", lose_the_answer)
    begin(tab, "and a spare one")
    tab.get_by_role("button", name="Took place").click()
    tab.get_by_text("kept on this device").wait_for()
    tab.unroute("**/activities/of/**")
    with tab.expect_response(lambda answer: answer.request.method == "POST"):
        tab.goto("/activities/")  # sent from whatever page comes next
    tab.get_by_text("What waited on this device was sent.").wait_for()
    assert Activity.objects.filter(text="and a spare one").count() == 1
    assert tab.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('kept:')).length") == 0
