"""The lake read by other tools: the examples of docs/develop/lake.md run, and say what Guanxi says."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from guanxi.foundation.visibility import SYSTEM
from guanxi.lake.query import Query, ask
from guanxi.lake.refresh import refresh
from guanxi.lake.tests.conftest import Shop
from tests.sources import ROOT
from tests.spark import SparkCluster

PAGE = ROOT / "docs" / "develop" / "lake.md"
pytestmark = pytest.mark.any_database


def example(tool: str) -> str:
    """The example of a tool, as the page has it."""
    section = PAGE.read_text(encoding="utf-8").partition("## Read by other tools")[2]
    found = re.search(rf"^{tool}\b[^\n]*(?:\n[^\n`]+)*\n\n```python\n(.*?)```", section, re.MULTILINE | re.DOTALL)
    assert found, f"no example of {tool}"
    return found[1]


def rows_of(tool: str, **known: Any) -> list[tuple[str, Decimal]]:
    names: dict[str, Any] = dict(known)
    exec(example(tool), names)
    return [tuple(row) for row in names["rows"]]


@pytest.fixture
def sold(shop: Shop, settings: Any) -> list[tuple[str, Decimal]]:
    """Sales by department, as Guanxi tells them."""
    tea, bread = shop.product("T1", "烏龍茶", "飲料", "茶"), shop.product("B1", "Bread", "BAKERY")
    party = shop.party("陳美華")
    shop.order(party, "2017-03-01", (tea, "12.3456", 2), (bread, "3.10"))
    refresh()
    shop.order(party, "2017-04-02", (tea, "7.65"))
    refresh()
    rows = ask(Query(["sales"], by=["department"], order=["-sales"]), SYSTEM)
    told = [(row["department"], Decimal(str(row["sales"]))) for row in rows]
    assert told == [("飲料", Decimal("19.9956")), ("BAKERY", Decimal("3.1"))]
    return told


@pytest.mark.parametrize("tool", ["DuckDB", "Polars"])
def test_the_examples_say_the_same(sold: list[tuple[str, Decimal]], settings: Any, tool: str) -> None:
    assert rows_of(tool, LAKE=settings.GUANXI_LAKE) == sold


@pytest.mark.end_to_end
def test_spark_says_the_same(sold: list[tuple[str, Decimal]], settings: Any, spark_cluster: SparkCluster) -> None:
    from guanxi.foundation.engine import on_spark

    settings.GUANXI_ENGINE = spark_cluster.url
    assert rows_of("Spark", LAKE=settings.GUANXI_LAKE, spark=on_spark._session()) == sold
