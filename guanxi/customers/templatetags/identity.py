"""Filters of the screens of identity: `{{ pair.probability|chance }}`, `{{ source.name|spoken }}`."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext

from guanxi.customers.identity.waterfall import percent

register = template.Library()


@register.filter
def chance(probability: float | None) -> str:
    """A probability as per cent, with as many nines as it has."""
    return percent(probability)


@register.filter
def spoken(name: str) -> str:
    """The name of a source that the house itself has, in the reader's language; other names as they are."""
    return gettext(name) if name else ""
