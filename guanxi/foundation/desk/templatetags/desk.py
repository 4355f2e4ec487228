"""Filters of the desk's templates, for panels of other packages too: `{{ value|moment }}`, `{{ value|money }}`."""

from __future__ import annotations

from typing import Any

from django import template

from guanxi.foundation.desk import addresses, display
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.kinds import Kind

register = template.Library()


@register.filter
def moment(value: Any) -> str:
    """A date and time in the business's time zone."""
    return display.text(Kind.MOMENT, value)


@register.filter
def day(value: Any) -> str:
    """A date."""
    return display.text(Kind.DATE, value)


@register.filter
def money(value: Any) -> str:
    """An amount with its thousands grouped and at least two places."""
    return display.text(Kind.MONEY, value)


@register.filter
def number(value: Any) -> str:
    """A number with its thousands grouped."""
    return display.text(Kind.NUMBER, value)


@register.filter
def first_of(asked: dict[str, list[str]], operators: str) -> str:
    """What a filter asks with the first of `operators` (names parted by blanks) that it has."""
    return next((asked[name][0] for name in operators.split(" ") if asked.get(name)), "")


@register.simple_tag
def part_url(name: str, desk: Desk, number: Any, part: str) -> str:
    """The address of a fact or a panel of a record: as `{% url %}`, which takes ten times as long for each of them."""
    return addresses.of_record(f"desk:{name}", desk.slug, number, part)
