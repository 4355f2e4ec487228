"""Periods that move with the day (“last month”), and what each is compared with."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.lake import dimensions as d

BEFORE, YEAR_BEFORE, OTHER = "before", "year", "other"
COMPARISONS = (BEFORE, YEAR_BEFORE, OTHER)
LABELS: Mapping[str, Any] = {
    "yesterday": _("Yesterday"),
    "last_7": _("Last 7 days"),
    "last_30": _("Last 30 days"),
    "last_90": _("Last 90 days"),
    "this_month": _("This month"),
    "last_month": _("Last month"),
    "this_quarter": _("This quarter"),
    "last_quarter": _("Last quarter"),
    "this_year": _("This year"),
    "last_12_months": _("Last 12 months"),
    "last_year": _("Last year"),
}
Span = tuple[date, date]


def span(name: str, today: date) -> Span:
    """The first and last day of the period called `name`. Those of so many days end yesterday, the last whole day."""
    if name == "yesterday":
        return today - timedelta(days=1), today - timedelta(days=1)
    if name in ("last_7", "last_30", "last_90"):
        return today - timedelta(days=int(name.removeprefix("last_"))), today - timedelta(days=1)
    months = {"month": 1, "quarter": 3, "year": 12}.get(name.partition("_")[2])
    if months is None:  # the last twelve whole months
        first = today.replace(day=1)
        return later(first, -12), first - timedelta(days=1)
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    if name.startswith("last_"):
        return later(first, -months), first - timedelta(days=1)
    return first, later(first, months) - timedelta(days=1)


def later(day: date, months: int) -> date:
    """The same day of the month, `months` later; the last of the month where there is none such."""
    month = day.year * 12 + day.month - 1 + months
    year, number = divmod(month, 12)
    return date(year, number + 1, min(day.day, monthrange(year, number + 1)[1]))


def compared(with_what: str, now: Span, other: Span | None = None) -> Span | None:
    """The period that `now` is compared with: as long and just before it, a year before, or `other`.

    Whole months are compared with as many whole months.
    """
    first, last = now
    if with_what == OTHER:
        return other
    if with_what == YEAR_BEFORE:
        return later(first, -12), _end(last, -12)
    if with_what != BEFORE:
        return None
    if first.day == 1 and (last + timedelta(days=1)).day == 1:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        return later(first, -months), first - timedelta(days=1)
    length = last - first + timedelta(days=1)
    return first - length, last - length


def _end(last: date, months: int) -> date:
    """The end of a period, months later: of a whole month, the end of that month."""
    whole = (last + timedelta(days=1)).day == 1
    return later(last + timedelta(days=1), months) - timedelta(days=1) if whole else later(last, months)


def ordinal(kind: str, value: Any, first: date) -> int:
    """The how-manieth day, week … `value` is, counted from the one that holds `first`."""
    if kind == d.YEAR:
        return int(value) - first.year
    if kind == d.DAY:
        return int((value - first).days)
    if kind == d.WEEK:
        return int((value - (first - timedelta(days=first.weekday()))).days // 7)
    length = 3 if kind == d.QUARTER else 1
    return int((value.year * 12 + value.month - 1) // length - (first.year * 12 + first.month - 1) // length)


def days(kind: str, value: Any) -> Span:
    """The first and last day of one day, week, month, quarter or year."""
    if kind == d.YEAR:
        return date(int(value), 1, 1), date(int(value), 12, 31)
    if kind == d.DAY:
        return value, value
    if kind == d.WEEK:
        return value, value + timedelta(days=6)
    return value, later(value, 3 if kind == d.QUARTER else 1) - timedelta(days=1)
