"""The site's addresses and a gallery of every component, for the browser test of the look and of the CSP."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import include, path

GALLERY = Path(__file__).with_name("gallery.html")


def gallery(request: HttpRequest) -> HttpResponse:
    days = [f"{day} Dec" for day in range(1, 31)]
    sales = [9500 + (day * 3571) % 4700 for day in range(30)]
    before = [value * 93 // 100 for value in sales]
    plots = {
        "sales": {
            "type": "area",
            "x": days,
            "series": [{"name": "2017", "data": sales}, {"name": "2016", "data": before, "muted": True}],
            "format": "money",
        },
        "stages": {
            "type": "hbar",
            "x": ["Exploration", "Formation", "Stability", "Decline", "Broken"],
            "series": [{"name": "Customers", "data": [294, 521, 1124, 318, 212]}],
            "tones": [3, 2, 1, "red", "grey"],
            "links": [f"/account/?stage={number}" for number in range(5)],
            "format": "number",
        },
        "months": {
            "type": "bar",
            "x": ["Jan", "Feb", "Mar", "Apr"],
            "series": [{"name": "Share", "data": [0.12, 0.3, None, 0.2]}],
            "format": "percent",
        },
        "none": {"type": "bar", "x": [], "series": [], "format": "number"},
    }
    template = engines["django"].from_string(GALLERY.read_text())
    return HttpResponse(template.render({"plots": plots}, request))


def suggest(request: HttpRequest) -> JsonResponse:
    found = {
        "title": "王 美玲",
        "subtitle": "+886 912 345 678",
        "type": "Person",
        "icon": "user",
        "url": "/account/?found=1",
    }
    return JsonResponse({"results": [found] if "王" in request.GET.get("q", "") else []})


def fragment(request: HttpRequest) -> HttpResponse:
    """An answer for htmx that says something by a toast."""
    headers = {"HX-Trigger": '{"toast": {"text": "Kept.", "level": "success"}}'}
    return HttpResponse("<p id='swapped'>swapped</p>", headers=headers)


urlpatterns = [
    path("gallery/", gallery),
    path("search/suggest/", suggest, name="search_suggest"),
    path("gallery/fragment/", fragment),
    path("", include("guanxi.project.urls")),
]
