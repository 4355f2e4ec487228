"""A little trade for dashboards."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from guanxi.lake import refresh
from guanxi.lake.tests.conftest import Shop


@pytest.fixture
def trade(shop: Shop, settings: Any) -> Shop:
    """Milk and bread in November and December 2017, at two places."""
    settings.GUANXI_TODAY = date(2018, 1, 2)
    milk, bread = shop.product("M", "Milk", "GROCERY"), shop.product("B", "Bread", "BAKERY")
    north, south = shop.place("N", "North"), shop.place("S", "South")
    ann, bo = shop.party("Ann"), shop.party("Bo")
    shop.order(ann, "2017-11-10", (milk, 10), place=north)
    shop.order(ann, "2017-12-10", (milk, 12), (bread, 3), place=north)
    shop.order(bo, "2017-12-20", (bread, 5), place=south)
    refresh.refresh()
    return shop
