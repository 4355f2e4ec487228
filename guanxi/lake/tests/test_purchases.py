"""What each customer bought in sum, as the lake keeps it, and the day of purchase that a return belongs to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from guanxi.customers.models import Party
from guanxi.lake import schema, store, tables
from guanxi.lake.refresh import keep_tidy, refresh
from guanxi.lake.tests.conftest import Shop
from guanxi.lake.tests.test_refresh import assert_same_as_full_load
from guanxi.orders import summary


def purchases() -> dict[int, dict[str, Any]]:
    rows = tables.table("purchases").to_pyarrow().to_pylist()
    return {row.pop("party_id"): row for row in rows}


def assert_same_as_the_database() -> None:
    found = purchases()
    for party in Party.objects.all():
        known = summary.recompute(party)
        if known is None:
            assert party.pk not in found
            continue
        assert found[party.pk] == {
            "first_day": known.first_day if known.purchase_days else None,
            "last_day": known.last_day if known.purchase_days else None,
            "purchase_days": known.purchase_days,
            "order_count": known.order_count,
            "revenue": known.revenue,
        }
    assert len(found) <= Party.objects.count()


@pytest.fixture
def busy(shop: Shop) -> Shop:
    mei, wu, ming = shop.party("陳美華"), shop.party("吳"), shop.party("王小明")
    shop.order(mei, "2017-03-05", (None, "10.25"), (None, 3))
    shop.order(mei, "2017-03-05", (None, 5))
    sale = shop.order(mei, "2017-04-01", (None, 7))
    shop.order(mei, "2017-05-01", (None, -7), kind="return", returns=sale)
    shop.order(mei, "2017-04-02", (None, 1000), currency="TWD")
    shop.order(wu, "2017-06-01", (None, -2), kind="return")
    shop.order(ming, "2017-06-01", (None, 2))
    refresh()
    return shop


def test_days_orders_and_revenue(busy: Shop) -> None:
    mei, wu = (Party.objects.get(name=name) for name in ("陳美華", "吳"))
    assert purchases()[mei.pk] == {
        "first_day": date(2017, 3, 5),
        "last_day": date(2017, 4, 2),
        "purchase_days": 3,
        "order_count": 4,
        "revenue": Decimal("18.25"),
    }
    assert purchases()[wu.pk]["first_day"] is None
    assert purchases()[wu.pk]["revenue"] == -2
    assert_same_as_the_database()


def test_each_order_brings_them_up_to_date(busy: Shop) -> None:
    mei, ming = Party.objects.get(name="陳美華"), Party.objects.get(name="王小明")
    latest = mei.orders.latest("day")
    for number in range(1, 4):
        latest = busy.order(mei, f"2017-0{number + 5}-09", (None, number))
        outcome = refresh()
        assert outcome.rows["purchases"] == 1
        assert "purchases" not in outcome.whole
        assert_same_as_the_database()
    busy.change_order(latest, (None, 4), party=ming)
    refresh()
    assert_same_as_the_database()
    assert_same_as_full_load()


def test_who_has_no_orders_any_longer_is_gone(busy: Shop) -> None:
    ming = Party.objects.get(name="王小明")
    busy.drop_order(ming.orders.get())
    refresh()
    assert ming.pk not in purchases()
    keep_tidy()
    assert ming.pk not in purchases()
    busy.order(ming, "2017-07-07", (None, 9))
    refresh()
    assert purchases()[ming.pk]["revenue"] == 9
    assert_same_as_full_load()


def test_many_small_files_become_few_and_say_the_same(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TOO_MANY", 2)
    mei = Party.objects.get(name="陳美華")
    for number in range(1, 4):
        busy.order(mei, f"2017-08-0{number}", (None, number))
        refresh()
    stored = store.open_table(schema.PURCHASES)
    assert stored is not None
    assert len(stored.file_uris()) <= 2
    assert_same_as_the_database()
    assert not refresh().changed  # the marks are kept


def test_another_currency_of_the_business_counts_anew(busy: Shop, settings: Any) -> None:
    settings.GUANXI_CURRENCY = "TWD"
    refresh()
    assert purchases()[Party.objects.get(name="陳美華").pk]["revenue"] == 1000


def purchase_days() -> dict[int, date | None]:
    rows = tables.table("sales_line").select("order_id", "purchase_day").to_pyarrow().to_pylist()
    return {row["order_id"]: row["purchase_day"] for row in rows}


def test_a_return_belongs_to_the_day_of_its_sale(busy: Shop) -> None:
    mei = Party.objects.get(name="陳美華")
    given_back = mei.orders.get(kind="return")
    unknown = Party.objects.get(name="吳").orders.get()
    assert given_back.returns is not None
    assert purchase_days()[given_back.pk] == date(2017, 4, 1)
    assert purchase_days()[unknown.pk] is None
    assert purchase_days()[given_back.returns.pk] == date(2017, 4, 1)
    busy.change_order(given_back.returns, day=date(2017, 4, 9))
    refresh()
    assert purchase_days()[given_back.pk] == date(2017, 4, 9)
    busy.change_order(unknown, returns=Party.objects.get(name="王小明").orders.get())
    refresh()
    assert purchase_days()[unknown.pk] == date(2017, 6, 1)
    assert_same_as_full_load()
