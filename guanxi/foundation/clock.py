"""The business's time: which day it is, and which day a moment belongs to.

Moments are stored in UTC; every "day" is a day in `GUANXI_TIME_ZONE`. `GUANXI_TODAY` freezes the date, for
demonstrations and tests.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings


def zone() -> ZoneInfo:
    """The business's time zone."""
    return ZoneInfo(settings.TIME_ZONE)


def today() -> date:
    """The business's date of today."""
    return settings.GUANXI_TODAY or datetime.now(zone()).date()


def now() -> datetime:
    """This moment in UTC; with a frozen date, that day at the present time of day."""
    moment = datetime.now(UTC)
    if settings.GUANXI_TODAY is None:
        return moment
    local = datetime.combine(settings.GUANXI_TODAY, moment.astimezone(zone()).time(), zone())
    return local.astimezone(UTC)


def day_of(moment: datetime) -> date:
    """The business day that `moment` belongs to."""
    return moment.astimezone(zone()).date()


def start_of(day: date) -> datetime:
    """The first moment of `day`, in UTC."""
    return datetime.combine(day, time.min, zone()).astimezone(UTC)
