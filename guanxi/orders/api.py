"""Orders for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.catalog.models import Product, StockPlace
from guanxi.customers.merged import root_of
from guanxi.customers.models import Party
from guanxi.customers.queries import parties, party_numbered
from guanxi.foundation.actions import Refused
from guanxi.foundation.api import keyset, preferring
from guanxi.foundation.api.types import (
    Cursor,
    Day,
    ExternalId,
    Limit,
    Moment,
    Money,
    Number,
    Page,
    Quantity,
    SourceCode,
)
from guanxi.foundation.custom_fields import api as custom_api
from guanxi.foundation.custom_fields.api import Custom, WithCustom
from guanxi.foundation.records.asking import narrowed
from guanxi.ledger.api import Channel
from guanxi.orders import actions, queries
from guanxi.orders.models import Order, OrderLine

router = Router(tags=["Orders"])
of_party = Router(tags=["Orders"])
NEWEST_FIRST = ("-placed_at", "-id")
Code = Annotated[str, Field(max_length=100)]


class LineIn(Schema):
    """A position: a product by its `code`, or a `description`. Give the `amount` paid, or a `price` (less
    `discount`).
    """

    product: Code | None = Field(None, description="The product's code.")
    description: Annotated[str, Field(max_length=250)] = ""
    quantity: Quantity = Decimal(1)
    amount: Money | None = None
    price: Money | None = None
    discount: Annotated[Decimal, Field(ge=0, le=10**11, decimal_places=4)] = Decimal(0)
    cost: Money | None = None
    tax_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)] = Decimal(0)


class OrderIn(Schema):
    """A new order. Its sums follow from its lines."""

    party: Number
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=actions.MOST_LINES)]
    number: Annotated[
        str, Field(max_length=100, description="Unique among orders made here; made up where left out.")
    ] = ""
    placed_at: Moment | None = None
    place: Code | None = Field(None, description="The code of the place of sale; made where it is new.")
    channel: Channel = "other"
    sales_person: Code | None = Field(None, description="The code of the sales person; made where he is new.")
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    state: Literal["", "draft", "confirmed"] = Field(
        "", description="How an order that is handled here begins; empty: it is only noted down."
    )
    custom: Custom | None = None


class LinesIn(Schema):
    """Positions to add to an order."""

    lines: Annotated[list[LineIn], Field(min_length=1, max_length=500)]


class OrderLineChange(Schema):
    """What is to change of a position; leave out the rest."""

    quantity: Quantity | None = None
    amount: Money | None = None
    discount: Annotated[Decimal, Field(ge=0, le=10**11, decimal_places=4)] | None = None
    cost: Money | None = Field(None, description="Null, said: not known.")
    description: Annotated[str, Field(max_length=250)] | None = None
    expected: dict[str, Any] | None = Field(None, description="The values that you saw; 409 where they changed.")


class OrderChange(Schema):
    """What is to change of an order."""

    custom: Custom


class ReturnIn(Schema):
    """What comes back: quantities by number of the line; everything that is left where `lines` is left out."""

    lines: dict[str, Quantity] | None = None
    placed_at: Moment | None = None
    into: Annotated[str, Field(max_length=50)] | None = Field(
        None, description="The code of the place of stock where goods are put back; left out, they are not."
    )


class LineOut(Schema):
    id: int
    product: str | None
    description: str
    quantity: Quantity
    amount: Money
    discount: Money
    cost: Money | None
    tax_percent: Quantity
    delivered: Quantity

    @staticmethod
    def resolve_product(line: OrderLine) -> str | None:
        return line.product.code if line.product else None


class OrderOut(WithCustom):
    id: int
    number: str
    kind: Literal["sale", "return"]
    party: int = Field(alias="party_id")
    placed_at: Moment
    day: Day
    place: str | None
    channel: str
    sales_person: str | None
    currency: str
    state: str
    amount: Money
    tax: Money
    discount: Money
    cost: Money | None
    line_count: int
    returns: int | None = Field(alias="returns_id", description="The sale that a return gives back.")
    source: str
    changed_at: Moment

    @staticmethod
    def resolve_place(order: Order) -> str | None:
        return order.place.code if order.place else None

    @staticmethod
    def resolve_sales_person(order: Order) -> str | None:
        return order.sales_person.code if order.sales_person else None

    @staticmethod
    def resolve_source(order: Order) -> str:
        return order.source.code


class OrderWithLines(OrderOut):
    lines: list[LineOut]


class OrderFilter(Schema):
    """How a list of orders is narrowed."""

    party: Number | None = None
    kind: Literal["sale", "return"] | None = None
    channel: Channel | None = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="Before this time.")
    cursor: Cursor | None = None
    limit: Limit = 50


def _page(request: HttpRequest, asked: OrderFilter, party: int | None) -> dict[str, Any]:
    rows = narrowed(request, "orders", queries.orders(request.user, party=party))
    given = {
        "kind": asked.kind,
        "channel": asked.channel,
        "placed_at__gte": asked.since,
        "placed_at__lt": asked.until,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value is not None})
    items, following = keyset.page(rows, NEWEST_FIRST, asked.cursor, asked.limit)
    return {"items": items, "next": following}


def one(request: HttpRequest, number: int) -> Order:
    """The order of that number, with its lines and their products. Raises Order.DoesNotExist."""
    return queries.orders(request.user).prefetch_related("lines__product").get(pk=number)


@router.get("", response=Page[OrderOut], summary="List orders", operation_id="list_orders")
def list_orders(request: HttpRequest, asked: Query[OrderFilter]) -> dict[str, Any]:
    """Newest first, without lines."""
    return _page(request, asked, asked.party)


@router.post("", response={201: OrderWithLines}, summary="Place an order", operation_id="create_order")
def create_order(request: HttpRequest, body: OrderIn) -> Status[Order]:
    """With its lines, all or nothing. Send an `Idempotency-Key`, so that a repeat places no second one."""
    with transaction.atomic():
        party, values = _placed(request, body)
        order = actions.create_order(party, _lines(request, body.lines), by=request.user, state=body.state, **values)
        custom_api.keep(order, body.custom, request)
    return Status(201, one(request, order.pk))


@router.put(
    "/by/{source}/{external_id}",
    response={200: OrderWithLines, 201: OrderWithLines, 204: None},
    summary="Say what holds of an order, by the number of another system",
    operation_id="put_order",
)
def put_order(request: HttpRequest, source: SourceCode, external_id: ExternalId, body: OrderIn) -> Any:
    """Placed where it is new (201), else corrected, its lines in their order. Sent again, nothing changes."""
    with transaction.atomic():
        party, values = _placed(request, body)
        lines = _lines(request, body.lines)
        order, new = actions.put_order(source, external_id, party, lines, by=request.user, **values)
        custom_api.keep(order, body.custom, request)
    return preferring.told(request, order.pk, new, lambda: one(request, order.pk))


def _placed(request: HttpRequest, body: OrderIn) -> tuple[Party, dict[str, Any]]:
    """Whose order it is, and what the action takes of it. Raises Refused."""
    by = request.user
    party = parties(by).filter(pk=root_of(body.party)).first()
    if party is None:
        raise Refused(_("There is no customer %(number)s.") % {"number": body.party}, "party")
    return party, {
        "placed_at": body.placed_at,
        "number": body.number.strip(),
        "place": actions.place_called(body.place, by=by) if body.place else None,
        "channel": body.channel,
        "sales_person": actions.sales_person_called(body.sales_person, by=by) if body.sales_person else None,
        "currency": body.currency,
    }


@router.get("/{number}", response=OrderWithLines, summary="Get an order", operation_id="get_order")
def get_order(request: HttpRequest, number: Number) -> Order:
    """One order with its lines."""
    return one(request, number)


@router.patch("/{number}", response=OrderWithLines, summary="Change an order", operation_id="change_order")
def change_order(request: HttpRequest, number: Number, body: OrderChange) -> Order:
    """Its custom fields; what was bought is corrected line by line."""
    order = queries.orders(request.user).get(pk=number)
    custom_api.keep(order, body.custom, request)
    return one(request, number)


@router.post("/{number}/lines", response={201: OrderWithLines}, summary="Add lines", operation_id="add_order_lines")
def add_lines(request: HttpRequest, number: Number, body: LinesIn) -> Status[Order]:
    """Add positions to an order; its sums follow."""
    actions.add_lines(number, _lines(request, body.lines), by=request.user)
    return Status(201, one(request, number))


@router.patch(
    "/{number}/lines/{line}", response=OrderWithLines, summary="Correct a line", operation_id="change_order_line"
)
def change_line(request: HttpRequest, number: Number, line: Number, body: OrderLineChange) -> Order:
    """The sums of the order follow. 422 where the order is settled."""
    said = body.model_dump(exclude_unset=True, exclude={"expected"})
    changes = {name: value for name, value in said.items() if value is not None or name == "cost"}
    actions.change_line(_line(request, number, line).pk, changes, body.expected, by=request.user)
    return one(request, number)


@router.delete(
    "/{number}/lines/{line}", response={204: None}, summary="Take a line out", operation_id="remove_order_line"
)
def remove_line(request: HttpRequest, number: Number, line: Number) -> Status[None]:
    """The last one stays: take the whole order back instead."""
    actions.remove_line(_line(request, number, line).pk, by=request.user)
    return Status(204, None)


def _line(request: HttpRequest, number: int, line: int) -> OrderLine:
    return OrderLine.objects.visible_to(request.user).get(pk=line, order=number)


@router.post("/{number}/return", response={201: OrderWithLines}, summary="Take back", operation_id="return_order")
def return_order(request: HttpRequest, number: Number, body: ReturnIn) -> Status[Order]:
    """Makes a return with negative quantities and amounts, pro rata of what was paid."""
    quantities = None if body.lines is None else {_number(key): quantity for key, quantity in body.lines.items()}
    into = stock_place(request, body.into)
    made = actions.return_order(number, quantities=quantities, placed_at=body.placed_at, into=into, by=request.user)
    return Status(201, one(request, made.pk))


def stock_place(request: HttpRequest, code: str | None) -> StockPlace | None:
    """The place of stock with a code that a program named. Raises Refused."""
    if code is None:
        return None
    place = StockPlace.objects.visible_to(request.user).filter(code=code).first()
    if place is None:
        raise Refused(_("There is no place of stock “%(code)s”.") % {"code": code}, "place")
    return place


@of_party.get(
    "/{number}/orders", response=Page[OrderOut], summary="The orders of a party", operation_id="list_party_orders"
)
def list_party_orders(request: HttpRequest, number: Number, asked: Query[OrderFilter]) -> dict[str, Any]:
    """Newest first, without lines."""
    return _page(request, asked, party_numbered(number, request.user).pk)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Refused(f"“{text}” is no number of a line.", "lines")
    return int(text)


def _lines(request: HttpRequest, drafts: list[LineIn]) -> list[actions.Line]:
    codes = {draft.product for draft in drafts if draft.product is not None}
    products = {product.code: product for product in Product.objects.visible_to(request.user).filter(code__in=codes)}
    lines = []
    for position, draft in enumerate(drafts):
        if draft.product is not None and draft.product not in products:
            raise Refused(_("There is no product “%(code)s”.") % {"code": draft.product}, f"lines.{position}.product")
        product = products.get(draft.product or "")
        lines.append(actions.Line(product=product, **draft.model_dump(exclude={"product"})))
    return lines
