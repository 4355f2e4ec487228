"""Which price holds, from which list, and why.

The rule, in this order; what comes first and has a price that is in force on the day decides:

1. lists of the customer's groups in the currency asked for, 2. such lists in other currencies, converted,
3. lists for all in the currency asked for, 4. lists for all in other currencies, converted, 5. the product's own price.

Of several lists of one kind the lowest price counts, of equal ones the list whose code comes first. Within a list the
highest step that the quantity reaches counts, and of several periods the one that began last.

A list has a hole where it has the product in force for other quantities only, or before and after the day but not on
it. That is refused by name rather than passed over: a customer must not get another price because somebody forgot one.
A bundle that costs what its parts cost is the sum of their prices by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.utils import formats
from django.utils.translation import gettext as _

from guanxi.catalog.exchange import converted, own_currency
from guanxi.catalog.models import BundlePart, Price, PriceList, Product
from guanxi.customers.models import Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk.display import number
from guanxi.foundation.language import fold
from guanxi.foundation.tags.models import Tagging


@dataclass(frozen=True)
class Priced:
    """What one unit costs; `step` is the row of the list that says so, None for a product's own or a summed price."""

    amount: Decimal
    currency: str
    why: str
    price_list: PriceList | None = None
    step: Price | None = None
    tax_included: bool = False
    listed: Decimal | None = None  # as the list says it, where that is in another currency
    listed_in: str = ""


@dataclass(frozen=True)
class Asked:
    """For whom, how much and when."""

    groups: frozenset[str]
    quantity: Decimal
    day: date
    currency: str


def price_of(
    product: Product,
    party: Party | None = None,
    quantity: Decimal = Decimal(1),
    day: date | None = None,
    currency: str = "",
) -> Priced:
    """The price of one unit, by the rule above. Raises Refused, naming what is missing: a hole, a rate, any price."""
    groups = groups_of(party) if party is not None else frozenset()
    return _priced(product, Asked(groups, quantity, day or clock.today(), currency or own_currency()))


def groups_of(party: Party) -> frozenset[str]:
    """The groups of a customer: the tags that he bears, as they are compared."""
    return frozenset(fold(name) for name in Tagging.objects.of(party).values_list("tag__name", flat=True))


def prices_in_force(product: Product, day: date) -> list[Price]:
    """Every step of every list that holds on a day, for people who look."""
    rows = Price.objects.filter(product=product).select_related("price_list")
    found = [row for row in rows if _in_force(row, day)]
    return sorted(found, key=lambda row: (row.price_list.name, row.from_quantity, row.valid_from or date.min))


def _priced(product: Product, asked: Asked) -> Priced:
    if product.bundled == Product.Bundled.SUM:
        return _summed(product, asked)
    rows = Price.objects.filter(product=product).select_related("price_list")
    steps = sorted((_rank(row.price_list, asked), row.pk, row) for row in rows if _is_for(row.price_list, asked))
    for _kind, ranked in groupby(steps, key=lambda entry: entry[0]):
        found = _lowest(product, [row for _rank_, _pk, row in ranked], asked)
        if found is not None:
            return found
    return _own(product, asked)


def _is_for(price_list: PriceList, asked: Asked) -> bool:
    return not price_list.customer_group or fold(price_list.customer_group) in asked.groups


def _rank(price_list: PriceList, asked: Asked) -> tuple[bool, bool]:
    return (not price_list.customer_group, price_list.currency != asked.currency)


def _lowest(product: Product, rows: Iterable[Price], asked: Asked) -> Priced | None:
    """The lowest price among lists of one kind; None where none of them has the product in force."""
    found: list[Priced] = []
    hole: Refused | None = None
    ordered = sorted(rows, key=lambda row: (row.price_list.code, row.price_list_id))
    for price_list, steps in groupby(ordered, key=lambda row: row.price_list):
        try:
            step = _step(product, price_list, list(steps), asked)
        except Refused as refusal:
            hole = hole or refusal
            continue
        if step is not None:
            found.append(_from_list(step, asked))
    if not found and hole is not None:
        raise hole
    return min(found, key=lambda one: one.amount, default=None)  # of equal ones the first, by code


