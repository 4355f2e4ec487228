"""The third step: what is taken in, and by what a row is known again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from guanxi.foundation.actions import Refused
from guanxi.intake import drafting
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import MATCH_BY, MATCH_LABELS, ONLY_NEW
from guanxi.intake.views import steps

Rule = ImportRun.Rule


@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show the rules (GET); keep them and go on to the check (POST)."""
    draft = steps.draft_of(request, draft_id)
    if draft.run is not None:
        return steps.to_result(draft.run)
    try:
        plan = drafting.plan_of(draft)
    except Refused as refusal:
        messages.warning(request, refusal.message)
        return redirect("intake:columns", draft.pk)
    context: dict[str, Any] = {"rule": plan.rule, "match_by": plan.match_by}
    if request.method == "GET":
        return _page(request, draft, **context)
    seen = int(request.POST["seen"]) if request.POST.get("seen", "").isdecimal() else -1
    context = {"rule": request.POST.get("rule", ""), "match_by": request.POST.getlist("match_by")}
    try:
        if draft.kind == "parties" and not context["match_by"]:
            raise Refused(_("Choose at least one key by which a customer is known again."), "match_by")
        choices = {**draft.choices, "rule": context["rule"] or plan.rule}
        if draft.kind == "parties":
            choices["match_by"] = context["match_by"]
        drafting.plan_of(ImportDraft(kind=draft.kind, path=draft.path, choices=choices))
        drafting.choose(draft.pk, choices, seen, by=request.user)
        drafting.check_draft(draft.pk, by=request.user)
    except drafting.BeingImported as refusal:
        messages.info(request, refusal.message)
        return steps.to_result(refusal.run)
    except drafting.Stale as refusal:
        fresh = steps.draft_of(request, draft_id)
        there = drafting.plan_of(fresh)
        return _page(request, fresh, 409, notice=refusal.message, rule=there.rule, match_by=there.match_by)
    except Refused as refusal:
        return _page(request, draft, 422, error=refusal.message, wrong=refusal.field or "", **context)
    return redirect("intake:check", draft.pk)


def _page(request: HttpRequest, draft: ImportDraft, status: int = 200, **more: Any) -> HttpResponse:
    context = {**steps.frame(steps.RULES, draft), "rules": _rules(draft.kind), "keys": _keys(draft), **more}
    return render(request, "intake/rules.html", context, status=status)


def _rules(kind: str) -> list[tuple[str, str, str]]:
    words = {
        Rule.CREATE_OR_UPDATE: _("New rows are made, known ones get what the file says differently. The usual choice."),
        Rule.CREATE: _("What is known already is left as it is; its rows are counted as skipped."),
        Rule.UPDATE: _("Rows that are not known make nothing new; they are counted as skipped."),
    }
    return [
        (value, str(label), words[Rule(value)])
        for value, label in Rule.choices
        if not (kind in ONLY_NEW and value == Rule.UPDATE)
    ]


def _keys(draft: ImportDraft) -> list[tuple[str, str]]:
    return [(name, str(MATCH_LABELS[name])) for name in MATCH_BY] if draft.kind == "parties" else []
