"""Exact amounts in the database: stored as whole ten-thousandths in a 64-bit integer, seen as `Decimal`.

SQLite has no decimal type (a `DecimalField` there is a float), and decimals leave PostgreSQL through Arrow as text.
Whole numbers are exact, fast to sum and the same everywhere; the lake turns them into `decimal(18, 4)`.
See docs/decisions/0002-money-as-whole-numbers.md.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

PLACES = 4
SCALE = 10**PLACES
LARGEST = Decimal(2**63 - 1).scaleb(-PLACES)
# ISO 4217: the currencies whose smallest coin is no hundredth.
MINOR_PLACES = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0) | (
    dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` as it is paid: to the smallest coin of the currency, halves away from zero. The house's one rule."""
    return amount.quantize(Decimal(1).scaleb(-MINOR_PLACES.get(currency, 2)), ROUND_HALF_UP)


def to_decimal(value: Any) -> Decimal:
    """`value` (number or text) as a finite Decimal; raises ValidationError where it is none."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValidationError(_("“%(value)s” is not a number."), code="invalid", params={"value": value})
    return number


def to_units(value: Any) -> int:
    """`value` in whole ten-thousandths; raises ValidationError where it has more places or is too large."""
    number = to_decimal(value)
    if abs(number) > LARGEST:
        raise ValidationError(_("%(value)s is too large."), code="too_large", params={"value": value})
    units = number.scaleb(PLACES)
    if units != units.to_integral_value():
        raise ValidationError(
            _("%(value)s has more than %(places)s decimal places."),
            code="too_precise",
            params={"value": value, "places": PLACES},
        )
    return int(units)


def from_units(units: Decimal | float) -> Decimal:
    """The Decimal that `units` ten-thousandths stand for, without superfluous zeros beyond two places."""
    number = Decimal(units).scaleb(-PLACES)
    cents = number.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return cents if cents == number else number


class FixedPointField(models.BigIntegerField):  # type: ignore[type-arg]
    """A Decimal with four places, stored as a 64-bit whole number."""

    description = _("Number with four decimal places")

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else from_units(value)

    def to_python(self, value: Any) -> Any:
        return None if value in (None, "") else from_units(to_units(value))

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return to_units(value)

    def formfield(self, **kwargs: Any) -> Any:
        return models.Field.formfield(self, **{"form_class": forms.DecimalField, "decimal_places": PLACES, **kwargs})

    @property
    def validators(self) -> list[Any]:
        """Without the bounds of a database integer, which are of the stored number."""
        return list(self._validators)  # type: ignore[attr-defined]

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


class MoneyField(FixedPointField):
    """An amount of money; the currency stands in a column beside it or on the record it belongs to.

    With `own` it is in the business's currency, whatever else stands beside it.
    """

    def __init__(self, *args: Any, own: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own = own


class QuantityField(FixedPointField):
    """A quantity: pieces, kilograms, litres."""
