"""Merging by hand, and undoing: both shown before they are done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from guanxi.customers import actions
from guanxi.customers.actions.merging import MOST
from guanxi.customers.identity import queries
from guanxi.customers.identity.outcome import Outcome, outcome
from guanxi.customers.models import Merge, Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import require

CHOICE = "choice."


@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest) -> HttpResponse:
    """Choose survivor and values (GET); merge (POST)."""
    require(request.user, "merge", Party)
    given = request.POST if request.method == "POST" else request.GET
    found = _outcome(request, given)
    if request.method == "GET":
        return _page(request, found)
    if found.notices or found.survivor is None:
        return _page(request, found, error=_("Something has changed meanwhile. Look at it again before you merge."))
    others = [party.pk for party in found.parties if party.pk != found.survivor.pk]
    try:
        done = actions.merge_parties(found.survivor.pk, others, choices=found.own_choices, by=request.user)
    except Refused as refusal:
        return _page(request, found, error=refusal.message)
    count = len(done.merges) + 1
    words = ngettext("%(count)s customer is one now.", "%(count)s customers are one now.", count) % {"count": count}
    undo = reverse("customers:undo_merge", args=[done.merges[0].pk])
    messages.success(request, format_html('{} <a href="{}">{}</a>', words, undo, _("Undo")))
    return redirect("desk:record", "customers", done.survivor.pk)


@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """What would come out of the choices as they are now."""
    require(request.user, "merge", Party)
    return render(request, "customers/identity/outcome.html", {"outcome": _outcome(request, request.GET)})


@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """What undoing a merge gives back (GET); undo it, or with `all` all merges of its act (POST)."""
    require(request.user, "merge", Party)
    known = Merge.objects.visible_to(request.user).select_related("survivor", "merged", "by", "undone_by")
    row = get_object_or_404(known, pk=pk)
    act = list(known.filter(act=row.act, undone_at__isnull=True).order_by("-pk"))
    if request.method == "GET":
        context = {"merge": row, "given_back": queries.given_back(row), "act": act}
        return render(request, "customers/identity/undo.html", context)
    party = row.merged
    try:
        with transaction.atomic():
            for one in act if request.POST.get("all") else [row]:
                party = actions.undo_merge(one.pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("customers:undo_merge", pk)
    words = _("%(name)s is a customer of its own again.") % {"name": party.name}
    if request.POST.get("all") and len(act) > 1:
        count = len(act)
        words = ngettext("%(count)s merge is undone.", "%(count)s merges are undone.", count) % {"count": count}
        party = row.survivor
    messages.success(request, words)
    return redirect("desk:record", "customers", queries.root_of(party.pk))


def _outcome(request: HttpRequest, given: QueryDict) -> Outcome:
    chosen = {
        name.removeprefix(CHOICE): int(value)
        for name in given
        if name.startswith(CHOICE) and (value := _number(given[name])) is not None
    }
    return outcome(numbers_in(given), request.user, _number(given.get("survivor", "")), chosen)


def numbers_in(given: QueryDict) -> list[int]:
    """The parties named by `ids` (separated by commas) and `other`, each once."""
    texts = [text.strip() for text in ",".join([*given.getlist("ids"), *given.getlist("other")]).split(",")]
    return list(dict.fromkeys(number for text in texts if (number := _number(text)) is not None))[: 3 * MOST]


def _number(text: Any) -> int | None:
    return int(text) if str(text).isdecimal() and len(str(text)) < 19 else None


def _page(request: HttpRequest, found: Outcome, error: str = "") -> HttpResponse:
    alone = found.parties[0] if len(found.parties) == 1 else None
    too_many = len(found.parties) > MOST
    kinds = {party.kind for party in found.parties}
    context = {
        "outcome": found,
        "error": error,
        "alone": alone,
        "alike": queries.pairs_of(alone, request.user) if alone else [],
        "too_many": too_many,
        "most": MOST,
        "mixed": len(kinds) > 1,
        "ready": len(found.parties) > 1 and not too_many and len(kinds) == 1,
        "without": [(party, _without(found, party)) for party in found.parties],
    }
    return render(request, "customers/identity/merge.html", context, status=422 if error else 200)


def _without(found: Outcome, party: Party) -> str:
    """The ids of all but one."""
    return ",".join(str(other.pk) for other in found.parties if other is not party)
