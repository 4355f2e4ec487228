"""Where in the wizard a page stands, and what all its pages share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from guanxi.foundation.visibility import require
from guanxi.intake import offers
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportRun

FILE, COLUMNS, RULES, CHECK, RESULT = "file", "columns", "rules", "check", "result"


def draft_of(request: HttpRequest, draft_id: int) -> ImportDraft:
    """The draft, for those who may import; a 404 where there is none."""
    require(request.user, "create", ImportRun)
    drafts = ImportDraft.objects.visible_to(request.user).select_related("checked", "run", "mends", "changed_by")
    return get_object_or_404(drafts, pk=draft_id)


def run_of(request: HttpRequest, run_id: int) -> ImportRun:
    """The run; a 404 where there is none."""
    runs = ImportRun.objects.visible_to(request.user).select_related("by", "reverted_by")
    return get_object_or_404(runs, pk=run_id)


def bar(current: str, draft: ImportDraft | None = None, run: ImportRun | None = None) -> list[dict[str, Any]]:
    """The steps with their addresses, as far as they can be gone to."""
    titles = {FILE: _("File"), COLUMNS: _("Columns"), RULES: _("Rules"), CHECK: _("Check"), RESULT: _("Import")}
    urls = {}
    if draft is not None and draft.run_id is None:
        urls = {name: reverse(f"intake:{name}", args=[draft.pk]) for name in (COLUMNS, RULES, CHECK)}
    names = list(titles)
    return [
        {
            "name": name,
            "number": number,
            "title": title,
            "url": urls.get(name, ""),
            "current": name == current,
            "done": names.index(name) < names.index(current),
        }
        for number, (name, title) in enumerate(titles.items(), start=1)
    ]


def offer_of(draft: ImportDraft) -> offers.Offer | None:
    """What the file of a draft holds, as people chose it."""
    return offers.offer_of(draft.kind, draft.choices.get("options"))


def frame(current: str, draft: ImportDraft) -> dict[str, Any]:
    """What each page of a draft shows around its own content."""
    return {
        "steps": bar(current, draft),
        "draft": draft,
        "offer": offer_of(draft),
        "earlier": draft.mends,
    }


def to_result(run: ImportRun) -> HttpResponse:
    """Go to the page of a run."""
    return redirect("intake:result", run.pk)
