"""What only a browser shows: edits in place that lose nothing, filters and search that swap, choosing rows, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from guanxi.foundation import hooks
from guanxi.foundation.desk import Board, Desk
from guanxi.foundation.desk.models import SavedView
from guanxi.foundation.desk.tests.people import Party, People, edit_party
from guanxi.foundation.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def party(live_app: str) -> Any:
    return Party.objects.create(name="王美玲", latin_name="Wang Mei-ling")


def open_editor(page: Page, party: Any, name: str = "name") -> Any:
    page.goto(f"/people/{party.pk}/")
    page.locator(f"[data-fact='{name}'] .fact-value").click()
    box = page.locator(f"[data-fact='{name}'] [name='value']")
    expect(box).to_be_focused()
    return box


def test_enter_saves_and_escape_leaves(staff_page: Page, desk: Desk, party: Any) -> None:
    box = open_editor(staff_page, party)
    box.fill("王美齡")
    box.press("Enter")
    expect(staff_page.locator("h1")).to_have_text("王美齡")
    expect(staff_page.locator("[data-fact='name'] .fact-value")).to_contain_text("王美齡")
    box = open_editor(staff_page, party)
    box.fill("somebody")
    box.press("Escape")
    expect(staff_page.locator("[data-fact='name'] .fact-value")).to_contain_text("王美齡")
    party.refresh_from_db()
    assert party.name == "王美齡"


def test_leaving_the_field_saves(staff_page: Page, desk: Desk, party: Any) -> None:
    open_editor(staff_page, party).fill("王美齡")
    staff_page.locator("h1").click()
    expect(staff_page.locator("h1")).to_have_text("王美齡")


def test_a_refused_value_stays(staff_page: Page, desk: Desk, party: Any) -> None:
    box = open_editor(staff_page, party)
    box.fill("王 3")
    box.press("Enter")
    expect(staff_page.get_by_text("A name holds no digits.")).to_be_visible()
    expect(staff_page.locator("[data-fact='name'] [name='value']")).to_have_value("王 3")
    staff_page.locator("h1").click()
    expect(staff_page.locator("[data-fact='name'] [name='value']")).to_have_value("王 3")
    staff_page.reload()  # even so it is not lost
    expect(staff_page.locator("[data-fact='name'] [name='value']")).to_have_value("王 3")


@pytest.fixture
def failing_page(browser: Any, live_app: str, staff_client: Client) -> Iterator[Page]:
    """A browser page that may report errors."""
    context = browser.new_context(base_url=live_app)
    cookie = staff_client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_app}])
    yield context.new_page()
    context.close()


def test_without_an_answer_nothing_is_lost(failing_page: Page, desk: Desk, party: Any) -> None:
    box = open_editor(failing_page, party)
    box.fill("王美齡")
    failing_page.route("**/fact/**", lambda route: route.fulfill(status=503))
    box.press("Enter")
    expect(failing_page.get_by_text("Not saved: the server did not answer.")).to_be_visible()
    expect(box).to_have_value("王美齡")
    failing_page.unroute("**/fact/**")
    failing_page.get_by_role("button", name="Try again").click()
    expect(failing_page.locator("h1")).to_have_text("王美齡")


def test_two_people_choose(staff_page: Page, desk: Desk, party: Any) -> None:
    box = open_editor(staff_page, party)
    other = User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True)
    edit_party(party.pk, {"name": "王美琳"}, {"name": "王美玲"}, by=other)
    box.fill("王美齡")
    box.press("Enter")
    conflict = staff_page.locator(".conflict")
    expect(conflict).to_contain_text("李 雅婷")
    expect(conflict).to_contain_text("王美琳")
    expect(conflict).to_contain_text("王美齡")
    staff_page.get_by_role("button", name="Save mine").click()
    expect(staff_page.locator("h1")).to_have_text("王美齡")


def test_filters_swap_and_the_address_follows(staff_page: Page, desk: Desk, parties: list[Any]) -> None:
    staff_page.goto("/people/")
    staff_page.locator("summary.filter-pill.add").click()
    staff_page.get_by_role("button", name="City").click()
    staff_page.locator("[name='value.text']").fill("北")
    staff_page.get_by_role("button", name="Filter", exact=True).click()
    expect(staff_page.get_by_text("City contains 北")).to_be_visible()
    expect(staff_page).to_have_url(re.compile(r"/people/\?f\.city__has=%E5%8C%97$"))
    staff_page.locator("#desk-q").press_sequentially("美玲", delay=40)
    expect(staff_page).to_have_url(re.compile(r"q=%E7%BE%8E%E7%8E%B2"))
    expect(staff_page.locator("#desk-q")).to_be_focused()
    expect(staff_page.locator("tr[data-row]")).to_have_count(15)
    staff_page.get_by_text("City contains 北").click()
    expect(staff_page.locator("[name='value.text']")).to_have_value("北")
    staff_page.keyboard.press("Escape")
    staff_page.locator(".filter-off").click()
    expect(staff_page.get_by_text("City contains 北")).to_have_count(0)
    staff_page.go_back()
    expect(staff_page.get_by_text("City contains 北")).to_be_visible()


def test_rows_come_as_one_scrolls_and_are_chosen(staff_page: Page, desk: Desk, parties: list[Any]) -> None:
    staff_page.goto("/people/")
    rows = staff_page.locator("tr[data-row]")
    expect(rows).to_have_count(50)
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(100)
    staff_page.evaluate("window.scrollTo(0, 0)")
    rows.nth(0).locator("input").check()
    rows.nth(2).locator("input").check()
    expect(staff_page.locator("[data-bulk-count]")).to_have_text("2 selected")
    with staff_page.expect_download() as download:
        staff_page.get_by_role("button", name="Export CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 3
    staff_page.keyboard.press("Escape")
    expect(staff_page.locator("[data-bulk-bar]")).to_be_hidden()
    for key in "jjkx":
        staff_page.keyboard.press(key)
    expect(staff_page.locator("[data-bulk-count]")).to_have_text("1 selected")
    staff_page.keyboard.press("Enter")
    expect(staff_page).to_have_url(re.compile(r"/people/\d+/$"))


def test_who_drags_a_card_that_stays_is_told_why(staff_page: Page, desk: Desk, parties: list[Any]) -> None:
    class Learned(People):
        slug = "learned"
        edit = None
        board = Board(by="kind", fixed="The kind is learned.")

    with hooks.registered("desk", Learned()):
        staff_page.goto("/learned/?as=board")
        card = staff_page.locator("[data-card]").first
        card.hover(position={"x": 100, "y": 30})
        staff_page.mouse.down()
        staff_page.mouse.move(600, 300, steps=4)
        staff_page.mouse.up()
        expect(staff_page.locator(".toast-line", has_text="The kind is learned.")).to_be_visible()


def test_columns_are_reordered_and_a_view_is_saved(staff_page: Page, desk: Desk, parties: list[Any]) -> None:
    staff_page.goto("/people/")
    staff_page.get_by_text("Columns", exact=True).click()
    staff_page.get_by_role("button", name="Move City up").click()
    staff_page.locator("[name='cols'][value='kind']").uncheck()
    staff_page.get_by_role("button", name="Show these").click()
    heads = staff_page.locator(".desk-table th a")
    expect(heads.nth(0)).to_have_text("City")
    expect(heads.nth(1)).to_have_text("Name")
    staff_page.get_by_role("button", name="Save view", exact=True).first.click()
    staff_page.locator("#view-name").fill("城市")
    staff_page.locator("#view-pinned").check()
    staff_page.locator("dialog").get_by_role("button", name="Save view").click()
    expect(staff_page.locator(".side").get_by_text("城市")).to_be_visible()
    assert SavedView.objects.get().query.startswith("cols=city%2Cname")
