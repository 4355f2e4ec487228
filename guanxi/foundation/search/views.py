"""The results page, and the suggestions beneath the search box."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from guanxi.foundation.search import upkeep
from guanxi.foundation.search.finding import Hit, find
from guanxi.foundation.search.query import LONGEST
from guanxi.foundation.search.sources import Source, all_sources
from guanxi.foundation.visibility import may

SUGGESTIONS = 8
OF_EACH_TYPE = 10
OF_ONE_TYPE = 100


@dataclass(frozen=True)
class Group:
    """The hits of one type, best first."""

    source: Source
    hits: list[Hit]
    more: str  # the address with more hits of this type; "" where these are all


@login_required
@require_safe
@cache_control(no_store=True)
def results(request: HttpRequest) -> HttpResponse:
    """What `q` finds, grouped by type; with `type` of one type only, and more of it."""
    query = request.GET.get("q", "").strip()[:LONGEST]
    sources = [source for source in all_sources() if may(request.user, "view", source.model)]
    chosen = next((source for source in sources if source.object_type == request.GET.get("type")), None)
    limit = OF_ONE_TYPE if chosen else OF_EACH_TYPE
    hits = find(query, request.user, [chosen.object_type] if chosen else None, limit + 1)
    groups = [_group(source, hits, query, limit, chosen is None) for source in sources]
    found = sorted((group for group in groups if group.hits), key=lambda group: -round(group.hits[0].score))
    context = {
        "query": query,
        "groups": found,
        "chosen": chosen,
        "sources": [(source, _address(query, source)) for source in sources],
        "everything": _address(query),
        "waiting": upkeep.backlog_size(),
    }
    return render(request, "search/results.html", context)


@login_required
@require_safe
@cache_control(no_store=True)
def suggest(request: HttpRequest) -> JsonResponse:
    """The best hits of `q`, best first, as JSON."""
    labels = {source.object_type: str(source.model._meta.verbose_name) for source in all_sources()}
    hits = find(request.GET.get("q", ""), request.user, limit=SUGGESTIONS)[:SUGGESTIONS]
    found = [
        {"title": hit.title, "subtitle": hit.subtitle, "type": labels[hit.type], "icon": hit.icon, "url": hit.url}
        for hit in hits
    ]
    return JsonResponse({"results": found})


def _group(source: Source, hits: list[Hit], query: str, limit: int, may_go_on: bool) -> Group:
    own = [hit for hit in hits if hit.type == source.object_type]
    more = ""
    if len(own) > limit:
        more = _address(query, source) if may_go_on else source.list_url(query) if source.list_url else ""
    return Group(source, own[:limit], more)


def _address(query: str, source: Source | None = None) -> str:
    parameters = {"q": query} | ({"type": source.object_type} if source else {})
    return f"{reverse('search')}?{urlencode(parameters)}"
