"""The handling of orders for programs: confirm, deliver, cancel."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema, Status

from guanxi.foundation.api.types import Number, Quantity
from guanxi.orders import queries
from guanxi.orders.api import OrderWithLines, one, stock_place
from guanxi.orders.handling import actions, document
from guanxi.orders.handling.models import Delivery
from guanxi.orders.models import UNCOUNTED, Order

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
    place = stock_place(request, body.place)
    quantities = None if body.lines is None else {int(line): quantity for line, quantity in body.lines.items()}
    made = actions.deliver(number, quantities, place, body.note, by=request.user)
    return Status(201, Delivery.objects.select_related("order").get(pk=made.pk))


@router.get("/{number}/confirmation", summary="The confirmation as PDF", operation_id="order_confirmation")
def confirmation(request: HttpRequest, number: Number) -> HttpResponse:
    """Of an order that is handled here and confirmed, in the language of the customer; 404 of any other."""
    order = queries.orders(request.user).exclude(state="").exclude(state__in=UNCOUNTED).get(pk=number)
    return HttpResponse(document.pdf_of(order), content_type="application/pdf")


@router.post("/{number}/cancel", response=OrderWithLines, summary="Cancel an order", operation_id="cancel_order")
def cancel(request: HttpRequest, number: Number, body: CancelIn) -> Order:
    """One of which nothing was delivered; it counts for nothing from then on."""
    actions.cancel(number, body.reason, by=request.user)
    return one(request, number)
