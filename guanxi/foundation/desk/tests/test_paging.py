"""Pages by key: whatever the values, every row exactly once and in order."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core import signing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.foundation.desk import paging
from guanxi.foundation.desk.declaration import as_field
from guanxi.foundation.desk.paging import Order
from guanxi.foundation.desk.tests.people import START, Party, PurchaseSummary

pytestmark = pytest.mark.django_db
WORDS = st.sampled_from(["", "王", "陳建宏", "a", "A", "é", "zz"])
AMOUNTS = st.none() | st.decimals(min_value=-5, max_value=5, places=2).map(lambda number: round(number, 1))
FLOATS = st.none() | st.floats(min_value=-2, max_value=2).map(lambda number: round(number, 2))


def turn_pages(order: Order, size: int) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    for _turn in range(100):
        page = paging.page(Party.objects.select_related("purchases"), order, cursor, size)
        found += page.rows
        cursor = page.next
        if not cursor:
            return found
    raise AssertionError("the pages do not end")


def check(order: Order, size: int) -> None:
    found = turn_pages(order, size)
    assert sorted(row.pk for row in found) == sorted(Party.objects.values_list("pk", flat=True))
    assert [row.pk for row in paging.everything(Party.objects.all(), order, 3)] == [row.pk for row in found]
    if order.field is None:
        keys = [row.pk for row in found]
        assert keys == sorted(keys, reverse=order.descending)
        return
    values = [None if (value := order.field.value(row)) == "" else value for row in found]
    first_missing = values.index(None) if None in values else len(values)
    assert all(value is None for value in values[first_missing:])
    present = [(value, row.pk) for value, row in zip(values, found, strict=True) if value is not None]
    if not isinstance(present[0][0] if present else "", str):  # how texts compare is the database's affair
        assert present == sorted(present, reverse=order.descending)
    for (one, first), (two, second) in pairwise(present):
        assert one != two or (first > second) == order.descending


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(WORDS, WORDS, AMOUNTS, FLOATS), max_size=14),
    size=st.integers(1, 6),
    path=st.sampled_from(
        ["", "city", "name", "purchases.revenue", "purchases.gap_mean", "date_of_birth", "created_at"]
    ),
    descending=st.booleans(),
)
def test_every_row_once_and_in_order(db: None, rows: list[Any], size: int, path: str, descending: bool) -> None:
    Party.objects.all().delete()
    for name, city, revenue, gap in rows:
        party = Party.objects.create(
            name=name, city=city, created_at=START, date_of_birth=START.date() if revenue else None
        )
        if revenue is not None:
            PurchaseSummary.objects.create(
                party=party,
                first_day=START.date(),
                last_day=START.date(),
                order_count=1,
                purchase_days=1,
                revenue=Decimal(revenue),
                gap_mean=gap,
            )
    check(Order(as_field(Party, path) if path else None, descending), size)


def test_a_cursor_cannot_be_made_up(db: None) -> None:
    order = Order(as_field(Party, "name"))
    for cursor in [
        "x",
        "x:y:z",
        signing.dumps(["name", "王", 1], salt="other"),
        signing.dumps(["-name", "王", 1], salt=paging.SALT),
    ]:
        with pytest.raises(paging.BadCursor):
            paging.page(Party.objects.all(), order, cursor, 5)


def test_a_column_of_another_table_joins_inwardly(db: None) -> None:
    order = Order(as_field(Party, "purchases.revenue"), descending=True)
    first = str(paging.with_value(Party.objects.all(), order, None).query)
    following = str(paging.with_value(Party.objects.all(), order, (Decimal("10.25"), 7)).query)
    for sql in (first, following):
        assert "INNER JOIN" in sql
        assert "LEFT OUTER" not in sql
        assert sql.count(" JOIN ") == 1
    assert '("orders_purchasesummary"."revenue", "orders_purchasesummary"."party_id") < (' in following
