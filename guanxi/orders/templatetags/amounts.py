"""Amounts and quantities as people read them."""

from __future__ import annotations

from decimal import Decimal

from django import template

from guanxi.foundation.desk import display

register = template.Library()


@register.filter
def money(value: Decimal | None) -> str:
    """An amount with two places at least, its thousands grouped."""
    return "" if value is None else display.number(_rounded(value), 2)


@register.filter
def quantity(value: Decimal | None) -> str:
    """A quantity without superfluous zeros."""
    return "" if value is None else display.number(value)


@register.filter
def category(name: str) -> str:
    """A name that its source shouts (“FLUID MILK”) as people write it (“Fluid milk”)."""
    return name.capitalize() if name.isupper() and name.isascii() else name


def _rounded(value: Decimal) -> Decimal:
    cents = value.quantize(Decimal("0.01"))
    places = -int(value.as_tuple().exponent) if value.is_finite() else 0
    return value if 2 < places <= 4 else cents
