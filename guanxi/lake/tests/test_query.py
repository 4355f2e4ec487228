"""Questions to the lake: the figures are those of the database, and what cannot be answered says why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.lake import dimensions, measures
from guanxi.lake.query import BadQuery, Query, UnknownName, ask, orders_behind, run
from guanxi.lake.refresh import refresh
from guanxi.lake.tests.conftest import Shop
from guanxi.orders.models import Order


@pytest.fixture
def year(shop: Shop) -> Shop:
    """Some orders of 2017, one return, one order before."""
    tea = shop.product("T1", "烏龍茶", "飲料", "茶", brand="天仁")
    milk = shop.product("M1", "鮮奶", "飲料", "乳品")
    bread = shop.product("B1", "Bread", "BAKERY")
    north, south = shop.place("N", "臺北店"), shop.place("S", "高雄店")
    mei = shop.party("陳美華", gender="female", city="臺北市", profile={"age": "35-44", "income": "50-74K"})
    ming = shop.party("王小明", gender="male", profile={"age": "19-24"})
    wu = shop.party("吳")
    shop.order(mei, "2016-12-31", (tea, 5, 1, 2), place=north)
    shop.order(mei, "2017-03-05", (tea, "10.10", 2, 4), (bread, 3, 1, 1, "0.50"), place=north)
    shop.order(mei, "2017-03-06", (milk, 4, 1, 2), place=south, channel="web")
    shop.order(ming, "2017-03-06", (tea, 20, 4, 8), (None, 1), place=north, sales_person=shop.staff("7", "林"))
    shop.order(wu, "2017-04-01", (bread, "2.2222", "0.5"))
    shop.order(mei, "2017-04-02", (tea, -10, -2, -4), place=north, kind="return")
    refresh()
    return shop


def database(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]


def by(rows: list[dict[str, Any]], name: str, measure: str) -> dict[Any, Any]:
    return {row[name]: row[measure] for row in rows}


def test_sums_by_department_are_those_of_the_database(year: Shop) -> None:
    rows = ask(Query(["sales", "lines", "orders"], by=["department"]), SYSTEM)
    stored = database(
        "SELECT c.name, SUM(l.amount), COUNT(*), COUNT(DISTINCT CASE WHEN o.kind = 'sale' THEN o.id END) "
        "FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id "
        "LEFT JOIN catalog_product p ON p.id = l.product_id LEFT JOIN catalog_category c ON c.id = p.department_id "
        "GROUP BY c.name"
    )
    assert {(row["department"], row["sales"] * 10_000, row["lines"], row["orders"]) for row in rows} == {
        (name, amount, lines, orders) for name, amount, lines, orders in stored
    }
    assert [row["department"] for row in rows] == ["飲料", "BAKERY", None]  # the largest first


def test_the_measures(year: Shop) -> None:
    row = ask(Query(list(measures.all())), SYSTEM)[0]
    assert row["sales"] == Decimal("35.3222")
    assert row["orders"] == 5
    assert row["customers"] == 3
    assert row["lines"] == 8
    assert row["units"] == Decimal("8.5")
    assert row["cost"] == 13
    assert row["margin"] == 3 + Decimal("6.1") + 2 + 2 + 12 - 6  # two lines have no cost
    assert row["discount"] == Decimal("0.5")
    assert row["basket"] == Decimal("7.0644")
    assert row["returned"] == 10
    assert row["return_rate"] == pytest.approx(10 / 45.3222)
    assert row["new_customers"] == 3
    assert row["repeat_customers"] == 1


def test_new_and_returning_customers_by_day(year: Shop) -> None:
    rows = ask(Query(["new_customers", "repeat_customers", "customers"], by=["day"]), SYSTEM)
    assert [tuple(row.values()) for row in rows] == [
        (date(2016, 12, 31), 1, 0, 1),
        (date(2017, 3, 5), 0, 1, 1),
        (date(2017, 3, 6), 1, 1, 2),
        (date(2017, 4, 1), 1, 0, 1),
        (date(2017, 4, 2), 0, 1, 1),
    ]


def test_periods(year: Shop) -> None:
    assert by(ask(Query(["lines"], ["week"]), SYSTEM), "week", "lines") == {
        date(2016, 12, 26): 1,
        date(2017, 2, 27): 2,
        date(2017, 3, 6): 3,
        date(2017, 3, 27): 2,
    }
    assert by(ask(Query(["lines"], ["month"]), SYSTEM), "month", "lines") == {
        date(2016, 12, 1): 1,
        date(2017, 3, 1): 5,
        date(2017, 4, 1): 2,
    }
    assert by(ask(Query(["lines"], ["quarter"]), SYSTEM), "quarter", "lines") == {
        date(2016, 10, 1): 1,
        date(2017, 1, 1): 5,
        date(2017, 4, 1): 2,
    }
    assert by(ask(Query(["lines"], ["year"]), SYSTEM), "year", "lines") == {2016: 1, 2017: 7}
    assert by(ask(Query(["lines"], ["weekday"]), SYSTEM), "weekday", "lines") == {6: 2, 7: 3, 1: 3}


@pytest.mark.parametrize(
    ("where", "lines"),
    [
        ({"day": {"from": "2017-03-05", "to": "2017-03-06"}}, 5),
        ({"day": {"from": date(2017, 4, 1)}}, 2),
        ({"day": ["2017-03-05"]}, 2),
        ({"month": ["2017-03"]}, 5),
        ({"month": {"from": "2017-03", "to": "2017-04"}}, 7),
        ({"week": ["2017-W10"]}, 3),
        ({"quarter": ["2017-Q1", "2016-Q4"]}, 6),
        ({"year": [2016]}, 1),
        ({"weekday": [7]}, 3),
        ({"department": ["飲料"]}, 5),
        ({"department": ["飲料", None]}, 6),
        ({"category": ["茶"]}, 4),
        ({"brand": "天仁"}, 4),
        ({"place": ["N"]}, 6),
        ({"place": ["高雄店"]}, 1),
        ({"place": [None]}, 1),
        ({"product": ["B1", "鮮奶"]}, 3),
        ({"channel": ["web"]}, 1),
        ({"staff": ["林"]}, 2),
        ({"kind": ["return"]}, 1),
        ({"age": ["35-44"]}, 5),
        ({"age": [None]}, 1),
        ({"gender": ["male"], "day": ["2017-03-06"]}, 2),
        ({"customer": ["吳"]}, 1),
        ({"city": ["臺北市"], "department": ["BAKERY"]}, 1),
    ],
)
def test_filters(year: Shop, where: dict[str, Any], lines: int) -> None:
    assert ask(Query(["lines"], where=where), SYSTEM)[0]["lines"] == lines


def test_every_dimension_counts_every_line_once(year: Shop) -> None:
    for name in (name for name, one in dimensions.all().items() if one.cuts("sales_line")):
        assert sum(row["lines"] for row in ask(Query(["lines"], by=[name]), SYSTEM)) == 8, name


def test_every_pair_of_a_record_and_a_period(year: Shop) -> None:
    rows = ask(Query(["sales"], by=["place", "month"], order=["month", "-place"]), SYSTEM)
    assert [(row["place"], row["month"].month, row["sales"]) for row in rows] == [
        ("臺北店", 12, 5),
        ("高雄店", 3, 4),
        ("臺北店", 3, Decimal("34.1")),
        ("臺北店", 4, -10),
        (None, 4, Decimal("2.2222")),
    ]
    assert rows[0]["place_id"] == database("SELECT id FROM orders_place WHERE code = 'N'")[0][0]


def test_not_known_is_a_value(year: Shop) -> None:
    assert by(ask(Query(["sales"], by=["age"]), SYSTEM), "age", "sales")[None] == Decimal("2.2222")


def test_totals_count_customers_once(year: Shop) -> None:
    result = run(Query(["customers", "sales"], by=["month"], totals=True), SYSTEM)
    assert sum(row["customers"] for row in result.rows) == 5
    assert result.totals == {"customers": 3, "sales": Decimal("35.3222")}


def test_a_cut_is_said(year: Shop) -> None:
    result = run(Query(["sales"], by=["product"], order=["-sales"], limit=1), SYSTEM)
    assert [row["product"] for row in result.rows] == ["烏龍茶"]
    assert result.notes == ["Only the first 1 rows are shown."]


def test_lines_without_a_cost_are_said(year: Shop) -> None:
    assert "The cost of 2 lines is not known" in run(Query(["margin"]), SYSTEM).notes[0]


def test_amounts_of_several_currencies_are_not_added_up(year: Shop, settings: Any) -> None:
    assert run(Query(["sales"]), SYSTEM).currency == "USD"
    year.order(year.party("李"), "2017-05-01", (None, 1000), currency="TWD")
    refresh()
    result = run(Query(["sales"]), SYSTEM)
    assert result.rows == [{"sales": Decimal("35.3222")}]
    assert "TWD" in result.notes[0]
    grouped = run(Query(["sales"], by=["currency"]), SYSTEM)
    assert by(grouped.rows, "currency", "sales") == {"USD": Decimal("35.3222"), "TWD": 1000}
    assert run(Query(["sales"], where={"currency": ["TWD"]}), SYSTEM).rows == [{"sales": 1000}]


def test_the_orders_behind_a_figure(year: Shop) -> None:
    found = orders_behind({"department": ["飲料"], "month": ["2017-03"]}, SYSTEM)
    stored = Order.objects.filter(day__month=3, lines__product__department__name="飲料").order_by("-day", "-id")
    assert found == list(dict.fromkeys(stored.values_list("id", flat=True)))
    assert len(found) == 3


def test_unknown_names_tell_the_known_ones(year: Shop) -> None:
    with pytest.raises(UnknownName, match=r"There is no measure “profit”.*margin") as failure:
        run(Query(["profit"]), SYSTEM)
    assert failure.value.field == "measures"
    with pytest.raises(UnknownName, match=r"dimension “colour”.*department"):
        run(Query(["sales"], by=["colour"]), SYSTEM)
    with pytest.raises(UnknownName, match="dimension “colour”"):
        run(Query(["sales"], where={"colour": ["red"]}), SYSTEM)


@pytest.mark.parametrize(
    "query",
    [
        Query([]),
        Query("sales"),
        Query(["sales"], by=[3]),  # type: ignore[list-item]
        Query(["sales"], limit=0),
        Query(["sales"], limit=100_001),
        Query(["sales"], limit="many"),
        Query(["sales"], order=["orders"]),
        Query(["sales"], where=["day"]),
        Query(["sales"], where={"day": ["2017-02-30"]}),
        Query(["sales"], where={"day": {"from": "yesterday"}}),
        Query(["sales"], where={"day": {"since": "2017-01-01"}}),
        Query(["sales"], where={"day": {}}),
        Query(["sales"], where={"week": ["2017-W54"]}),
        Query(["sales"], where={"year": [10000]}),
        Query(["sales"], where={"department": []}),
        Query(["sales"], where={"department": [7]}),
        Query(["sales"], where={"department": {"from": "A"}}),
        Query(["sales"], where={"department": [["A"]]}),
        Query(["sales"], where={"weekday": ["Monday"]}),
        Query(["sales"], where={"birth_year": {"from": "NaN"}}),
        Query(["sales"], where={"place": [1.5]}),
    ],
)
def test_what_cannot_be_answered_says_why(year: Shop, query: Query) -> None:
    with pytest.raises(BadQuery) as failure:
        run(query, SYSTEM)
    assert failure.value.field


def test_strangers_see_nothing(year: Shop, stranger: Any) -> None:
    with pytest.raises(NotAllowed):
        run(Query(["sales"]), stranger)


def test_an_empty_lake_answers(shop: Shop) -> None:
    result = run(Query(["sales", "customers"], totals=True), SYSTEM)
    assert result.rows == [{"sales": None, "customers": 0}]
    assert result.as_of is None
    assert ask(Query(["sales", "new_customers"], by=["age", "place", "month"]), SYSTEM) == []
