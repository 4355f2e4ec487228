"""The handling of orders for programs: confirm, deliver, cancel."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from guanxi.catalog.models import StockPlace
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Number, Quantity
from guanxi.orders.api import OrderWithLines, one
from guanxi.orders.handling import actions
from guanxi.orders.handling.models import Delivery
from guanxi.orders.models import Order

router = Router(tags=["Orders"])


class DeliveryIn(Schema):
    """What leaves the house: quantities by number of the line; all that is left where `lines` is left out."""

    lines: dict[Annotated[str, Field(pattern="^[0-9]{1,18}$")], Annotated[Decimal, Field(gt=0, le=10**11)]] | None = (
        None
    )
    place: Annotated[str, Field(max_length=50)] | None = Field(None, description="The code of a place of stock.")
    note: Annotated[str, Field(max_length=500)] = ""


class OrderDeliveryOut(Schema):
    number: int
    order: int = Field(alias="order_id")
    state: str
    lines: dict[str, Quantity]

    @staticmethod
    def resolve_state(row: Delivery) -> str:
        return row.order.state

    @staticmethod
    def resolve_lines(row: Delivery) -> dict[str, Decimal]:
        return {str(line.line_id): line.quantity for line in row.lines.all()}


class CancelIn(Schema):
    reason: Annotated[str, Field(max_length=500)] = ""


@router.post("/{number}/confirm", response=OrderWithLines, summary="Confirm an order", operation_id="confirm_order")
def confirm(request: HttpRequest, number: Number) -> Order:
    """A draft; goods are held for it."""
    actions.confirm(number, by=request.user)
    return one(request, number)


@router.post(
    "/{number}/deliver", response={201: OrderDeliveryOut}, summary="Deliver an order", operation_id="deliver_order"
)
def deliver(request: HttpRequest, number: Number, body: DeliveryIn) -> Status[Delivery]:
    """In parts or whole; 422 where more would be delivered than was ordered or lies there."""
    place = None
    if body.place is not None:
        place = StockPlace.objects.visible_to(request.user).filter(code=body.place).first()
        if place is None:
            raise Refused(_("There is no place of stock “%(code)s”.") % {"code": body.place}, "place")
    quantities = None if body.lines is None else {int(line): quantity for line, quantity in body.lines.items()}
    made = actions.deliver(number, quantities, place, body.note, by=request.user)
    return Status(201, Delivery.objects.select_related("order").get(pk=made.pk))


@router.post("/{number}/cancel", response=OrderWithLines, summary="Cancel an order", operation_id="cancel_order")
def cancel(request: HttpRequest, number: Number, body: CancelIn) -> Order:
    """One of which nothing was delivered; it counts for nothing from then on."""
    actions.cancel(number, body.reason, by=request.user)
    return one(request, number)
