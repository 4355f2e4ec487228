"""The last step: the import at work, what came of it, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import declaration
from guanxi.foundation.desk.addresses import list_url, record_url
from guanxi.foundation.visibility import may, require
from guanxi.intake import actions, desk_kinds, drafting, known, offers, reverting
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.fields import fields_of
from guanxi.intake.models import ImportRun
from guanxi.intake.rejects import as_file
from guanxi.intake.views import steps
from guanxi.intake.views.check import progress_of

State = ImportRun.State
KEPT_ROWS = 50
LISTS = {"parties": "customers", "products": "products", "sales": "orders"}


@require_GET
def result(request: HttpRequest, run_id: int) -> HttpResponse:
    """An import: how far it is, or what came of it."""
    run = steps.run_of(request, run_id)
    drafts = ImportDraft.objects.visible_to(request.user)
    looked_at = drafts.filter(checked=run, run=None).first()
    if looked_at is not None and run.state not in drafting.WRITTEN and not drafts.filter(run=run).exists():
        return redirect("intake:check", looked_at.pk)
    return render(request, "intake/result.html", _context(request, run))


@require_GET
def live(request: HttpRequest, run_id: int) -> HttpResponse:
    """The part of the pages that renews itself; once the work has ended the whole page is fetched anew."""
    run = steps.run_of(request, run_id)
    context = progress_of(run)
    response = render(request, "intake/progress.html", context)
    if not context["at_work"]:
        response["HX-Refresh"] = "true"
    return response


def _context(request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    viewer = request.user
    progress = progress_of(run)
    context: dict[str, Any] = {
        "steps": steps.bar(steps.RESULT),
        "run": run,
        "offer": offers.offer_of(run.kind),
        "may_change": may(viewer, "create", ImportRun),
        "lists": [] if progress["at_work"] else _lists(run),
        "has_rejects": run.rejected and not progress["at_work"] and run.rejects_path.exists(),
        "mended": ImportDraft.objects.visible_to(viewer).filter(mends=run).order_by("-id").first(),
        "can_revert": _can_revert(run) and may(viewer, "edit", run),
        **progress,
    }
    if run.state == State.REVERTED:
        context |= _kept(run, 0)
    return context


def _can_revert(run: ImportRun) -> bool:
    """Whether it has written something that could be taken back."""
    return run.state in actions.REVERTIBLE and not run.dry_run and bool(run.phase or run.state == State.DONE)


def _lists(run: ImportRun) -> list[tuple[str, str]]:
    """Where what the run made can be seen, as (words, address)."""
    slug = LISTS.get(run.kind, "")
    desk = declaration.find(slug) if slug else desk_kinds.desk_of(run.kind)
    if desk is None or run.dry_run or not run.created or run.state == State.REVERTED:
        return []
    if not slug:  # these rows do not remember which import made them
        return [(str(desk.plural), list_url(desk.slug))]
    return [(str(desk.plural), f"{reverse('desk:list', args=[slug])}?f.import={run.pk}")]


@require_POST
def pause(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop after the chunk at work; it can go on later."""
    return _do(request, run_id, lambda run: actions.pause_import(run, by=request.user))


@require_POST
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop after the chunk at work for good; what was written stays and can be taken back."""
    return _do(request, run_id, lambda run: actions.cancel_import(run, by=request.user))


@require_POST
def resume(request: HttpRequest, run_id: int) -> HttpResponse:
    """Go on where it stopped."""

    return _do(request, run_id, lambda run: drafting.go_on(run, by=request.user))


@require_GET
def revert_ask(request: HttpRequest, run_id: int) -> HttpResponse:
    """What taking back would take away and what it would leave alone."""
    run = steps.run_of(request, run_id)
    require(request.user, "edit", run)
    if not _can_revert(run):
        return steps.to_result(run)
    context = {"steps": steps.bar(steps.RESULT), "run": run, "stay": known.spoken_of(run, request.user)}
    return render(request, "intake/revert.html", context)


@require_POST
def revert(request: HttpRequest, run_id: int) -> HttpResponse:
    """Take the import back, in the background."""

    return _do(request, run_id, lambda run: actions.begin_revert(run, by=request.user))


@require_GET
def kept(request: HttpRequest, run_id: int) -> HttpResponse:
    """More of what taking back left alone."""
    run = steps.run_of(request, run_id)
    after = request.GET.get("after", "0")
    if not after.isdecimal():
        raise Http404(after)
    return render(request, "intake/kept_rows.html", {"run": run, **_kept(run, int(after))})


def _kept(run: ImportRun, after: int) -> dict[str, Any]:
    rows, following = reverting.kept(run, after, KEPT_ROWS)
    labels = {name: one.label for name, one in fields_of(run.kind).items()}
    for row in rows:
        desk = declaration.find_for(row["object_type"])
        row["url"] = record_url(desk.slug, row["object_id"]) if desk else ""
        row["field"] = labels.get(row["field"], row["field"])
    return {"kept_rows": rows, "kept_next": following}


def _do(request: HttpRequest, run_id: int, work: Callable[[ImportRun], Any]) -> HttpResponse:
    run = steps.run_of(request, run_id)
    try:
        work(run)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("intake:result", run.pk)


@require_GET
def rejects(request: HttpRequest, run_id: int) -> FileResponse:
    """Download the rejected rows of a run."""
    run = steps.run_of(request, run_id)
    return as_file(run.rejects_path, run.pk)
