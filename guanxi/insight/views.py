"""Customer equity, the models behind it, and the assumptions that they rest on."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.reports import views as reports
from guanxi.foundation.visibility import may, require
from guanxi.insight import actions, comparing, queries, tasks
from guanxi.insight.forms import AssumptionsForm
from guanxi.insight.models import Assumptions, EquityPoint, Learning, ModelVersion


@require_GET
def equity(request: HttpRequest) -> HttpResponse:
    """What the whole base is worth."""
    require(request.user, "view", EquityPoint)
    return reports.page(request, "equity")


@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """The models in use, those they were compared with, and the last learnings."""
    require(request.user, "view", ModelVersion)
    context = comparing.context(request.user) | {"may_learn": may(request.user, "run", Learning)}
    return render(request, "insight/models.html", context)


@require_GET
def model(request: HttpRequest, pk: int) -> HttpResponse:
    """One model with all that is kept of it."""
    known = ModelVersion.objects.visible_to(request.user).select_related("learning")
    row = get_object_or_404(known, pk=pk)
    return render(request, "insight/model.html", {"one": comparing.Version(row)})


@require_POST
def learn(request: HttpRequest) -> HttpResponse:
    """Let it learn now; shows the task."""
    task = tasks.learn_now(by=request.user)
    messages.success(request, _("It learns as soon as a worker is free; you can leave this page."))
    return redirect("desk:record", "tasks", task.pk)


@require_http_methods(["GET", "POST"])
def assumptions(request: HttpRequest) -> HttpResponse:
    """What values rest on; changed by people, counted with from the next learning on."""
    require(request.user, "view", Assumptions)
    row = queries.assumptions(request.user)
    form = AssumptionsForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid() and _changed(request, form):
        messages.success(request, _("Kept. It counts from the next learning on."))
        return redirect("insight:assumptions")
    context = {
        "form": form,
        "rates": queries.cost_rates(request.user)[:20],
        "learning": queries.current(request.user),
        "task": queries.under_way(request.user),
        "may_edit": may(request.user, "edit", Assumptions),
        "may_learn": may(request.user, "run", Learning),
    }
    return render(request, "insight/assumptions.html", context, status=422 if form.errors else 200)


def _changed(request: HttpRequest, form: AssumptionsForm) -> bool:
    """Whether the change was made; else the form says at which field it was not, and why."""
    try:
        actions.change_assumptions(form.changes(), form.expected(), by=request.user)
    except Conflict as conflict:
        words = _("Somebody else set this to %(theirs)s meanwhile. Save again to put yours in its place.")
        form.add_error(conflict.field, words % {"theirs": conflict.theirs})
        form.now_seen(conflict.field, conflict.theirs)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
    else:
        return True
    return False
