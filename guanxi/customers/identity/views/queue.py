"""The queue of possible duplicates: one pair at a time, decided by a key, the next one at once."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.customers import matching
from guanxi.customers.actions import matching as deciding
from guanxi.customers.actions import undo_merge
from guanxi.customers.identity import queries, tasks
from guanxi.customers.identity.proposing import explained
from guanxi.customers.identity.side_by_side import compare
from guanxi.customers.identity.waterfall import percent, waterfall
from guanxi.customers.models import MatchPair, Party
from guanxi.foundation import sensitive
from guanxi.foundation.actions import Refused
from guanxi.foundation.counting import counted
from guanxi.foundation.tasks import desk as tasks_desk
from guanxi.foundation.visibility import Viewer, may, require

MOST_COUNTED = 99  # pairs are counted no further


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The most probable pair; with `after` the one that follows a pair left out."""
    require(request.user, "view", MatchPair)
    after = request.GET.get("after", "")
    left = MatchPair.objects.filter(pk=int(after)).first() if after.isdecimal() and len(after) < 19 else None
    return _answer(request, queries.next_pair(request.user, left), left_out=left is not None)


@require_GET
def pair(request: HttpRequest, pk: int) -> HttpResponse:
    """One pair, decided or not."""
    require(request.user, "view", MatchPair)
    return _answer(request, _pair(request.user, pk), single=True)


@require_GET
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """What the probability of a pair is made of; fetched after the page, because the model may have to be opened."""
    require(request.user, "view", MatchPair)
    row = _pair(request.user, pk)
    try:
        weights = explained(row)
    except matching.CannotMatch:  # neither has anything left to compare
        weights = row.weights
    hidden = {"low": "", "high": ""}
    known = [part | hidden if part.get("field") in sensitive.names(Party) else part for part in weights]
    context = {"waterfall": waterfall(known), "pair": row}
    return render(request, "customers/identity/waterfall.html", context)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide a pair; answers with the next one, and a way to take the decision back."""
    decision, survivor = request.POST.get("decision", ""), request.POST.get("survivor", "")
    before = _pair(request.user, pk)
    if before.state not in deciding.UNDECIDED and before.decided_by_id == request.user.pk:
        return _next(request, decided=before)  # clicked twice
    try:
        deciding.decide_pair(pk, decision, survivor=int(survivor) if survivor.isdecimal() else None, by=request.user)
    except Refused as refusal:
        return _next(request, refused=refusal.message)
    return _next(request, decided=_pair(request.user, pk))


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a decision back: the pair waits again, and those who were merged are two again."""
    row = _pair(request.user, pk)
    try:
        with transaction.atomic():
            merge = queries.merge_of(row, request.user)
            if merge is not None:
                undo_merge(merge.pk, by=request.user)
            deciding.reopen_pair(pk, by=request.user)
    except Refused as refusal:
        return _next(request, refused=refusal.message)
    return _next(request, pair=_pair(request.user, pk), notice=_("Taken back: decide anew."))


@require_POST
def look_now(request: HttpRequest) -> HttpResponse:
    """Compare all customers with all, in the background."""
    tasks.find_duplicates_now(by=request.user)
    if request.headers.get("HX-Request"):
        return looking(request)
    messages.success(request, _("All customers are compared as soon as a worker is free; you can leave this page."))
    return redirect("customers:duplicates")


def looking(request: HttpRequest) -> HttpResponse:
    """How far the search is; once it has ended the page is told."""
    require(request.user, "view", MatchPair)
    answer = render(request, "customers/identity/looking.html", looking_context(request.user))
    if request.method == "GET" and queries.under_way(request.user) is None:
        answer["HX-Trigger"] = json.dumps({"looked": ""})
    return answer


def looking_context(viewer: Viewer) -> dict[str, Any]:
    """When it was last looked for duplicates, and how far it is now."""
    task = queries.under_way(viewer)
    return {
        "task": task,
        "task_state": tasks_desk.state(task) if task else "",
        "last_looked": queries.last_looked(viewer),
        "may_look": may(viewer, "edit", MatchPair),
    }


def _pair(viewer: Viewer, pk: int) -> MatchPair:
    known = MatchPair.objects.visible_to(viewer).select_related("low", "high", "decided_by")
    return get_object_or_404(known, pk=pk)


def _next(request: HttpRequest, pair: MatchPair | None = None, *, refused: str = "", **told: Any) -> HttpResponse:
    """After a decision: the next pair to htmx, else the page anew."""
    if not request.headers.get("HX-Request"):
        for level, words in ((messages.ERROR, refused), (messages.SUCCESS, told.get("notice"))):
            if words:
                messages.add_message(request, level, words)
        return redirect("customers:duplicates")
    answer = _answer(request, pair or queries.next_pair(request.user), refused=refused, **told)
    answer["HX-Push-Url"] = reverse("customers:duplicates")
    return answer


def _answer(request: HttpRequest, row: MatchPair | None, *, refused: str = "", **more: Any) -> HttpResponse:
    number = counted([queries.waiting_pairs(request.user)], MOST_COUNTED + 1)[0]
    context = {
        "pair": row,
        "refused": refused,
        "number": number,
        "more": number > MOST_COUNTED,
        "counted": MOST_COUNTED,
        **more,
        **(_shown(request, row) if row else looking_context(request.user)),
    }
    partial = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")
    template = "customers/identity/pair.html" if partial else "customers/identity/queue.html"
    return render(request, template, context, status=409 if refused and partial else 200)


def _shown(request: HttpRequest, row: MatchPair) -> dict[str, Any]:
    compared = compare([row.low_id, row.high_id], request.user)
    return {
        "compared": compared if len(compared.sides) > 1 else None,
        "probability": percent(row.probability),
        "undecided": row.state in deciding.UNDECIDED,
        "merge": queries.merge_of(row, request.user) if row.state == MatchPair.State.MERGED else None,
        "may_merge": deciding.may_decide(row, request.user),
    }
