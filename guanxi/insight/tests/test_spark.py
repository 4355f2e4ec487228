"""The same learning with DuckDB and with a Spark cluster: the same standing of everybody, to the last digit."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guanxi.catalog.models import Product
from guanxi.customers.models import Party, Source
from guanxi.foundation import engine
from guanxi.insight.learning import learn
from guanxi.insight.models import EquityPoint, Learning, ModelVersion, Standing
from guanxi.lake.refresh import refresh
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, OrderLine
from tests.spark import SparkCluster

pytestmark = [pytest.mark.end_to_end, pytest.mark.any_database]

TODAY = date(2018, 1, 1)
CUSTOMERS = 250


@pytest.fixture
def customers(transactional_db: None, home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """People who buy for a while, each at his own pace; some give things back, some costs are not known."""
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 120.0)
    settings.GUANXI_TODAY = TODAY
    drawn = np.random.default_rng(7)
    source = Source.objects.create(code="till", name="Till")
    tea, milk = (Product.objects.create(code=name, name=name) for name in ("烏龍茶", "鮮奶"))
    parties = Party.objects.bulk_create(
        Party(name=f"陳{number}", gender=("female", "male", "")[number % 3]) for number in range(CUSTOMERS)
    )
    orders: list[Order] = []
    lines: list[OrderLine] = []
    for party in parties:
        day, gap = TODAY - timedelta(days=int(drawn.integers(10, 700))), drawn.gamma(2, 14) + 1
        while day < TODAY and drawn.random() < 0.9:
            back = len(orders) % 17 == 5
            order = Order(
                number=f"A{len(orders)}",
                key=f"A{len(orders)}",
                source=source,
                party=party,
                day=day,
                placed_at=datetime(day.year, day.month, day.day, 10, tzinfo=UTC),
                currency="USD",
                channel=("till", "web")[len(orders) % 2],
                kind="return" if back else "sale",
            )
            amount = Decimal(int(drawn.integers(1, 200_000))) / 2_500
            orders.append(order)
            lines.append(
                OrderLine(
                    order=order,
                    key="0",
                    product=(tea, milk)[len(orders) % 2],
                    amount=-amount / 2 if back else amount,
                    quantity=-1 if back else 1,
                    cost=None if len(orders) % 5 == 0 else (-amount if back else amount) / 4,
                    discount=0,
                )
            )
            day += timedelta(days=int(drawn.exponential(gap)))
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(lines)
    Event.objects.bulk_create(
        Event(party=order.party, kind="mail.sent", channel="mail", direction="out", occurred_at=order.placed_at)
        for order in orders[::3]
    )
    refresh(full=True)


def everything() -> list[Any]:
    """All that a learning wrote, but for when and under which number."""
    standings = list(Standing.objects.order_by("party").values())
    points = list(EquityPoint.objects.order_by("day").values())
    models = list(
        ModelVersion.objects.order_by("id").values("family", "name", "state", "parameters", "errors", "holdout")
    )
    return [
        {name: value for name, value in row.items() if name != "learning_id"} for row in standings + points + models
    ]


def forget(lake: Path) -> None:
    """Make as if nothing had ever been learned."""
    for model in (Standing, EquityPoint, ModelVersion, Learning):
        model.objects.all().delete()
    for table in lake.glob("standing*"):
        shutil.rmtree(table)


def test_the_same_standing_to_the_last_digit(customers: None, spark_cluster: SparkCluster, settings: Any) -> None:
    learned = []
    for settings.GUANXI_ENGINE in ("duckdb", spark_cluster.url):
        assert learn(again=True).written == CUSTOMERS
        learned.append(everything())
        forget(Path(settings.GUANXI_LAKE))
    of_duckdb, of_spark = learned
    assert engine.connect().name == "pyspark"
    assert len(of_duckdb) > CUSTOMERS
    for ours, theirs in zip(of_duckdb, of_spark, strict=True):
        assert repr(theirs) == repr(ours)
