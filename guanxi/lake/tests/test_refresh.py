"""The lake says the same as the database, whatever happened between two refreshes."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum

from guanxi.lake import tables
from guanxi.lake.refresh import refresh
from guanxi.lake.tests.conftest import Shop
from guanxi.orders.models import OrderLine


def lines() -> list[tuple[Any, ...]]:
    rows = tables.table("sales_line").order_by("line_id").to_pyarrow().to_pylist()
    return [tuple(row.values()) for row in rows]


def assert_same_as_full_load() -> None:
    names = ("party", "product", "place", "staff", "first_purchase", "purchases", "worked_out", "sales_line", "event")
    before = {name: sorted(map(str, tables.table(name).to_pyarrow().to_pylist())) for name in names}
    refresh(full=True)
    after = {name: sorted(map(str, tables.table(name).to_pyarrow().to_pylist())) for name in names}
    assert before == after


def assert_sums_agree() -> None:
    stored = OrderLine.objects.aggregate(total=Sum("amount"))["total"]
    line = tables.table("sales_line")
    assert line.amount.sum().to_pyarrow().as_py() == stored


def test_an_empty_business_gives_empty_tables(shop: Shop) -> None:
    assert tables.table("sales_line").count().to_pyarrow().as_py() == 0
    refresh()
    assert tables.table("sales_line").count().to_pyarrow().as_py() == 0
    assert tables.table("party").columns[0] == "party_id"


def test_orders_come_in_change_and_go(shop: Shop) -> None:
    mei = shop.party("陳美華", city="臺北市")
    tea = shop.product("T1", "烏龍茶", "飲料", "茶", brand="天仁")
    first = shop.order(mei, "2017-03-05", (tea, "12.3456", 2, "5.5"), (None, 3))
    refresh()
    assert len(lines()) == 2
    late = shop.order(shop.party("王小明"), "2016-12-31", (tea, 7))
    shop.change_order(first, (tea, 10))
    outcome = refresh()
    assert "sales_line" not in outcome.whole
    assert outcome.rows["sales_line"] == 2
    assert_sums_agree()
    shop.drop_order(late)
    refresh()
    assert len(lines()) == 1
    assert_sums_agree()
    assert_same_as_full_load()


def test_nothing_new_costs_no_commit(shop: Shop) -> None:
    shop.order(shop.party("陳美華"), "2017-03-05", (None, 1))
    refresh()
    before = tables.versions()
    assert not refresh().changed
    assert tables.versions() == before
