"""The button “New quote” of a deal."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import require
from guanxi.orders.quotes.models import Quote
from guanxi.sales.deals import queries
from guanxi.sales.quoting import actions


@require_POST
def new_quote(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft for the deal, opened."""
    require(request.user, "create", Quote)
    deal = get_object_or_404(queries.deals(request.user), pk=pk)
    try:
        made = actions.quote_deal(deal.pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:record", "deals", pk)
    return redirect("desk:record", "quotes", made.pk)
