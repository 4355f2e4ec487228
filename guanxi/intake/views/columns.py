"""The second step: which column feeds which field, and how the file is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from guanxi.foundation.actions import Refused
from guanxi.intake import actions, drafting, offers, previews, wording
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.fields import OPTION_FIELDS, fields_of
from guanxi.intake.models import ImportMapping
from guanxi.intake.plan import Plan, said
from guanxi.intake.views import steps

READING = ("encoding", "separator", "date_format", "decimal")
CUTTING = ("encoding", "separator")  # what changes the columns themselves
SEPARATOR_WORDS = {"tab": "\t"}  # no form can send a tab as such


@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show what the file is taken for (GET); keep what is chosen and show what it makes of it (POST)."""
    draft = steps.draft_of(request, draft_id)
    if draft.run is not None:
        return steps.to_result(draft.run)
    if request.method == "GET":
        return _page(request, draft)
    try:
        return _posted(request, draft)
    except drafting.BeingImported as refusal:
        messages.info(request, refusal.message)
        return _go(request, steps.to_result(refusal.run))
    except drafting.Stale as refusal:
        return _page(request, steps.draft_of(request, draft_id), 409, notice=refusal.message)
    except Refused as refusal:
        # What was chosen cannot be: it is shown again as it was chosen, with the reason at its field.
        return _page(request, draft, 422, error=refusal.message, wrong=refusal.field or "", typed=request.POST)


def _posted(request: HttpRequest, draft: ImportDraft) -> HttpResponse:
    do, post = request.POST.get("do", ""), request.POST
    seen = int(post["seen"]) if post.get("seen", "").isdecimal() else -1
    if do == "forget":
        actions.forget_mapping(post.get("mapping_name", ""), draft.kind, by=request.user)
        messages.success(request, _("The mapping is forgotten."))
        return redirect("intake:columns", draft.pk)
    name = _name(post) if do == "keep" else ""
    choices, moved = _chosen(draft, post, request.headers.get("HX-Trigger-Name", ""))
    if do == "use":
        choices = _from_mapping(draft, post.get("mapping_name", ""))
    plan = drafting.plan_of(ImportDraft(kind=draft.kind, path=draft.path, choices=choices), complete=do == "next")
    draft = drafting.choose(draft.pk, choices, seen, by=request.user)
    if do == "keep":
        actions.keep_mapping(plan, name, by=request.user)
        messages.success(request, _("The mapping is kept."))
    if do == "next":
        return redirect("intake:rules", draft.pk)
    if do:
        return redirect("intake:columns", draft.pk)
    return _page(request, draft, moved=moved)


def _name(post: QueryDict) -> str:
    name = " ".join(post.get("new_name", "").split())
    if not name:
        raise Refused(_("Write a name under which the mapping is kept."), "new_name")
    if len(name) > 100:
        raise Refused(_("A name has at most 100 characters."), "new_name")
    return name


def _chosen(draft: ImportDraft, post: QueryDict, trigger: str) -> tuple[dict[str, Any], str]:
    """The choices that a form holds, and what is to be said of columns that had to give way."""
    choices: dict[str, Any] = {name: draft.choices[name] for name in ("rule", "match_by") if name in draft.choices}
    for name in READING:
        if text := SEPARATOR_WORDS.get(post.get(name, ""), post.get(name, "")):
            choices[name] = text
    choices["source"] = post.get("source", "").strip() or None
    options = {name: post[f"option-{name}"] for name in _options(draft.kind) if post.get(f"option-{name}")}
    if options:
        choices["options"] = options
    moved = ""
    if all(draft.choices.get(name) == choices.get(name) for name in CUTTING):
        choices["mapping"], moved = _mapping(draft, post, trigger)
    return {name: value for name, value in choices.items() if value is not None}, moved


def _mapping(draft: ImportDraft, post: QueryDict, trigger: str) -> tuple[dict[str, list[str]], str]:
    before = drafting.plan_of(draft, complete=False)
    known = fields_of(draft.kind)
    mapping: dict[str, list[str]] = {name: [] for name in known}
    moved = ""
    places = [(f"column-{place}", column) for place, column in enumerate(said(before.form.columns))]
    for name, column in sorted(places, key=lambda place: place[0] != trigger):  # what was chosen last comes first
        chosen = post.get(name, "")
        if not chosen:
            continue
        if chosen not in known:
            raise Refused(_("“%(field)s” is no field of this import.") % {"field": chosen}, name)
        if mapping[chosen] and not known[chosen].many:
            words = _("Only one column can feed “%(field)s”; “%(column)s” is left out now.")
            moved = words % {"field": known[chosen].label, "column": column}
            continue
        mapping[chosen].append(column)
    order = {column: place for place, (_n, column) in enumerate(places)}
    return {name: sorted(found, key=lambda column: order[column]) for name, found in mapping.items()}, moved


def _from_mapping(draft: ImportDraft, name: str) -> dict[str, Any]:
    kept = {key: draft.choices[key] for key in CUTTING if key in draft.choices}
    if not name:  # none: what is found by itself
        options = offers.offer_of(draft.kind)
        return kept | ({"options": dict(options.options)} if options and options.options else {})
    return kept | {"mapping_name": name}


def _options(kind: str) -> list[str]:
    return [name for name in fields_of(kind) if name in OPTION_FIELDS]


def _go(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let htmx go where a redirect leads, instead of putting that page into this one."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": response["Location"]})
    return response


def _on_form(text: str) -> str:
    return "tab" if text == "\t" else text


def _page(request: HttpRequest, draft: ImportDraft, status: int = 200, **more: Any) -> HttpResponse:
    context: dict[str, Any] = {**steps.frame(steps.COLUMNS, draft), **more}
    try:
        plan = drafting.plan_of(draft, complete=False)
    except Refused as refusal:
        context |= {"unreadable": refusal.message}
    else:
        context |= _shown(draft, plan, more.get("typed"))
    name = "intake/columns_body.html" if request.headers.get("HX-Request") else "intake/columns.html"
    return render(request, name, context, status=status)


def _shown(draft: ImportDraft, plan: Plan, typed: QueryDict | None) -> dict[str, Any]:
    look = previews.preview(plan)
    known = fields_of(draft.kind)
    text: Mapping[str, Any] = typed or {}
    options = [
        {
            "name": name,
            "field": known[name],
            "value": text.get(f"option-{name}", plan.options.get(name, "")),
            "choices": wording.choices(draft.kind, known[name]),
            "mapped": name in plan.mapping,
        }
        for name in _options(draft.kind)
    ]
    return {
        "plan": plan,
        "look": look,
        "reading": previews.options_for(plan),
        "chosen": {name: _on_form(text.get(name, draft.choices.get(name, ""))) for name in READING},
        "source": text.get("source", plan.source),
        "options": options,
        "date_formats": wording.date_formats(),
        "encodings": wording.encodings(plan.form.encoding),
        "separators": wording.separators(),
        "separator_found": dict(wording.separators()).get(_on_form(plan.form.separator), plan.form.separator),
        "date_found": dict(wording.date_formats()).get(plan.date_format, plan.date_format),
        "picks": wording.picks(known.values()),
        "mappings": ImportMapping.objects.filter(kind=draft.kind).order_by("name").values_list("name", flat=True),
        "missing": plan.missing,
        "found": sum(line.state == "found" for line in look.lines),
        "doubtful": sum(line.state == "doubtful" for line in look.lines),
        "unused": [line for line in look.lines if line.feeds is None],
        "country": settings.GUANXI_COUNTRY,
    }
