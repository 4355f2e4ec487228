"""Figures as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from guanxi.foundation.desk import display


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Decimal("1234.5"), 0, "1,235"),
        (0.125, 2, "0.13"),
        (Decimal("-2.5"), 0, "-3"),
        (1234567, 0, "1,234,567"),
        (None, 1, "0.0"),
    ],
)
def test_figures_are_rounded_not_cut_off(value: Decimal | float | None, places: int, text: str) -> None:
    assert display.rounded(value, places) == text