def _in_force(row: Price, day: date) -> bool:
    return (row.valid_from or date.min) <= day <= (row.valid_until or date.max)


def _step(product: Product, price_list: PriceList, steps: list[Price], asked: Asked) -> Price | None:
    """The step that counts; None where the list does not have the product in these days. Raises Refused for a hole."""
    current = [row for row in steps if _in_force(row, asked.day)]
    fitting = [row for row in current if row.from_quantity <= asked.quantity]
    if fitting:
        return max(fitting, key=lambda row: (row.from_quantity, row.valid_from or date.min))
    said = {
        "list": price_list.name,
        "product": product.name,
        "quantity": number(asked.quantity),
        "day": formats.date_format(asked.day, "DATE_FORMAT"),
    }
    if current:
        least = min(row.from_quantity for row in current)
        words = _(
            "The price list “%(list)s” has a hole: “%(product)s” has a price from %(least)s on, not for %(quantity)s."
        )
        raise Refused(words % {**said, "least": number(least)}, "price")
    before = [row for row in steps if row.valid_until is not None and row.valid_until < asked.day]
    after = [row for row in steps if row.valid_from is not None and row.valid_from > asked.day]
    if before and after:
        words = _("The price list “%(list)s” has a hole: “%(product)s” has prices before and after %(day)s, not on it.")
        raise Refused(words % said, "price")
    return None


def _from_list(step: Price, asked: Asked) -> Priced:
    price_list = step.price_list
    amount = converted(step.amount, price_list.currency, asked.currency, asked.day)
    why = _("Price list “%(list)s”, from %(quantity)s on") % {
        "list": price_list.name,
        "quantity": number(step.from_quantity),
    }
    if price_list.customer_group:
        why = _("%(why)s, for the group “%(group)s”") % {"why": why, "group": price_list.customer_group}
    foreign = price_list.currency != asked.currency
    if foreign:
        why = _with_origin(why, step.amount, price_list.currency)
    return Priced(
        amount,
        asked.currency,
        why,
        price_list,
        step,
        price_list.tax_included,
        step.amount if foreign else None,
        price_list.currency if foreign else "",
    )


def _with_origin(why: str, amount: Decimal, currency: str) -> str:
    return _("%(why)s; %(amount)s %(currency)s converted") % {"why": why, "amount": amount, "currency": currency}


def _own(product: Product, asked: Asked) -> Priced:
    if product.price is None:
        words = _("“%(product)s” has no price on %(day)s: on no list that is for this customer, and none of its own.")
        shown = {"product": product.name, "day": formats.date_format(asked.day, "DATE_FORMAT")}
        raise Refused(words % shown, "price")
    own = own_currency()
    amount = converted(product.price, own, asked.currency, asked.day)
    why = _("The product's own price")
    if own == asked.currency:
        return Priced(amount, asked.currency, why)
    return Priced(amount, asked.currency, _with_origin(why, product.price, own), listed=product.price, listed_in=own)


def _summed(product: Product, asked: Asked) -> Priced:
    """The sum of what the parts cost. Raises Refused where there are none, or where some include tax and others not."""
    parts = list(BundlePart.objects.filter(bundle=product).select_related("product").order_by("id"))
    if not parts:
        words = _("“%(product)s” costs what its parts cost, but it has no parts yet.")
        raise Refused(words % {"product": product.name}, "price")
    total, told, included = Decimal(0), [], set()
    for part in parts:
        one = _priced(part.product, Asked(asked.groups, part.quantity * asked.quantity, asked.day, asked.currency))
        total += one.amount * part.quantity
        included.add(one.tax_included)
        told.append(f"{number(part.quantity)} × {part.product.name} {one.amount}")
    if len(included) > 1:
        refusal = _("Some parts of “%(product)s” have prices with tax, others without; they cannot be summed.")
        raise Refused(refusal % {"product": product.name}, "price")
    why = _("Sum of its parts: %(parts)s") % {"parts": ", ".join(told)}
    return Priced(total, asked.currency, why, tax_included=included.pop())
