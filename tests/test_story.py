"""The way of somebody who works here, in a real browser: from files of customers and purchases to a customer's page,
and from a figure down to the orders behind it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, running
from guanxi.intake.plan import prepare
from guanxi.lake import refresh
from tests import browser as chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CUSTOMERS = """customer,name,latin_name,mail,phone,city
K1,王美玲,Wang Mei-ling,meiling@example.com,+886 912 345 678,Taipei
K2,陳志明,Chen Chih-ming,chihming@example.com,+886 987 654 321,Tainan
K3,Mary O'Connor,,mary@example.com,+1 212 555 0142,New York
K4,林雅婷,Lin Ya-ting,,,Kaohsiung
"""
PRODUCTS = """product,name,department,category,brand
P1,烏龍茶,GROCERY,TEA,National
P2,Rye bread,BAKERY,BREAD,Private
"""
# Yesterday is 15 March 2017, a Wednesday; 8 March is the one before.
SALES = """customer,date,order,product,quantity,amount,discount,place
K1,2016-12-28 10:00,A1,P1,1,12.00,0,台北店
K1,2017-02-01 10:00,A2,P1,2,24.00,0,台北店
K2,2017-03-08 11:00,A3,P2,2,10.00,0,台北店
K1,2017-03-15 09:30,A4,P1,1,11.50,0.50,台北店
K1,2017-03-15 09:30,A4,P2,1,5.00,0,台北店
K3,2017-03-15 17:10,A5,P2,3,15.00,0,Harbour
K4,2017-03-10 12:00,A6,P2,1,5.00,0,Harbour
"""


@pytest.fixture
def shop(live_app: str, tmp_path: Path, settings: Any) -> None:
    """A house whose files have been imported and whose lake is up to date."""
    settings.GUANXI_TODAY = date(2017, 3, 16)
    for kind, text in (("parties", CUSTOMERS), ("products", PRODUCTS), ("sales", SALES)):
        path = tmp_path / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        done = running.run(actions.begin_import(prepare(kind, path), by=SYSTEM).pk)
        assert (done.rejected, done.read) == (0, text.count("\n") - 1)
    refresh.refresh()


def fact(page: Page, name: str) -> Locator:
    """A fact on a record page."""
    return page.locator(f"[data-fact='{name}']")


def edit(page: Page, name: str, text: str) -> Locator:
    """Open a fact, type over it, and save with Enter."""
    fact(page, name).locator(".fact-value").click()
    box = fact(page, name).locator("[name='value']")
    expect(box).to_be_focused()
    box.fill(text)
    box.press("Enter")
    return box


def test_from_the_log_in_to_a_customer_and_back_to_the_figures(page: Page, shop: None, staff: User) -> None:
    page.goto("/")
    page.locator("[name=login]").fill("meihua")
    page.locator("[name=password]").fill("relation-8-ship")
    page.locator("[name=password]").press("Enter")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".user-name")).to_contain_text("美華")

    # A name of two signs leads to the customer.
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("美玲", delay=30)
    found = page.locator("#search-options .option", has_text="王美玲").first
    expect(found).to_be_visible()
    found.click()
    expect(page.locator("h1")).to_have_text("王美玲")
    expect(page.locator("main")).to_contain_text("meiling@example.com")
    expect(page.locator("main")).to_contain_text("A4")

    # An edit in place; what is not known yet lies behind a fold.
    page.get_by_text("facts not known").click()
    edit(page, "occupation", "茶農")
    expect(fact(page, "occupation").locator(".fact-value")).to_contain_text("茶農")
    party = Party.objects.get(name="王美玲")
    assert party.occupation == "茶農"

    # What is wrong is said, and what was typed stays.
    edit(page, "date_of_birth", "2031-05-01")
    expect(fact(page, "date_of_birth").locator("[role=alert], .field-error").first).to_be_visible()
    expect(fact(page, "date_of_birth").locator("[name='value']")).to_have_value("2031-05-01")
    fact(page, "date_of_birth").locator("[name='value']").fill("1984-05-01")
    fact(page, "date_of_birth").locator("[name='value']").press("Enter")
    expect(fact(page, "date_of_birth").locator(".fact-value")).to_contain_text("1984")

    # Two people change the same field: both values stand side by side.
    fact(page, "city").locator(".fact-value").click()
    box = fact(page, "city").locator("[name='value']")
    expect(box).to_be_focused()
    colleague = User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True)
    customers.edit_party(party.pk, {"city": "高雄市"}, {"city": "Taipei"}, by=colleague)
    box.fill("新北市")
    box.press("Enter")
    expect(page.locator(".conflict")).to_contain_text("高雄市")
    expect(page.locator(".conflict")).to_contain_text("新北市")
    expect(page.locator(".conflict")).to_contain_text("雅婷")
    page.locator(".conflict").get_by_role("button", name="Save mine").click()
    expect(fact(page, "city").locator(".fact-value")).to_contain_text("新北市")
    party.refresh_from_db()
    assert party.city == "新北市"


def test_languages_and_looks(staff_page: Page, shop: None) -> None:
    page = staff_page
    page.goto("/customers/")
    expect(page.locator("h1")).to_have_text("Customers")
    page.locator(".top .languages [lang=zh-hant]").click()
    expect(page.locator("html")).to_have_attribute("lang", re.compile("zh-hant", re.IGNORECASE))
    expect(page.locator("h1")).not_to_have_text("Customers")
    expect(page.locator("main")).to_contain_text("王美玲")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", re.compile("zh-hant", re.IGNORECASE))
    page.locator(".top .languages [lang=en]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/customers/")
    expect(page.locator("h1")).to_have_text("Customers")

    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("summary.user").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.goto("/explore/")  # at once: the server may not have heard of it yet
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_figure_down_to_the_lines_of_its_orders(staff_page: Page, shop: None) -> None:
    page = staff_page
    page.goto("/customers/")
    page.wait_for_load_state()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type("explore", delay=30)
    expect(page.locator("#palette-options .option").first).to_contain_text("Explore")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Explore")

    choose(page, "Measures", "Units")
    choose(page, "Rows", "Brand")
    table = page.locator("#explore .card > .table-scroll > table")  # the plot brings its figures as a table as well
    row = table.locator("tbody tr", has_text="BAKERY")
    expect(table.locator("thead")).to_contain_text("Brand")  # and so both answers have come
    expect(row).to_contain_text("35.00")
    heads = table.locator("thead th").all_inner_texts()
    sales = row.locator("td").nth(heads.index("Sales")).locator("a")
    expect(sales).to_have_text("35.00")  # A3 10, A4 5, A5 15, A6 5
    sales.click()
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(4)
    expect(page.locator("main")).not_to_contain_text("A1")
    page.get_by_role("link", name="A4", exact=True).click()
    expect(page.locator("h1")).to_have_text("Order A4")
    lines = page.locator("#order-lines tbody tr")
    expect(lines).to_have_count(2)
    expect(page.locator("#order-lines")).to_contain_text("烏龍茶")
    expect(page.locator("#order-lines")).to_contain_text("11.50")
    page.locator("main").get_by_role("link", name="王美玲").first.click()
    expect(page.locator("h1")).to_have_text("王美玲")


def choose(page: Page, menu: str, name: str) -> None:
    """Tick `name` in a menu of Explore and wait for the answer."""
    page.locator("#explore summary", has_text=menu).click()
    with page.expect_response(lambda answer: "/explore" in answer.url and answer.status == 200):
        page.locator("#explore details[open]").get_by_label(name, exact=True).check()
    expect(page).to_have_url(re.compile("/explore"))


def test_the_figures_of_today_lead_to_their_orders(staff_page: Page, shop: None) -> None:
    page = staff_page
    page.goto("/")
    tile = page.locator("a.kpi", has=page.locator(".kpi-label", has_text=re.compile("^Sales$")))
    expect(tile.locator(".kpi-value")).to_contain_text("31.50")
    tile.click()
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(2)
    expect(page.locator("main")).to_contain_text("A4")
    expect(page.locator("main")).to_contain_text("A5")
    page.go_back()
    page.locator("tr", has_text="Harbour").locator("a").first.click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("A5")


def test_on_a_telephone(staff_page: Page, shop: None) -> None:
    page = staff_page
    page.set_viewport_size(chromium.TELEPHONE)  # type: ignore[arg-type]
    page.goto("/")
    expect(page.locator("#side")).not_to_be_in_viewport()
    page.get_by_role("button", name="Open the menu").click()
    expect(page.locator("#side")).to_be_in_viewport()
    page.locator("#side").get_by_role("link", name="Customers", exact=True).click()
    expect(page.locator("h1")).to_have_text("Customers")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(4)
    assert rows.first.evaluate("row => getComputedStyle(row).display") != "table-row", "rows are cards here"
    for path in ("/", "/customers/", f"/customers/{Party.objects.get(name='王美玲').pk}/", "/orders/", "/explore/"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert excess <= 0, f"{path} is {excess} px wider than the telephone"
    page.goto("/customers/")
    page.get_by_role("link", name="王美玲").first.click()
    expect(page.locator("h1")).to_have_text("王美玲")
