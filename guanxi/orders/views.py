"""Pages of orders beyond the desk: the lines within a timeline, correcting lines, taking back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.catalog.models import Stock, StockPlace
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.money import to_decimal
from guanxi.foundation.visibility import require
from guanxi.orders import actions, panels, queries
from guanxi.orders.models import Order, OrderLine

SHOWN_IN_CARD = 30
MOST_PLACES = 200


def _order(request: HttpRequest, pk: int) -> Order:
    return get_object_or_404(queries.orders(request.user), pk=pk)


@require_GET
def card_lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of an order, opened in place in a timeline."""
    order = _order(request, pk)
    rows = list(queries.lines(order, request.user)[: SHOWN_IN_CARD + 1])
    context = {"order": order, "lines": rows[:SHOWN_IN_CARD], "more": max(order.line_count - SHOWN_IN_CARD, 0)}
    return render(request, "orders/card_lines.html", context)


@require_http_methods(["GET", "POST"])
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """One line: its editor (GET), corrected (POST); answers with the card of lines."""
    row = get_object_or_404(OrderLine.objects.visible_to(request.user).select_related("order__party"), pk=pk)
    require(request.user, "edit", row.order)
    seen = {name: str(getattr(row, name)) for name in ("quantity", "amount", "discount")}
    if request.method == "GET":
        return _lines(request, row.order_id, editing=pk, draft=seen, seen=seen)
    draft = {name: request.POST.get(name, "") for name in seen}
    said = {name: request.POST.get(f"seen_{name}", seen[name]) for name in seen}
    try:
        changes = {name: _amount(value, name) for name, value in draft.items()}
        actions.change_line(pk, changes, said, by=request.user)
    except Conflict as conflict:
        error = _("Meanwhile somebody wrote %(theirs)s here. Save again to replace it with yours.")
        words = error % {"theirs": conflict.theirs}
        return _lines(request, row.order_id, 409, editing=pk, draft=draft, seen=seen, error=words, wrong=conflict.field)
    except Refused as refusal:
        return _lines(
            request, row.order_id, 422, editing=pk, draft=draft, seen=said, error=refusal.message, wrong=refusal.field
        )
    return _lines(request, row.order_id)


@require_GET
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The card of lines."""
    return _lines(request, _order(request, pk).pk)


@require_POST
def remove_line(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a line out."""
    row = get_object_or_404(OrderLine.objects.visible_to(request.user), pk=pk)
    try:
        actions.remove_line(pk, by=request.user)
    except Refused as refusal:
        return _lines(request, row.order_id, 422, notice=refusal.message)
    return _lines(request, row.order_id)


def _lines(request: HttpRequest, pk: int, status: int = 200, **more: Any) -> HttpResponse:
    order = _order(request, pk)
    context = {"record": order, **panels.lines(order, request.user), **more}
    return render(request, "orders/lines.html", context, status=status)


def _amount(text: str, field: str) -> Decimal:
    try:
        return to_decimal(text.replace(",", "."))
    except ValidationError as error:
        raise Refused(error.messages[0], field) from error


def _places(rows: list[tuple[OrderLine, Decimal, str]], request: HttpRequest) -> list[StockPlace]:
    """Where goods may be put back; none where no stock is kept of any."""
    products = [row.product_id for row, rest, _typed in rows if rest > 0 and row.product_id is not None]
    if not Stock.objects.filter(product__in=products).exists():
        return []
    return list(StockPlace.objects.visible_to(request.user).order_by("name")[:MOST_PLACES])


def _chosen_place(request: HttpRequest) -> StockPlace | None:
    number = request.POST.get("into", "")
    if not number.isdecimal():
        return None
    return get_object_or_404(StockPlace.objects.visible_to(request.user), pk=number)


@require_http_methods(["GET", "POST"])
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose what comes back of an order (GET); take it back (POST)."""
    order = _order(request, pk)
    left = actions.left_of(order)
    rows = [(row, left[row.pk], "") for row in queries.lines(order, request.user)]
    context: dict[str, Any] = {
        "order": order,
        "rows": rows,
        "places": _places(rows, request),
        "nothing_left": not any(rest > 0 for _row, rest, _typed in rows),
    }
    if request.method == "GET":
        return render(request, "orders/take_back.html", context)
    draft = {row.pk: request.POST.get(f"quantity-{row.pk}", "").strip() for row, _rest, _typed in rows}
    context["rows"] = [(row, rest, draft[row.pk]) for row, rest, _typed in rows]
    try:
        quantities = {number: _amount(text, "quantity") for number, text in draft.items() if text not in ("", "0")}
        if not quantities:
            raise Refused(_("Write how much comes back, on one line at least."), "quantity")
        made = actions.return_order(pk, quantities=quantities, into=_chosen_place(request), by=request.user)
    except Refused as refusal:
        return render(request, "orders/take_back.html", {**context, "error": refusal.message}, status=422)
    return redirect("desk:record", "orders", made.pk)
