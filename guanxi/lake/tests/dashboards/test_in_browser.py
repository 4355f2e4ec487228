"""From a question to a dashboard, as somebody does it: a pivot is built and saved, put on a dashboard, moved by mouse
and by key, and a figure leads to its orders. What comes meanwhile pops up.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from guanxi.foundation import notifications
from guanxi.foundation.models import User
from guanxi.lake.dashboards import actions
from guanxi.lake.dashboards.models import Dashboard, Question
from guanxi.lake.tests.conftest import Shop

pytestmark = pytest.mark.browser
PATIENCE = 60_000


def titles(page: Page) -> list[str]:
    return page.locator("#tiles h3").all_inner_texts()


def test_a_pivot_becomes_a_tile_and_leads_to_its_orders(
    trade: Shop, staff_page: Page, live_app: str, staff: User, home: Any
) -> None:
    page = staff_page
    page.set_default_timeout(PATIENCE)  # DuckDB is loaded at the first question
    expect.set_options(timeout=PATIENCE)
    board = actions.make_dashboard("Morning", by=staff, query="period=last_year")
    figure = actions.save_question("Sales", "m=sales&by=", by=staff)
    actions.add_tile(board.pk, figure.pk, "number", by=staff)

    page.goto(f"{live_app}/explore/?m=sales&by=department&period=last_year")
    page.locator("select[name=across]").select_option("place")
    expect(page.locator("table.pivot thead th")).to_have_text(
        ["Department ", "North", "South", "All"], use_inner_text=True
    )
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.locator("#question-name").fill("By place")
    page.locator("#save-question select[name=dashboard]").select_option(label="Morning")
    page.locator("#save-question select[name=form]").select_option("table")
    page.locator("#save-question .btn-primary").click()
    page.wait_for_url(f"**/dashboards/{board.pk}/")
    expect(page.locator("#tiles table.pivot tfoot th").last).to_have_text("30.00")

    page.get_by_role("link", name="Arrange").click()
    page.locator("#tiles[data-ready=yes]").wait_for()
    assert titles(page) == ["Sales", "By place"]
    page.locator("[data-tile]").nth(1).locator(".tile-handle").drag_to(
        page.locator("[data-tile]").nth(0).locator(".tile-handle")
    )
    page.locator("#tiles[data-kept=yes]").wait_for()
    assert titles(page) == ["By place", "Sales"]
    assert [tile.question.name for tile in board.tiles.all()] == ["By place", "Sales"]
    page.evaluate("document.getElementById('tiles').dataset.kept = ''")
    back = page.locator("[data-tile]").nth(0).locator("[data-move='1']")
    back.focus()
    page.keyboard.press("Enter")
    page.locator("#tiles[data-kept=yes]").wait_for()
    assert [tile.question.name for tile in board.tiles.all()] == ["Sales", "By place"]
    page.locator("[data-tile]").nth(0).locator("select[name=size]").select_option("full")
    page.locator(".tile-full").wait_for()

    page.goto(f"{live_app}/dashboards/{board.pk}/")
    notifications.notify(staff, "Something came")
    expect(page.locator(".toast-line", has_text="Something came")).to_be_visible()
    expect(page.locator("#unread")).to_have_text(re.compile("1"))
    page.locator("table.pivot tbody tr", has_text="BAKERY").locator("a", has_text="5.00").first.click()
    page.wait_for_url("**/orders/**")
    expect(page.locator("main table")).to_contain_text("A3")
    assert Question.objects.count() == 2 and Dashboard.objects.count() == 1
