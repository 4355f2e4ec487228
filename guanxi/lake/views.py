"""The first page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from guanxi.foundation.reports import views as reports


def today(request: HttpRequest) -> HttpResponse:
    """Yesterday in brief."""
    return reports.page(request, "today")
