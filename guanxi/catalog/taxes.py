"""Which tax something bears: by country, class and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _

from guanxi.catalog.models import TaxRate
from guanxi.foundation.actions import Refused
from guanxi.foundation.money import rounded

HUNDRED = Decimal(100)
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Tax:
    """A rate that applies."""

    percent: Decimal
    name: str = ""


NO_TAX = Tax(NOTHING)


def tax_on(tax_class: str, country: str, day: date) -> Tax:
    """The rate for things of a class; of several the one that began last. A country without any rate has no tax.

    Raises Refused, naming country, class and day, where the country has rates but none that fits.
    """
    rates = list(TaxRate.objects.filter(country=country))
    if not rates:
        return NO_TAX
    fitting = [
        rate
        for rate in rates
        if rate.tax_class == tax_class
        and (rate.valid_from is None or rate.valid_from <= day)
        and (rate.valid_until is None or rate.valid_until >= day)
    ]
    if not fitting:
        words = _("%(country)s has no tax rate for the class “%(class)s” on %(day)s; write one under “Tax rates”.")
        shown = {"country": country, "class": tax_class or _("usual"), "day": formats.date_format(day, "DATE_FORMAT")}
        raise Refused(words % shown, "tax_class")
    rate = max(fitting, key=lambda one: one.valid_from or date.min)
    return Tax(rate.percent, rate.name)


def parted(amount: Decimal, percent: Decimal, included: bool, currency: str) -> tuple[Decimal, Decimal]:
    """What `amount` is without tax, and its tax: taken out of it where it is included, else laid on top."""
    if included:
        tax = rounded(amount * percent / (HUNDRED + percent), currency)
        return amount - tax, tax
    return amount, rounded(amount * percent / HUNDRED, currency)
