"""Confirming orders, delivering them in parts, cancelling them; stock follows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.catalog.actions import release, reserve, take
from guanxi.catalog.models import Product, Stock, StockPlace
from guanxi.foundation import hooks, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.desk.display import number
from guanxi.foundation.visibility import Viewer, implied
from guanxi.ledger.actions import record
from guanxi.ledger.models import Direction
from guanxi.orders import summary
from guanxi.orders.actions import become_customer, locked
from guanxi.orders.handling.models import Delivery, DeliveryLine, Held
from guanxi.orders.models import Order, OrderLine

State = Order.State
UNDER_WAY = (State.CONFIRMED, State.PARTLY)


@action
def confirm(order_id: int, *, by: Viewer) -> Order:
    """Confirm a draft: it counts as bought from now on, and goods are held for it. Raises Refused."""
    order = locked(order_id, by)
    if order.state != State.DRAFT:
        raise Refused(_("Only a draft is confirmed; this order is “%(state)s”.") % {"state": order.get_state_display()})
    order = _moved(order, State.CONFIRMED)
    hold_goods(order, by)
    become_customer(order.party, by)
    _tell("order.confirmed", order, by)
    summary.recompute(order.party_id)
    return order


@action
def deliver(
    order_id: int,
    quantities: Mapping[int, Decimal] | None = None,
    place: StockPlace | None = None,
    note: str = "",
    *,
    by: Viewer,
) -> Delivery:
    """Note what leaves the house: quantities by line, else all that is left; with a `place`, out of its stock.

    Raises Refused where more would be delivered than was ordered, or than lies at the place.
    """
    order = locked(order_id, by)
    if order.kind != Order.Kind.SALE or order.state not in UNDER_WAY:
        raise Refused(_("Only a confirmed order is delivered; this one is “%(state)s”.") % {
            "state": order.get_state_display()
        })  # fmt: skip
    lines = {line.pk: line for line in order.lines.select_related("product").order_by("pk")}
    left = {pk: line.quantity - line.delivered for pk, line in lines.items()}
    wanted = {pk: rest for pk, rest in left.items() if rest > 0} if quantities is None else dict(quantities)
    if not wanted:
        raise Refused(_("Write how much is delivered, on one line at least."), "quantity")
    for pk, quantity in wanted.items():
        if pk not in lines:
            raise Refused(_("The order has no line %(line)s.") % {"line": pk}, "lines")
        if not 0 < quantity <= left[pk]:
            words = _("Of “%(what)s”, between 0 and %(left)s can be delivered.")
            what = lines[pk].product or lines[pk].description
            raise Refused(words % {"what": what, "left": number(left[pk])}, "quantity")
    last = order.deliveries.order_by("-number").values_list("number", flat=True).first() or 0
    made = create(Delivery, order=order, number=last + 1, place=place, note=note.strip()[:500], by_id=by.pk)
    for pk, quantity in sorted(wanted.items()):
        line = lines[pk]
        create(DeliveryLine, delivery=made, line=line, quantity=quantity)
        change(line, delivered=line.delivered + quantity)
        _take_out(line, quantity, place, by)
    whole = all(line.delivered >= line.quantity for line in order.lines.all())
    order = _moved(order, State.DELIVERED if whole else State.PARTLY)
    _tell("order.delivered", order, by, Direction.OUT, delivery=made.number, note=made.note)
    return made


@action
def cancel(order_id: int, reason: str = "", *, by: Viewer) -> Order:
    """Cancel an order of which nothing was delivered: nothing was bought by it. Raises Refused."""
    order = locked(order_id, by)
    if order.state in (State.PARTLY, State.DELIVERED):
        raise Refused(_("Something of this order was delivered; take it back instead."))
    if order.state not in (State.DRAFT, State.CONFIRMED):
        raise Refused(_("Only an order that is handled here can be cancelled."))
    for door in hooks.get("order_may_cancel"):
        door(order)
    let_go(order, by)
    order = _moved(order, State.CANCELLED)
    _tell("order.cancelled", order, by, reason=reason.strip()[:500])
    summary.recompute(order.party_id)
    return order


def hold_goods(order: Order, by: Viewer) -> None:
    """Hold what is still to be delivered of each line, where stock is kept of it: at the place that has most."""
    for line in order.lines.select_related("product"):
        rest = line.quantity - line.delivered
        place = fullest(line.product) if line.product is not None and rest > 0 else None
        if place is not None and line.product is not None:
            with implied():
                reserve(line.product, rest, place, by=by)
                create(Held, order=order, line=line, place=place, quantity=rest)


def let_go(order: Order, by: Viewer) -> None:
    """Let go of all that is held for an order."""
    for held in Held.objects.filter(order=order).select_related("line__product", "place"):
        with implied():
            if held.line.product is not None:
                release(held.line.product, held.quantity, held.place, by=by)
            delete(held)


@action
def follow(order: Order, *, by: Viewer) -> None:
    """Hold other goods after the lines of an order were corrected."""
    if order.state in UNDER_WAY:
        let_go(order, by)
        hold_goods(order, by)


def fullest(product: Product) -> StockPlace | None:
    """The place where most of a product is available; None where no stock is kept of it."""
    rows = list(Stock.objects.filter(product=product).select_related("place"))
    return max(rows, key=lambda row: (row.available, -row.pk)).place if rows else None


def _take_out(line: OrderLine, quantity: Decimal, place: StockPlace | None, by: Viewer) -> None:
    """Let go of what was held for what is delivered now, and take it out of the stock of a place."""
    held = Held.objects.filter(line=line).select_related("place").first()
    if line.product is None:
        return
    if held is not None:
        gone = min(held.quantity, quantity)
        with implied():
            release(line.product, gone, held.place, by=by)
            if gone == held.quantity:
                delete(held)
            else:
                change(held, quantity=held.quantity - gone)
    if place is not None and Stock.objects.filter(product=line.product).exists():
        take(line.product, quantity, place, by=by)


def _moved(order: Order, state: str) -> Order:
    order = change(order, state=state, changed_at=timezone.now())
    search.touch(order)
    return order


def _tell(kind: str, order: Order, by: Viewer, direction: str = Direction.INSIDE, **more: Any) -> None:
    payload = {"number": order.number, "amount": order.amount, "currency": order.currency, "state": order.state, **more}
    record(kind, party=order.party, direction=direction, about=order, payload=payload, by=by)
