"""The first page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from guanxi.customers.models import Party
from guanxi.foundation.reports import views as reports
from guanxi.foundation.visibility import may
from guanxi.lake.reports.today import hung
from guanxi.orders.models import OrderLine


def today(request: HttpRequest) -> HttpResponse:
    """Yesterday in brief; to who sees no figures, what else is there for him today."""
    if all(may(request.user, "view", one) for one in ("reports", OrderLine, Party)):
        return reports.page(request, "today")
    return render(request, "lake/start.html", {"sections": hung("today_section", request.user)})
