"""Today, who buys and Explore say what the orders say, lead to the records behind, and reach their subscribers."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from guanxi.foundation import reports
from guanxi.foundation.models import User
from guanxi.foundation.reports import tasks as report_tasks
from guanxi.foundation.reports.models import Subscription
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.lake import refresh
from guanxi.lake.reports import today, who_buys
from guanxi.lake.tests.conftest import Shop
from guanxi.orders import summary

TODAY = date(2018, 1, 1)


@pytest.fixture
def trade(shop: Shop, settings: Any) -> Shop:
    """Two customers, milk and bread; Sunday 31 December 2017 against the Sunday before."""
    settings.GUANXI_TODAY = TODAY
    milk = shop.product("M", "鮮奶", "GROCERY", "DAIRY", brand="National")
    bread = shop.product("B", "Bread", "BAKERY", "BREAD", brand="Private")
    north, south = shop.place("367", "North"), shop.place("9", "South")
    mei, ann = shop.party("王美玲", profile={"age": "25-34"}, gender="female"), shop.party("Ann")
    for weeks in range(8, 1, -1):
        shop.order(mei, TODAY - timedelta(days=1 + 7 * weeks), (milk, 10), place=north)
    shop.order(mei, "2017-12-24", (milk, 10), (bread, 5), place=north)
    shop.order(mei, "2017-12-31", (milk, 12), (bread, 3), place=north)
    shop.order(ann, "2017-12-31", (bread, 5), place=south)
    for party in (mei, ann):
        summary.recompute(party)
    refresh.refresh()
    return shop


def tile(context: dict[str, Any], label: str) -> Any:
    return next(tile for tile in context["tiles"] if tile.label == label)


def test_yesterday_against_the_weekday_before(trade: Shop, staff: User) -> None:
    context = today.context(staff, {})
    sales = tile(context, "Sales")
    assert sales.text == "20.00"
    assert sales.notes[0].text == "+33.3 % on last Sunday"
    assert sales.notes[1].text == "31 Dec 2016: no sales"
    assert tile(context, "Orders").text == "2"
    assert tile(context, "Customers buying").notes[-1].text == "1 new, 1 returned"
    assert tile(context, "Month to date").text == "65.00", "3, 10, 17, 24 and 31 December"
    departments = {row["name"]: row["sales"] for row in context["breakdowns"][0]["rows"]}
    assert departments == {"GROCERY": "12.00", "BAKERY": "8.00"}


def test_one_place_alone(trade: Shop, staff: User) -> None:
    context = today.context(staff, {"place": "9"})
    assert tile(context, "Sales").text == "5.00"


def test_the_page_and_its_links(trade: Shop, staff_client: Client) -> None:
    page = staff_client.get("/")
    assert page.status_code == 200
    words = page.content.decode()
    assert "Yesterday in brief" in words
    for url in (tile(page.context, "Sales").url, page.context["breakdowns"][0]["rows"][0]["url"]):
        answer = staff_client.get(url)
        assert answer.status_code == 200, url
        assert "A8" in answer.content.decode() or "A9" in answer.content.decode(), "the orders of the day stand there"
    assert staff_client.get("/", {"day": "2017-12-24"}).status_code == 200
    assert staff_client.get("/", {"day": "yesterday"}).status_code in (200, 400)


def test_behind_a_figure_stand_just_its_orders(trade: Shop, staff_client: Client, staff: User) -> None:
    page = staff_client.get("/")
    bakery = next(row for row in page.context["breakdowns"][0]["rows"] if row["name"] == "BAKERY")
    words = staff_client.get(bakery["url"]).content.decode()
    assert ">A9<" in words.replace("\n", "").replace(" ", "") or "A9" in words
    assert "A10" in words
    assert "A8<" not in words


def test_slipping_away_by_ones_own_rhythm(trade: Shop, staff: User, settings: Any) -> None:
    assert today.context(staff, {})["slipping"].rows == []
    settings.GUANXI_TODAY = date(2018, 1, 25)
    (row,) = today.context(staff, {})["slipping"].rows
    assert row.name == "王美玲"
    assert row.reason == "Bought every 7 days, now silent for 25"


def test_who_buys_says_what_is_not_known(trade: Shop, staff: User) -> None:
    context = who_buys.context(staff, {"month": "2017-12"})
    ages = next(section for section in context["sections"] if section["name"] == "age")
    assert [(line["name"], line["sales"]) for line in ages["lines"]] == [("25–34", "60.00"), ("not known", "5.00")]
    assert ages["known"] == "50.0 %"


def test_an_empty_house_has_pages_too(shop: Shop, staff_client: Client, settings: Any) -> None:
    settings.GUANXI_TODAY = TODAY
    for url in ("/", "/explore/", "/reports/who-buys/"):
        assert staff_client.get(url).status_code == 200, url


def test_pdf_in_chinese(trade: Shop, staff_client: Client) -> None:
    staff_client.cookies["language"] = "zh-hant"
    for slug in ("today", "who-buys"):
        answer = staff_client.get(f"/reports/{slug}/pdf/")
        assert answer["Content-Type"] == "application/pdf"
        assert io.BytesIO(answer.content).read(5) == b"%PDF-"


def test_a_subscriber_gets_each_report_once(trade: Shop, staff: User, staff_client: Client, smtp_server: Any) -> None:
    staff_client.post("/reports/today/subscription/", {"wanted": "1"})
    Subscription.objects.update(sent_for="2017-12-31")
    for _again in range(2):
        report_tasks.send_due.call()
        run_waiting()
    (mail,) = smtp_server
    assert mail["To"] == staff.email
    assert "Yesterday in brief" in mail["Subject"]
    assert "20.00" in mail.get_body(("plain",)).get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_content()[:5] == b"%PDF-"
    staff_client.post("/reports/today/subscription/", {"wanted": "0"})
    assert not Subscription.objects.exists()


def test_without_an_address_no_subscription(trade: Shop, staff: User, staff_client: Client) -> None:
    User.objects.filter(pk=staff.pk).update(email="")
    answer = staff_client.post("/reports/today/subscription/", {"wanted": "1"}, follow=True)
    assert "no mail address" in answer.content.decode()
    assert not Subscription.objects.exists()


def test_explore_pivots_plots_and_leads_on(trade: Shop, staff_client: Client) -> None:
    page = staff_client.get("/explore/", {"m": ["sales"], "by": ["department"], "across": "place"})
    table = page.context["table"]
    assert [head.text for head in table.heads] == ["Department", "North", "South", "All"]
    cells = {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}
    assert cells == {"GROCERY": ["92.00", "–", "92.00"], "BAKERY": ["8.00", "5.00", "13.00"]}
    assert len(table.plot["series"]) == 2
    behind = staff_client.get(table.rows[0][1].url)
    assert behind.status_code == 200


def test_explore_filters_by_days_and_values(trade: Shop, staff_client: Client) -> None:
    where = {"f.day__from": "2017-12-31", "f.day__to": "2017-12-31", "f.age": ""}
    page = staff_client.get("/explore/", {"m": ["sales", "customers"], "by": "", **where})
    assert [cell.text for cell in page.context["table"].rows[0]] == ["5.00", "1"]
    editor = staff_client.get("/explore/values/department/", where)
    assert {text for _raw, text, _chosen in editor.context["values"]} == {"GROCERY", "BAKERY"}


@pytest.mark.parametrize("wrong", ["m=nothing", "by=nothing", "f.day__from=never", "f.department__from=1", "across=x"])
def test_explore_says_what_is_wrong(trade: Shop, staff_client: Client, wrong: str) -> None:
    page = staff_client.get(f"/explore/?{wrong}")
    assert page.status_code == 200
    assert page.context["problem"]


def test_strangers_see_no_report(trade: Shop, client: Client, stranger: User) -> None:
    client.force_login(stranger)
    for url in ("/", "/explore/", "/reports/who-buys/", "/reports/today/pdf/"):
        assert client.get(url).status_code == 403, url


def test_every_report_is_found_by_its_slug() -> None:
    assert {report.slug for report in reports.registered()} >= {"today", "who-buys"}


def test_who_buys_tells_residence_where_it_is_known(trade: Shop, staff: User) -> None:
    names = [section["name"] for section in who_buys.context(staff, {"month": "2017-12"})["sections"]]
    assert {"gender", "age", "income"} <= set(names)
    assert not {"city", "occupation"} & set(names)
    trade.order(trade.party("林志明", city="臺北市"), "2017-12-30", (None, 7))
    refresh.refresh()
    sections = {section["name"]: section for section in who_buys.context(staff, {"month": "2017-12"})["sections"]}
    assert [(line["name"], line["sales"]) for line in sections["city"]["lines"]] == [
        ("臺北市", "7.00"),
        ("not known", "65.00"),
    ]
