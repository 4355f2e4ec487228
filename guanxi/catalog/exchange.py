"""What an amount is in another currency, on a day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import formats
from django.utils.translation import gettext as _

from guanxi.catalog.models import ExchangeRate
from guanxi.foundation.actions import Refused
from guanxi.foundation.money import rounded

OLDEST = timedelta(days=31)  # an older rate says nothing of today


def own_currency() -> str:
    """The currency of the business, in which rates are written."""
    return str(settings.GUANXI_CURRENCY)


def worth(currency: str, day: date) -> Decimal:
    """What one unit of `currency` was worth on `day`, in the currency of the business: the newest rate until then.

    Raises Refused, naming currency and day, where there is none of the 31 days before.
    """
    if currency == own_currency():
        return Decimal(1)
    newest = ExchangeRate.objects.filter(currency=currency, day__lte=day).order_by("-day").first()
    if newest is not None and newest.day >= day - OLDEST:
        one: Decimal = newest.rate / newest.units
        return one
    shown = formats.date_format(day, "DATE_FORMAT")
    if newest is None:
        words = _("There is no exchange rate of %(currency)s on or before %(day)s; write one under “Exchange rates”.")
        raise Refused(words % {"currency": currency, "day": shown}, "currency")
    words = _("The newest exchange rate of %(currency)s before %(day)s is of %(newest)s: too old. Write a newer one.")
    raise Refused(
        words % {"currency": currency, "day": shown, "newest": formats.date_format(newest.day, "DATE_FORMAT")},
        "currency",
    )


def converted(amount: Decimal, currency: str, into: str, day: date) -> Decimal:
    """`amount` of one currency in another, rounded to its smallest coin. Raises Refused without a rate."""
    if currency == into:
        return amount
    return rounded(amount * worth(currency, day) / worth(into, day), into)
