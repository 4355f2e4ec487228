"""Goods on hand: counted, held for an order, taken out, put in.

Whoever holds, frees or takes does so for an order, whose right is asked there; so these are done as implied.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from guanxi.catalog.models import Product, Stock, StockPlace
from guanxi.foundation import one_at_a_time
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.visibility import Viewer, implied

NOTHING = Decimal(0)


@action
def count(place: StockPlace, product: Product, quantity: Decimal, *, by: Viewer) -> Stock:
    """Say how much of `product` lies at `place`, as counted there."""
    row = _held(place, product)
    if row is None:
        return create(Stock, place=place, product=product, quantity=quantity)
    return change(row, quantity=quantity)


@action
def edit_stock(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Stock:
    """Correct what was counted. Raises Conflict, Refused."""
    return change(Stock.objects.visible_to(by).get(pk=row_id), expected, **changes)


@action
def reserve(product: Product, quantity: Decimal, place: StockPlace, *, by: Viewer) -> Stock:
    """Hold goods for an order, also more than there are: what is lacking shows as below nothing available."""
    with implied():
        row = _held(place, product) or create(Stock, place=place, product=product)
        return change(row, reserved=row.reserved + quantity)


@action
def release(product: Product, quantity: Decimal, place: StockPlace, *, by: Viewer) -> Stock | None:
    """Let go of goods that were held; None where nothing of them is kept there."""
    row = _held(place, product)
    if row is None:
        return None
    with implied():
        return change(row, reserved=max(row.reserved - quantity, NOTHING))


@action
def take(product: Product, quantity: Decimal, place: StockPlace, *, by: Viewer, held: Decimal = NOTHING) -> Stock:
    """Take goods out, `held` of which were held for this. Raises Refused where fewer are there."""
    row = _held(place, product)
    if row is None or row.quantity < quantity:
        words = _("Of “%(product)s” there are %(there)s at “%(place)s”, not %(wanted)s.")
        there = row.quantity if row else NOTHING
        raise Refused(words % {"product": product, "there": there, "place": place, "wanted": quantity}, "quantity")
    with implied():
        return change(row, quantity=row.quantity - quantity, reserved=max(row.reserved - held, NOTHING))


@action
def put(product: Product, quantity: Decimal, place: StockPlace, *, by: Viewer) -> Stock:
    """Put goods in, such as those that came back."""
    with implied():
        row = _held(place, product) or create(Stock, place=place, product=product)
        return change(row, quantity=row.quantity + quantity)


def _held(place: StockPlace, product: Product) -> Stock | None:
    """The row, held against other writers until the transaction ends."""
    one_at_a_time.hold(f"stock:{place.pk}:{product.pk}")
    return Stock.objects.select_for_update().filter(place=place, product=product).first()
