"""The same questions, answered by DuckDB and by a Spark cluster: the same rows, to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guanxi.foundation import engine
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import dimensions, measures, tables
from guanxi.lake.query import Query, ask, orders_behind
from guanxi.lake.refresh import refresh
from guanxi.lake.store import LakeBroken
from guanxi.lake.tests.conftest import Shop
from tests.spark import SparkCluster

pytestmark = [pytest.mark.end_to_end, pytest.mark.any_database]


@pytest.fixture
def both(spark_cluster: SparkCluster, settings: Any) -> Callable[[Callable[[], Any]], Any]:
    """Asks the same on both engines, and gives the answer if they agree."""

    def ask_both(question: Callable[[], Any]) -> Any:
        answers = []
        for settings.GUANXI_ENGINE in ("duckdb", spark_cluster.url):
            answers.append(question())
        of_duckdb, of_spark = answers
        assert repr(of_spark) == repr(of_duckdb)  # not only equal: the same types and the same digits
        return of_spark

    return ask_both


@pytest.fixture
def years(shop: Shop, settings: Any) -> Shop:
    """Orders of two years: odd amounts, returns, names in Chinese, and nothing known of some things."""
    settings.GUANXI_HOME.joinpath("one's own 資料").mkdir()
    settings.GUANXI_LAKE = str(settings.GUANXI_HOME / "one's own 資料" / "湖")
    goods = [
        shop.product("T1", "烏龍茶", "飲料", "茶", brand="天仁"),
        shop.product("M1", "鮮奶", "飲料", "乳品"),
        shop.product("B1", "Bread", "BAKERY"),
        None,
    ]
    places = [shop.place("N", "臺北店"), shop.place("S", "高雄店"), None]
    clerks = [shop.staff("7", "林"), None]
    people = [
        shop.party("陳美華", gender="female", city="臺北市", date_of_birth=date(1980, 5, 6), profile={"age": "35-44"}),
        shop.party("王小明", gender="male", occupation="teacher", profile={"age": "19-24", "income": "50-74K"}),
        shop.party("吳"),
    ]
    for number in range(1, 41):
        sign = -1 if number % 7 == 6 else 1
        lines = [
            (
                goods[(number + step) % 4],
                sign * (Decimal(number * 37 + step) / 7).quantize(Decimal("0.0001")),
                sign * (Decimal(step + 1) / 3).quantize(Decimal("0.0001")),
                sign * Decimal(number) / 4 if number % 3 else None,
                Decimal(number % 5) / 8,
            )
            for step in range(number % 3 + 1)
        ]
        shop.order(
            people[number * number % 3],
            date(2016, 12, 28) + timedelta(days=number * 11),
            *lines,
            place=places[number % 3],
            sales_person=clerks[number % 2],
            channel=("till", "web")[number % 5 == 0],
            currency="TWD" if number == 20 else "USD",
            kind="return" if sign < 0 else "sale",
        )
    refresh()
    return shop


FILTERS: list[dict[str, Any]] = [
    {"day": {"from": "2017-03-05", "to": "2017-09-06"}, "kind": "sale", "product": ["T1", "B1", "鮮奶"]},
    {"month": ["2017-03", "2017-05"], "department": ["飲料", None]},
    {"week": {"from": "2017-W05", "to": "2017-W40"}, "weekday": [1, 2, 3, 4, 5], "gender": ["male", "female", None]},
    {"birth_year": {"min": 1970, "max": 1985}, "age": ["35-44"], "customer": ["陳美華"], "place": ["臺北店", None]},
]


# What nobody learned, paid or sold here.
WITHOUT_ROWS = ("standing", "paying", "open_deal", "closed_deal", "deal_stay", "activity", "cost", "attainment")


def test_measures_dimensions_and_filters(years: Shop, both: Any, spark_cluster: SparkCluster, settings: Any) -> None:
    for base in {measure.base for measure in measures.all().values()}:
        of_base = [name for name, measure in measures.all().items() if measure.base == base]
        by = ["year", "kind"] if base == measures.SALES_LINES else ["gender", "city"]
        assert both(lambda: ask(Query(of_base, by), SYSTEM)) or base.startswith(WITHOUT_ROWS), base  # noqa: B023
    names = [name for name, one in dimensions.all().items() if one.cuts(measures.SALES_LINES)]
    for part in range(3):
        assert both(lambda: ask(Query(["lines", "sales"], names[part::3]), SYSTEM)), part  # noqa: B023
    for where in FILTERS:
        assert both(lambda: ask(Query(["lines", "margin_rate"], ["month", "product"], where), SYSTEM)), where  # noqa: B023
    assert both(lambda: orders_behind(FILTERS[0], SYSTEM, limit=5))
    settings.GUANXI_ENGINE = spark_cluster.url
    assert engine.connect().name == "pyspark"


def test_nothing_and_less_than_before(shop: Shop, both: Any, spark_cluster: SparkCluster) -> None:
    """An empty lake, then a first order, then another: every commit is seen."""
    question = Query(["sales", "orders", "customers", "basket"])
    both(lambda: ask(question, SYSTEM))
    assert both(lambda: ask(Query(["sales"], ["department", "city"]), SYSTEM)) == []
    for count in (1, 2):
        shop.order(shop.party("陳美華"), "2017-03-05", (None, "5.0001"))
        refresh()
        assert both(lambda: ask(question, SYSTEM))[0]["sales"] == count * Decimal("5.0001")


def test_a_lake_behind_a_url(years: Shop, both: Any, settings: Any) -> None:
    here = ask(Query(["sales"], ["month", "city"]), SYSTEM)
    settings.GUANXI_LAKE = Path(settings.GUANXI_LAKE).rename(settings.GUANXI_HOME / "lake").as_uri()
    assert both(lambda: ask(Query(["sales"], ["month", "city"]), SYSTEM)) == here


def test_a_missing_file_is_named(years: Shop, spark_cluster: SparkCluster, settings: Any) -> None:
    settings.GUANXI_ENGINE = spark_cluster.url
    ask(Query(["sales"]), SYSTEM)
    next(Path(settings.GUANXI_LAKE, "sales_line").rglob("*.parquet")).unlink()
    with pytest.raises(LakeBroken, match=r"sales_line.*guanxi refresh --full"):
        ask(Query(["sales"]), SYSTEM)


def test_rows_in_memory_are_joined(years: Shop, both: Any) -> None:
    import pyarrow as pa

    def question() -> Any:
        line = tables.table("sales_line")
        chosen = engine.memory(pa.table({"party_id": line.party_id.to_pyarrow().unique().sort()[:2]}))
        total = line.semi_join(chosen, "party_id").group_by("party_id").agg(amount=line.amount.sum())
        return total.order_by("party_id").to_pyarrow()

    assert both(question).num_rows == 2


def test_moments_and_days(years: Shop, both: Any) -> None:
    def question() -> Any:
        event = tables.table("event")
        return event.group_by("party_id").agg(first=event.occurred_at.min(), day=event.day.max()).order_by("party_id")

    assert both(lambda: question().to_pyarrow()).column_names == ["party_id", "first", "day"]
