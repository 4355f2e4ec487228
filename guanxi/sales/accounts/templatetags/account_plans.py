"""Amounts of account plans, for templates."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.conf import settings

from guanxi.lake import figures

register = template.Library()


@register.filter
def amount(value: Decimal) -> str:
    """An amount in the business's currency."""
    return f"{figures.money(value)} {settings.GUANXI_CURRENCY}"


@register.filter
def percent(value: float) -> int:
    """A share as whole per cent."""
    return round(100 * value)


@register.filter
def at_most(value: int, most: int) -> int:
    """The value, but not more than `most`."""
    return min(value, most)
