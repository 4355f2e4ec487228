"""Amounts are exact: what goes in comes out, sums are sums, and what does not fit is refused."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from django.core.exceptions import ValidationError
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from guanxi.catalog.models import Product
from guanxi.foundation import money
from guanxi.foundation.bulk.amounts import as_decimal, as_units

AMOUNTS = st.decimals(-money.LARGEST, money.LARGEST, places=4, allow_nan=False)
UNITS = st.integers(-(10**17), 10**17)


@given(AMOUNTS)
def test_what_goes_in_comes_out(amount: Decimal) -> None:
    assert money.from_units(money.to_units(amount)) == amount


@given(st.lists(st.one_of(st.none(), UNITS)))
def test_arrow_sets_the_point_and_takes_it_away(units: list[int | None]) -> None:
    array = pa.array(units, pa.int64())
    decimals = as_decimal(array)
    assert [None if value is None else money.to_units(value) for value in decimals.to_pylist()] == units
    assert as_units(decimals).to_pylist() == units
    assert as_units(decimals.slice(1)).to_pylist() == units[1:]


@pytest.mark.parametrize("wrong", ["abc", "NaN", "Infinity", "", "1e400", "0.00001", money.LARGEST + 1])
def test_what_is_no_amount_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        money.to_units(wrong)


@pytest.mark.django_db
def test_the_database_sums_exactly_and_compares() -> None:
    prices = ["0.10", "0.20", "-3.3333", "922000000000"]
    for number, price in enumerate(prices):
        Product.objects.create(code=f"P{number}", name="茶", price=Decimal(price))
    assert Product.objects.aggregate(total=Sum("price"))["total"] == sum(map(Decimal, prices))
    assert list(Product.objects.filter(price__gte=Decimal("0.2")).values_list("code", flat=True)) == ["P1", "P3"]
    assert str(Product.objects.get(code="P0").price) == "0.10"
