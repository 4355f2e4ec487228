"""Months and quarters: “2026-11”, “2026-Q4”."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.translation import gettext as _

from guanxi.foundation import clock

MONTH, QUARTER = "month", "quarter"
MONTHS = {MONTH: 1, QUARTER: 3}
WRITTEN = re.compile(r"(\d{4})-(?:(0[1-9]|1[0-2])|Q([1-4]))")
FIRST_YEAR, LAST_YEAR = 1900, 2200


@dataclass(frozen=True, order=True)
class Period:
    """A month or a quarter of the calendar, by its first day."""

    start: date
    kind: str = QUARTER

    @property
    def key(self) -> str:
        """As addresses and files say it."""
        if self.kind == MONTH:
            return f"{self.start:%Y-%m}"
        return f"{self.start.year}-Q{(self.start.month + 2) // 3}"

    @property
    def after(self) -> Period:
        """The next one."""
        return self._moved(1)

    @property
    def before(self) -> Period:
        """The one before."""
        return self._moved(-1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.after.start - timedelta(days=1)

    @property
    def months(self) -> list[Period]:
        """The months of it; of a month, itself."""
        found = [Period(self.start, MONTH)]
        while len(found) < MONTHS[self.kind]:
            found.append(found[-1].after)
        return found

    @property
    def days_left(self) -> int:
        """How many days it has still, with today; none: it is over."""
        return max((self.last - max(clock.today(), self.start)).days + 1, 0)

    def __str__(self) -> str:
        if self.kind == MONTH:
            return formats.date_format(self.start, "YEAR_MONTH_FORMAT")
        return _("%(year)s, quarter %(quarter)s") % {
            "year": self.start.year,
            "quarter": (self.start.month + 2) // 3,
        }

    def _moved(self, by: int) -> Period:
        index = self.start.year * 12 + self.start.month - 1 + by * MONTHS[self.kind]
        return Period(date(index // 12, index % 12 + 1, 1), self.kind)


def of(day: date, kind: str = QUARTER) -> Period:
    """The month or quarter that a day lies in."""
    month = day.month if kind == MONTH else (day.month - 1) // 3 * 3 + 1
    return Period(date(day.year, month, 1), kind)


def now(kind: str = QUARTER) -> Period:
    """The one that is now."""
    return of(clock.today(), kind)


def read(text: str) -> Period:
    """The period that “2026-11” or “2026-Q4” names. Raises ValidationError."""
    found = WRITTEN.fullmatch(text.strip().upper())
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise ValidationError(_("Write a month as “2026-11” or a quarter as “2026-Q4”."), code="period")
    year, month, quarter = int(found[1]), found[2], found[3]
    return Period(date(year, int(month), 1), MONTH) if month else Period(date(year, int(quarter) * 3 - 2, 1), QUARTER)


def is_period(text: str) -> None:
    """Raise ValidationError where this names no month or quarter."""
    read(text)
