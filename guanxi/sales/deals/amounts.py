"""What deals are worth in the business's currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from guanxi.catalog.exchange import converted, own_currency
from guanxi.catalog.models import ExchangeRate, a_currency
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.money import rounded
from guanxi.sales.deals.models import Deal


def currency_of(text: str | None) -> str:
    """The code of a currency; nothing said: the business's own. Raises Refused."""
    code = (text or "").strip().upper() or own_currency()
    try:
        a_currency(code)
    except ValidationError as error:
        raise Refused(error.messages[0], "currency") from error
    return code


def known_currencies() -> list[str]:
    """The business's own, and those that have a rate."""
    others = ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct()
    return list(dict.fromkeys([own_currency(), *others]))


def in_own_currency(amount: Decimal | None, currency: str, day: date) -> Decimal | None:
    """`amount` in the business's currency by the rate of the day; None where none is known that still tells anything:
    a deal is written down all the same, and worked out once there is one."""
    if amount is None:
        return None
    try:
        return converted(amount, currency or own_currency(), own_currency(), day)
    except Refused:
        return None


def worked_out(deal: Deal) -> dict[str, Any]:
    """`amount` and `weighted` as they follow from value, currency and probability of `deal`, which need not be stored.

    A deal that is closed keeps the rate of its day.
    """
    amount = in_own_currency(deal.value, deal.currency, deal.closed_on or clock.today())
    return {"amount": amount, "weighted": weighted(amount, deal.probability)}


def weighted(amount: Decimal | None, probability: int) -> Decimal | None:
    """What is to be expected of an amount."""
    return None if amount is None else rounded(amount * probability / 100, own_currency())
