"""What a quote, an order or an invoice comes to: lines, a discount on the whole, tax, all to the smallest coin.

Each line is rounded by itself (`money.rounded`), and the tax once for each rate, as EN 16931 wants it. What is dealt
out over lines (a discount on the whole, the tax that prices include) is dealt out so that nothing is left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from guanxi.catalog.taxes import parted
from guanxi.foundation.money import rounded

NOTHING = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Position:
    """One line: its amount after its own discount, and the rate of tax it bears."""

    amount: Decimal
    percent: Decimal = NOTHING
    name: str = ""


@dataclass(frozen=True)
class TaxSum:
    """What is taxed at one rate."""

    percent: Decimal
    name: str
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Sums:
    """What it comes to; `discount` is that on the whole, `nets` and `offs` are what of each falls on the lines."""

    gross: Decimal  # of the lines, before the discount on the whole
    discount: Decimal
    net: Decimal
    tax: Decimal
    taxes: tuple[TaxSum, ...]
    nets: tuple[Decimal, ...]
    offs: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.net + self.tax


def line_amount(
    quantity: Decimal, price: Decimal, percent: Decimal, amount: Decimal, currency: str
) -> tuple[Decimal, Decimal]:
    """What a line comes to and what was taken off it: per cent first, then an amount."""
    full = rounded(quantity * price, currency)
    off = rounded(full * percent / HUNDRED, currency) + amount
    return full - off, off


def sums(
    positions: Sequence[Position],
    included: bool,
    currency: str,
    percent: Decimal = NOTHING,
    amount: Decimal = NOTHING,
) -> Sums:
    """What positions come to, with a discount in per cent, then an amount, on the whole."""
    gross = sum((one.amount for one in positions), NOTHING)
    off = rounded(gross * percent / HUNDRED, currency) + amount
    offs = dealt_out(off, [one.amount for one in positions], currency)
    left = [one.amount - part for one, part in zip(positions, offs, strict=True)]
    nets = [NOTHING] * len(positions)
    taxes = []
    for rate, name in sorted({(one.percent, one.name) for one in positions}):
        members = [index for index, one in enumerate(positions) if (one.percent, one.name) == (rate, name)]
        base = sum((left[index] for index in members), NOTHING)
        net, tax = parted(base, rate, included, currency)
        taxes.append(TaxSum(rate, name, net, tax))
        for index, part in zip(members, dealt_out(net, [left[index] for index in members], currency), strict=True):
            nets[index] = part
    net, tax = sum((one.net for one in taxes), NOTHING), sum((one.tax for one in taxes), NOTHING)
    return Sums(gross, off, net, tax, tuple(taxes), tuple(nets), tuple(offs))


def dealt_out(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`total` in parts like `weights`, each a whole number of the smallest coin; the rest to the largest remainders."""
    whole = sum(weights, NOTHING)
    if not weights:
        return []
    if whole == 0:
        return [total, *[NOTHING] * (len(weights) - 1)]
    coin = Decimal(1).scaleb(rounded(NOTHING, currency).as_tuple().exponent)  # type: ignore[arg-type]
    shares = [total * weight / whole for weight in weights]
    parts = [(share / coin).to_integral_value(ROUND_FLOOR) * coin for share in shares]
    rest = int((total - sum(parts, NOTHING)) / coin)
    for index in sorted(range(len(parts)), key=lambda one: (parts[one] - shares[one], one))[:rest]:
        parts[index] += coin
    parts[-1] += total - sum(parts, NOTHING)  # where a total was finer than the coin
    return parts
