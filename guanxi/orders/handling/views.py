"""The steps of an order that is handled here, and its confirmation as PDF."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.catalog.models import StockPlace
from guanxi.foundation.actions import Refused
from guanxi.foundation.money import to_decimal
from guanxi.foundation.visibility import require
from guanxi.orders import queries
from guanxi.orders.handling import actions, document
from guanxi.orders.models import UNCOUNTED, Order


@require_GET
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The confirmation, in the language of the customer."""
    order = get_object_or_404(queries.orders(request.user), pk=pk)
    if not order.state or order.state in UNCOUNTED:
        raise Http404(_("This order is not confirmed."))
    headers = {"Content-Disposition": f'inline; filename="order-{order.pk}.pdf"'}
    return HttpResponse(document.pdf_of(order), content_type="application/pdf", headers=headers)


@require_POST
def handle(request: HttpRequest, pk: int) -> HttpResponse:
    """One step, as `what` says: confirm, deliver, cancel."""
    order = get_object_or_404(queries.orders(request.user), pk=pk)
    require(request.user, "edit", order)
    try:
        _step(request, order)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("desk:record", "orders", pk)


def _step(request: HttpRequest, order: Order) -> None:
    what, by = request.POST.get("what", ""), request.user
    if what == "confirm":
        actions.confirm(order.pk, by=by)
    elif what == "cancel":
        actions.cancel(order.pk, request.POST.get("reason", ""), by=by)
    elif what == "deliver":
        typed = {line.pk: request.POST.get(f"quantity-{line.pk}", "").strip() for line in order.lines.all()}
        quantities = {number: _quantity(text) for number, text in typed.items() if text not in ("", "0")}
        number = request.POST.get("place", "")
        place = StockPlace.objects.visible_to(by).filter(pk=number).first() if number.isdecimal() else None
        actions.deliver(order.pk, quantities, place, request.POST.get("note", ""), by=by)
    else:
        raise Refused(_("There is no step “%(what)s”.") % {"what": what[:20]})


def _quantity(text: str) -> Decimal:
    try:
        return to_decimal(text.replace(",", "."))
    except ValidationError as error:
        raise Refused(error.messages[0], "quantity") from error
