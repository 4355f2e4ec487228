"""What can be done with orders: place, add to, correct, take back. Sums follow from the lines, not from callers."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.catalog.actions import put
from guanxi.catalog.models import Product, Stock, StockPlace
from guanxi.catalog.taxes import parted
from guanxi.customers.actions import add_role
from guanxi.customers.models import Party, PartyRole, Source
from guanxi.foundation import clock, hooks, one_at_a_time, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.desk import display
from guanxi.foundation.visibility import Viewer, implied, require
from guanxi.ledger.actions import record
from guanxi.ledger.models import Channel, Direction
from guanxi.orders import summary
from guanxi.orders.models import UNCOUNTED, Order, OrderLine, Place, SalesPerson

MOST_LINES = 5_000
LARGEST = Decimal(10**11)
CENT = Decimal("0.01")
OWN_SOURCE = "guanxi"


@dataclass(frozen=True)
class Line:
    """One position as it is asked for. `amount` is what was paid for it, else quantity times price less discount."""

    product: Product | None = None
    description: str = ""
    quantity: Decimal = Decimal(1)
    amount: Decimal | None = None
    price: Decimal | None = None
    discount: Decimal = Decimal(0)
    cost: Decimal | None = None
    key: str = ""
    tax_percent: Decimal = Decimal(0)

    def paid(self) -> Decimal:
        """The amount of the line. Raises Refused where neither amount nor price is known."""
        if self.amount is not None:
            return self.amount
        price = self.price if self.price is not None else self.product.price if self.product else None
        if price is None:
            raise Refused(_("Give the amount paid, or a price."), "amount")
        return (self.quantity * price - self.discount).quantize(CENT, ROUND_HALF_UP)


@action
def create_order(
    party: Party,
    lines: Sequence[Line],
    *,
    by: Viewer,
    placed_at: datetime | None = None,
    number: str = "",
    place: Place | None = None,
    channel: str = Channel.OTHER,
    sales_person: SalesPerson | None = None,
    currency: str = "",
    source: Source | None = None,
    key: str = "",
    kind: str = Order.Kind.SALE,
    returns: Order | None = None,
    state: str = Order.State.NONE,
) -> Order:
    """Place an order. Raises Refused with the field: no line, a time in the future, a key that its source has used.

    One that is handled here begins as a draft, which is nothing bought yet, or as confirmed (orders.handling). `key`
    makes the order unique within its source; without one, its number is, or chance.
    """
    placed_at = placed_at or clock.now()
    _check_time(placed_at)
    _check_lines(lines)
    source = source or own_source()
    key = key or number or uuid.uuid4().hex
    if Order.objects.filter(source=source, key=key).exists():
        message = _("The source “%(source)s” has an order “%(key)s” already; correct that one.")
        raise Refused(message % {"source": source.code, "key": key}, "number")
    order = create(
        Order,
        number=number or _next_number(),
        source=source,
        key=key,
        kind=kind,
        party=party,
        placed_at=placed_at,
        day=clock.day_of(placed_at),
        place=place,
        channel=channel,
        sales_person=sales_person,
        currency=currency or settings.GUANXI_CURRENCY,
        returns=returns,
        state=state,
        tax=tax_of(lines, currency or settings.GUANXI_CURRENCY),
        **_sums([(line.paid(), line.discount, line.cost) for line in lines]),
    )
    _write_lines(order, lines, start=1)
    event = "order.placed" if kind == Order.Kind.SALE else "order.returned"
    event = "order.drafted" if state == Order.State.DRAFT else event
    record(
        event,
        party=party,
        channel=channel,
        direction=Direction.IN,
        occurred_at=placed_at,
        about=order,
        payload=_told(order) | ({"of": returns.number} if returns else {}),
        by=by,
    )
    summary.recompute(party)
    if kind == Order.Kind.SALE and state != Order.State.DRAFT:
        become_customer(party, by)
    search.touch(order)
    return order


def become_customer(party: Party, by: Viewer) -> None:
    """Who bought is a customer."""
    with implied():
        add_role(party, PartyRole.Role.CUSTOMER, by=by)


def tax_of(lines: Iterable[Any], currency: str) -> Decimal:
    """The tax on lines (or what is asked for as such) that know a rate: once for each rate, as on an invoice."""
    amounts: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in lines:
        amounts[line.tax_percent] += line.paid() if isinstance(line, Line) else line.amount
    return sum((parted(amount, rate, False, currency)[1] for rate, amount in amounts.items() if rate), Decimal(0))


@action
def put_order(
    source: str, key: str, party: Party, lines: Sequence[Line], *, by: Viewer, **values: Any
) -> tuple[Order, bool]:
    """The order that `source` knows by `key`, as it is said here, and whether it is new. Said again, nothing changes.

    Raises Refused where it is somebody else's.
    """
    one_at_a_time.hold(f"order:{source}:{key}")
    origin = Source.objects.get_or_create(code=source, defaults={"name": source})[0]
    known = Order.objects.filter(source=origin, key=key).values_list("pk", flat=True).first()
    values = {name: value for name, value in values.items() if value not in (None, "")}
    if known is None:
        values.setdefault("number", key[:100])
        return create_order(party, lines, by=by, source=origin, key=key, **values), True
    order = locked(known, by)
    if order.party_id != party.pk:
        raise Refused(_("This order is that of customer %(number)s.") % {"number": order.party_id}, "party")
    values.pop("currency", None)
    changes = {name: value for name, value in values.items() if getattr(order, name) != value}
    if changes:
        edit_order(order.pk, changes, by=by)
    _match_lines(order, lines, by)
    return locked(known, by), False


def _match_lines(order: Order, lines: Sequence[Line], by: Viewer) -> None:
    """Bring the lines of an order, in their order, to what is said now."""
    _check_lines(lines)
    there = list(order.lines.order_by("id"))
    for row, line in zip(there, lines, strict=False):
        said = {"quantity": line.quantity, "amount": line.paid(), "discount": line.discount}
        said |= {"cost": line.cost} if line.cost is not None else {}
        changes = {name: value for name, value in said.items() if getattr(row, name) != value}
        if (row.product_id or None) != (line.product.pk if line.product else None):
            raise Refused(_("A line cannot become one of another product; add a line and remove this one."), "lines")
        if changes:
            change_line(row.pk, changes, by=by)
    if len(lines) > len(there):
        add_lines(order.pk, lines[len(there) :], by=by)
    for row in there[len(lines) :]:
        remove_line(row.pk, by=by)


@action
def add_lines(order_id: int, lines: Sequence[Line], *, by: Viewer) -> Order:
    """Add positions to an order."""
    order = locked(order_id, by)
    _refuse_settled(order)
    _check_lines(lines, already=order.line_count)
    _write_lines(order, lines, start=order.line_count + 1)
    return _corrected(order, by)


@action
def change_line(line_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Order:
    """Correct quantity, amount, discount, cost or description of a line. Raises Conflict, Refused."""
    line = OrderLine.objects.visible_to(by).get(pk=line_id)
    order = locked(line.order_id, by)
    _refuse_settled(order)
    if changes.get("quantity") is not None and changes["quantity"] < line.delivered:
        words = _("%(delivered)s of it are delivered already; take them back instead.")
        raise Refused(words % {"delivered": display.number(line.delivered)}, "quantity")
    for name in changes:
        if name not in ("quantity", "amount", "discount", "cost", "description"):
            raise Refused(_("A line has no field “%(name)s” to correct.") % {"name": name}, name)
    for name in ("quantity", "amount", "discount", "cost"):
        _check_size(changes.get(name), name)
    if (changes.get("discount") or 0) < 0:
        raise Refused(_("A discount is written as a positive number."), "discount")
    change(line, expected, **changes)
    return _corrected(order, by)


@action
def remove_line(line_id: int, *, by: Viewer) -> Order:
    """Take a line out of its order; the last one stays."""
    line = OrderLine.objects.visible_to(by).get(pk=line_id)
    order = locked(line.order_id, by)
    _refuse_settled(order)
    if line.delivered > 0:
        words = _("%(delivered)s of it are delivered already; take them back instead.")
        raise Refused(words % {"delivered": display.number(line.delivered)}, "lines")
    if order.line_count <= 1:
        raise Refused(_("An order has at least one line; take the whole order back instead."), "lines")
    delete(line)
    return _corrected(order, by)


@action
def edit_order(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Order:
    """Correct number, time, place, channel or sales person of an order. Raises Conflict, Refused."""
    order = locked(row_id, by)
    for name in changes:
        if name not in ("number", "placed_at", "place", "channel", "sales_person"):
            raise Refused(_("An order has no field “%(name)s” to correct.") % {"name": name}, name)
    values = dict(changes)
    if values.get("placed_at"):
        _check_time(values["placed_at"])
        values["day"] = clock.day_of(values["placed_at"])
    return _corrected(change(order, expected, **values), by)


@action
def return_order(
    order_id: int,
    *,
    by: Viewer,
    quantities: dict[int, Decimal] | None = None,
    placed_at: datetime | None = None,
    number: str = "",
    key: str = "",
    into: StockPlace | None = None,
) -> Order:
    """Take back lines of a sale: `quantities` by line id, else all that is left. Refunds pro rata, as a new order.

    `into`: the place where goods of which stock is kept are put back. Raises Refused where more would come back than
    was sold.
    """
    order = locked(order_id, by)
    if order.kind != Order.Kind.SALE:
        raise Refused(_("Only a sale can be taken back."))
    if order.state in UNCOUNTED:
        raise Refused(_("Nothing was bought by this order, so nothing can come back."))
    if placed_at and placed_at < order.placed_at:
        raise Refused(_("It cannot come back before it was bought."), "placed_at")
    lines = {line.pk: line for line in order.lines.select_related("product")}
    left = left_of(order)
    wanted = {pk: quantity for pk, quantity in left.items() if quantity > 0} if quantities is None else quantities
    if not wanted:
        raise Refused(_("Nothing of this order is left to take back."), "lines")
    refunds = []
    for pk, quantity in wanted.items():
        line = lines.get(pk)
        if line is None:
            raise Refused(_("The order has no line %(line)s.") % {"line": pk}, "lines")
        if not 0 < quantity <= left[pk]:
            message = _("Of “%(what)s”, between 0 and %(left)s can come back.")
            raise Refused(message % {"what": line.product or line.description, "left": left[pk]}, "quantity")
        refunds.append(_refund(line, quantity))
    made = create_order(
        order.party,
        refunds,
        by=by,
        placed_at=placed_at,
        number=number or _("%(number)s return") % {"number": order.number},
        key=key or uuid.uuid4().hex,
        place=order.place,
        channel=order.channel,
        sales_person=order.sales_person,
        currency=order.currency,
        kind=Order.Kind.RETURN,
        returns=order,
    )
    if into is not None:
        _put_back(made, into, by)
    return made


def _put_back(order: Order, place: StockPlace, by: Viewer) -> None:
    for line in order.lines.select_related("product"):
        if line.product is not None and Stock.objects.filter(product=line.product).exists():
            put(line.product, -line.quantity, place, by=by)


@action
def place_called(code: str, *, by: Viewer, name: str = "") -> Place:
    """The place of sale with this code; made where it is new."""
    return Place.objects.filter(code=code).first() or create(Place, code=code, name=name or code)


@action
def sales_person_called(code: str, *, by: Viewer, name: str = "") -> SalesPerson:
    """The sales person with this code; made where he is new."""
    return SalesPerson.objects.filter(code=code).first() or create(SalesPerson, code=code, name=name or code)


def own_source() -> Source:
    """The source of orders that are placed here, on screens or through the API."""
    return Source.objects.get_or_create(code=OWN_SOURCE, defaults={"name": "Guanxi", "trust": 80})[0]


def locked(order_id: int, by: Viewer) -> Order:
    """The order, held against other writers until the transaction ends. Raises Order.DoesNotExist, NotAllowed."""
    require(by, "edit", Order)
    order = Order.objects.visible_to(by).select_for_update().get(pk=order_id)
    require(by, "edit", order)
    return order


def left_of(order: Order) -> dict[int, Decimal]:
    """How much of each line (by id) has not come back yet."""
    back = _returned(order)
    return {line.pk: line.quantity - back.get(line.key, Decimal(0)) for line in order.lines.all()}


def _check_time(moment: datetime) -> None:
    if moment > max(clock.now(), timezone.now()) + timedelta(days=1):
        raise Refused(_("An order has been placed; this time lies in the future."), "placed_at")


def _check_lines(lines: Sequence[Line], already: int = 0) -> None:
    if not lines:
        raise Refused(_("An order needs at least one line."), "lines")
    if len(lines) + already > MOST_LINES:
        raise Refused(_("An order has at most %(most)s lines.") % {"most": MOST_LINES}, "lines")
    for line in lines:
        _check_size(line.paid(), "amount")
        for name in ("quantity", "discount", "cost"):
            _check_size(getattr(line, name), name)
        if line.discount < 0:
            raise Refused(_("A discount is written as a positive number."), "discount")


def _check_size(value: Decimal | None, field: str) -> None:
    if value is not None and abs(value) > LARGEST:
        raise Refused(_("%(value)s is too large.") % {"value": value}, field)


def _write_lines(order: Order, lines: Iterable[Line], start: int) -> None:
    taken = set(order.lines.values_list("key", flat=True))
    for position, line in enumerate(lines, start):
        key = line.key or str(position)
        while not line.key and key in taken:
            key = str(int(key) + 1)
        taken.add(key)
        create(
            OrderLine,
            order=order,
            key=key,
            product=line.product,
            description=line.description,
            quantity=line.quantity,
            amount=line.paid(),
            discount=line.discount,
            cost=line.cost,
            tax_percent=line.tax_percent,
        )


def _sums(amounts: Sequence[tuple[Decimal, Decimal, Decimal | None]]) -> dict[str, Any]:
    """The sums of lines, each as amount, discount and cost; the cost is known only if that of every line is."""
    costs = [cost for _amount, _discount, cost in amounts if cost is not None]
    return {
        "amount": sum((amount for amount, _discount, _cost in amounts), Decimal(0)),
        "discount": sum((discount for _amount, discount, _cost in amounts), Decimal(0)),
        "cost": sum(costs, Decimal(0)) if len(costs) == len(amounts) else None,
        "line_count": len(amounts),
    }


def _total(order: Order) -> None:
    """Make the sums of the order those of its lines."""
    amounts: list[Any] = list(order.lines.values_list("amount", "discount", "cost"))
    tax = tax_of(order.lines.all(), order.currency)
    change(order, **_sums(amounts), tax=tax, changed_at=timezone.now())


def _corrected(order: Order, by: Viewer) -> Order:
    was = order.amount
    _total(order)
    record("order.changed", party=order.party, about=order, payload=_told(order) | {"was": was}, by=by)
    summary.recompute(order.party_id)
    for listener in hooks.get("order_corrected"):
        listener(order, by=by)
    search.touch(order)
    return order


def _refuse_settled(order: Order) -> None:
    if order.state in (Order.State.CANCELLED, Order.State.DELIVERED):
        words = _("This order is “%(state)s”; its lines are not changed any more.")
        raise Refused(words % {"state": order.get_state_display()}, "lines")


def _told(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "amount": order.amount,
        "currency": order.currency,
        "lines": order.line_count,
    }


def _returned(order: Order) -> dict[str, Decimal]:
    """How much of each line (by key) has come back already."""
    rows = OrderLine.objects.filter(order__returns=order).values_list("key").annotate(back=Sum("quantity"))
    return {key: -back for key, back in rows}


def _refund(line: OrderLine, quantity: Decimal) -> Line:
    share = quantity / line.quantity
    cost = None if line.cost is None else -(line.cost * share).quantize(CENT, ROUND_HALF_UP)
    return Line(
        product=line.product,
        description=line.description,
        quantity=-quantity,
        amount=-(line.amount * share).quantize(CENT, ROUND_HALF_UP),
        cost=cost,
        key=line.key,
        tax_percent=line.tax_percent,
    )


def _next_number() -> str:
    newest = Order.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return str(newest + 1)
