"""The fourth step: the dry run and the difference that it found; nothing is written yet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.foundation.actions import Refused
from guanxi.intake import difference, drafting, known
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.fields import fields_of
from guanxi.intake.models import ImportRun
from guanxi.intake.views import steps

State = ImportRun.State
ROWS = 50
STATES: dict[str, tuple[Any, Any]] = {
    "new": (pgettext_lazy("rows of a file", "New"), gettext_lazy("These rows are not known yet and would be made.")),
    "changed": (
        pgettext_lazy("rows of a file", "Changed"),
        gettext_lazy("These are known; what the file says anew would be written."),
    ),
    "unchanged": (
        pgettext_lazy("rows of a file", "Unchanged"),
        gettext_lazy("These are known, and the file says the same of them."),
    ),
    "conflict": (
        pgettext_lazy("rows of a file", "Conflict"),
        gettext_lazy("Somebody believed more says something else. What is known stays; the word of the file is kept."),
    ),
    "possible_duplicate": (
        pgettext_lazy("rows of a file", "Possible duplicate"),
        gettext_lazy("These would be made anew, but look like somebody who is known already."),
    ),
    "rejected": (
        pgettext_lazy("rows of a file", "Rejected"),
        gettext_lazy("These cannot be taken in; after the import a file holds them, to be mended and sent again."),
    ),
    "skipped": (
        pgettext_lazy("rows of a file", "Skipped"),
        gettext_lazy("These are left out by the rule that you chose."),
    ),
}


@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Begin the dry run (POST); show how far it is, then what it found (GET)."""
    draft = steps.draft_of(request, draft_id)
    if draft.run is not None:
        return steps.to_result(draft.run)
    if request.method == "POST":
        return _begin(request, draft)
    context = steps.frame(steps.CHECK, draft)
    run = draft.checked
    if run is None or run.state in drafting.WRITTEN:  # somebody else has imported the same file meanwhile
        return render(request, "intake/check_begin.html", {**context, "meanwhile": run})
    if run.state != State.COMPARED:
        return render(request, "intake/checking.html", {**context, **progress_of(run)})
    counts = difference.counts(run)
    chosen = request.GET.get("state", "")
    if chosen not in STATES:
        chosen = next((name for name in ("conflict", "possible_duplicate", "rejected", "changed", "new", "unchanged")
                       if counts.get(name)), "new")  # fmt: skip
    context |= {"run": run, "tiles": _tiles(counts, chosen), "counts": counts, "earlier_runs": _earlier(run)}
    return render(request, "intake/difference.html", {**context, **_rows(request, draft, run, chosen, 0)})


def _begin(request: HttpRequest, draft: ImportDraft) -> HttpResponse:
    try:
        drafting.check_draft(draft.pk, by=request.user)
    except drafting.BeingImported as refusal:
        messages.info(request, refusal.message)
        return steps.to_result(refusal.run)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("intake:columns", draft.pk)
    return redirect("intake:check", draft.pk)


@require_GET
def rows(request: HttpRequest, draft_id: int, state: str) -> HttpResponse:
    """More rows of a state, after the one that was shown last."""
    draft = steps.draft_of(request, draft_id)
    after = request.GET.get("after", "0")
    if state not in STATES or draft.checked is None or not after.isdecimal():
        raise Http404(state)
    context = {"draft": draft, **_rows(request, draft, draft.checked, state, int(after))}
    return render(request, "intake/difference_rows.html", context)


def _rows(request: HttpRequest, draft: ImportDraft, run: ImportRun, state: str, after: int) -> dict[str, Any]:
    found, following = difference.page(run, state, after=after, limit=ROWS)
    title, words = STATES[state]
    labels = {name: str(one.label) for name, one in fields_of(draft.kind).items()}
    details = {"possible_duplicate": _("Looks like"), "changed": _("Now and then"), "conflict": _("Now and then")}
    about = {"state": state, "state_title": title, "state_words": words, "details": details.get(state, "")}
    return {"rows": known.tell(found, request.user), "next": following, "labels": labels, **about}


def _tiles(counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    return [
        {"state": name, "label": title, "count": counts.get(name, 0), "current": name == chosen}
        for name, (title, _words) in STATES.items()
    ]


def _earlier(run: ImportRun) -> Any:
    """The imports of the very same file that came before."""
    same = ImportRun.objects.filter(file_digest=run.file_digest, kind=run.kind, dry_run=False, state=State.DONE)
    return same.exclude(pk=run.pk).select_related("by").order_by("-id")[:3]


@require_POST
def begin_import(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Import now."""
    draft = steps.draft_of(request, draft_id)
    try:
        run = drafting.import_draft(draft.pk, by=request.user)
    except drafting.BeingImported as refusal:
        messages.info(request, refusal.message)
        return steps.to_result(refusal.run)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("intake:columns", draft.pk)
    return steps.to_result(run)


def progress_of(run: ImportRun) -> dict[str, Any]:
    """How far the work on a run is."""
    task = drafting.task_of(run)
    stuck = drafting.is_stuck(run)
    left = task.time_left if task else None
    waiting = task is None or task.state == task.State.WAITING
    return {
        "run": run,
        "stuck": stuck,
        "at_work": run.state in drafting.AT_WORK and not stuck,
        "task": task,
        "time_left": str(left).partition(".")[0] if left is not None else "",
        "waiting_words": _("It begins as soon as a worker is free.") if waiting else "",
    }
