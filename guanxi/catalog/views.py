"""Pages of the catalogue beyond the desk: products suggested while one types, and what something costs whom."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_date
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from guanxi.catalog import pricing, queries
from guanxi.catalog.desk.named import suggested
from guanxi.customers.queries import parties
from guanxi.foundation.actions import Refused
from guanxi.foundation.money import to_decimal
from guanxi.foundation.visibility import require


@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """Options for a data list: the numbers of products that begin with what was typed, or whose names do."""
    require(request.user, "view", "products")
    text = str(next(iter(request.GET.values()), "")).strip()[:100]
    options = suggested(text, request.user) if text else []
    return HttpResponse(format_html_join("", '<option value="{}">{}</option>', options))


@require_GET
def price(request: HttpRequest, pk: int) -> HttpResponse:
    """What a quantity costs a customer on a day in a currency, and why; or what is missing to say so."""
    product = get_object_or_404(queries.products(request.user), pk=pk)
    context: dict[str, Any] = {"product": product}
    try:
        quantity = _quantity(request.GET.get("quantity", ""))
        party = None
        number = request.GET.get("party", "").rpartition("#")[2].strip()
        if number:
            party = parties(request.user).filter(pk=number).first() if number.isdecimal() else None
            if party is None:
                raise Refused(_("There is no customer %(number)s.") % {"number": number}, "party")
        found = pricing.price_of(
            product, party, quantity, _day(request.GET.get("day", "")), request.GET.get("currency", "").strip().upper()
        )
        context |= {"found": found, "sum": found.amount * quantity, "quantity": quantity}
    except Refused as refusal:
        context["error"] = refusal.message
    return render(request, "catalog/price.html", context)


def _quantity(text: str) -> Decimal:
    try:
        quantity = to_decimal(text.replace(",", ".")) if text.strip() else Decimal(1)
    except ValidationError as error:
        raise Refused(error.messages[0], "quantity") from error
    if not 0 < quantity <= 10**11:
        raise Refused(_("Ask for a quantity above nothing."), "quantity")
    return quantity


def _day(text: str) -> date | None:
    try:
        day = parse_date(text) if text else None
    except ValueError:
        day = None
    if text and day is None:
        raise Refused(_("“%(day)s” is no day.") % {"day": text[:20]}, "day")
    return day
