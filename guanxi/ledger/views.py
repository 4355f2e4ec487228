"""The timeline of a customer, page by page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.customers.models import Party
from guanxi.foundation import hooks, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.keyset import BadCursor
from guanxi.foundation.desk import Fresh
from guanxi.foundation.notes import actions as notes
from guanxi.foundation.visibility import Viewer, may, require
from guanxi.ledger import actions, kinds, queries
from guanxi.ledger.models import Channel, Direction, Event

PAGE = 20
# What people write down by hand, through which channel it happened and who moved.
NOTED = {
    "note": (Channel.OTHER, Direction.INSIDE),
    "call": (Channel.PHONE, Direction.OUT),
    "visit": (Channel.IN_PERSON, Direction.OUT),
}


def timeline_of(party: Party, viewer: Viewer, family: str = "", channel: str = "") -> dict[str, Any]:
    """The context of the timeline card: tabs, what stands above it, its first page."""
    page = queries.timeline(party, viewer, family=family or None, channel=channel or None, limit=PAGE)
    tops = [] if family or channel else hooks.get("timeline_top")
    hidden = kinds.hidden_from(visibility.rights_of(viewer))
    return {
        "party": party,
        "family": family,
        "channel": channel,
        "channels": Channel.choices,
        "noted": [(code, kinds.of(code).label) for code in NOTED] if may(viewer, "create", Event) else [],
        "tabs": [("", _("Everything")), *((tab.value, tab.label) for tab in kinds.families(hidden))],
        "tops": [{"template": top.template, **(top.context(party, viewer) if top.context else {})} for top in tops],
        **_page(party, page, family, channel),
    }


def news(party: Party, viewer: Viewer) -> Fresh:
    """What tells an open page that something new stands in the timeline: the newest event."""
    newest = queries.events(viewer, party=party).order_by(*queries.NEWEST_FIRST).values_list("id", flat=True).first()
    return Fresh("#timeline", reverse("ledger:timeline", args=[party.pk]), str(newest or 0))


def _page(party: Party, page: queries.Timeline, family: str, channel: str) -> dict[str, Any]:
    query = {"family": family, "channel": channel, "before": page.next}
    address = reverse("ledger:timeline_page", args=[party.pk])
    following = f"{address}?{urlencode({key: value for key, value in query.items() if value})}" if page.next else ""
    return {"months": page.months, "following": following}


@require_GET
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole card, under another tab."""
    require(request.user, "view", Event)
    party = get_object_or_404(Party.objects.visible_to(request.user), pk=pk)
    family, channel = _asked(request)
    return render(request, "ledger/timeline.html", timeline_of(party, request.user, family, channel))


@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what happened (a note, a call, a visit); answers with the timeline as it then is."""
    party = get_object_or_404(Party.objects.visible_to(request.user), pk=pk)
    kind, text = request.POST.get("kind", ""), request.POST.get("text", "").strip()
    context: dict[str, Any] = {"draft": {"kind": kind, "text": text}}
    try:
        if kind not in NOTED:
            raise Refused(_("Choose what it was: a note, a call or a visit."), "kind")
        if not text:
            raise Refused(_("Write what happened."), "text")
        if kind == "note":
            notes.write(party, text, by=request.user)
        else:
            _record_note(request, party, kind, text)
        context = {}
    except Refused as refusal:
        context["error"] = refusal.message
    answer = {**timeline_of(party, request.user), **context}
    return render(request, "ledger/timeline.html", answer, status=422 if context else 200)


def _record_note(request: HttpRequest, party: Party, kind: str, text: str) -> None:
    channel, direction = NOTED[kind]
    actions.record(kind, by=request.user, party=party, channel=channel, direction=direction, payload={"text": text})


@require_GET
def timeline_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What follows on a page of the timeline."""
    require(request.user, "view", Event)
    party = get_object_or_404(Party.objects.visible_to(request.user), pk=pk)
    family, channel = _asked(request)
    before = request.GET.get("before", "")
    try:
        page = queries.timeline(
            party, request.user, family=family or None, channel=channel or None, before=before, limit=PAGE
        )
    except BadCursor as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain; charset=utf-8")
    return render(request, "ledger/timeline_page.html", {"party": party, **_page(party, page, family, channel)})


def _asked(request: HttpRequest) -> tuple[str, str]:
    family, channel = request.GET.get("family", ""), request.GET.get("channel", "")
    return (family if family in kinds.Family.values else "", channel if channel in Channel.values else "")
