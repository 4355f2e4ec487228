"""Where a value comes from: the card beside a fact, and another value taken in its place."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.customers import actions, queries
from guanxi.customers.identity.story import Story, given, story
from guanxi.customers.models import Party, SourceRecord
from guanxi.foundation import desk
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.audit import plain
from guanxi.foundation.desk.views import records
from guanxi.foundation.visibility import may


@require_GET
def card(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """What is said of one field."""
    return _card(request, _party(request, pk), name)


@require_POST
def use(request: HttpRequest, pk: int, name: str, record: int) -> HttpResponse:
    """Take what a source record says of a field as a correction by hand; answers with the fact as it then is."""
    party = _party(request, pk)
    said = get_object_or_404(SourceRecord.objects.visible_to(request.user), pk=record, party=party)
    if name not in said.payload:
        raise Http404(name)
    try:
        seen = json.loads(request.POST.get("seen", "null"))
        actions.edit_party(pk, {name: given(name, said.payload[name])}, {name: seen}, by=request.user)
    except Conflict as conflict:
        words = _("Meanwhile somebody wrote “%(theirs)s” here. Look again.") % {"theirs": conflict.theirs}
        return _card(request, party, name, words, 409)
    except Refused as refusal:
        return _card(request, party, name, refusal.message, 422)
    except ValueError:
        return _card(request, party, name, _("This value cannot be taken over; write it by hand."), 422)
    customers = desk.find("customers")
    assert customers is not None
    return records.renewed(request, customers, pk, _story(party, name, request.user).field)


def _party(request: HttpRequest, pk: int) -> Party:
    return get_object_or_404(queries.parties(request.user), pk=pk)


def _story(party: Party, name: str, viewer: Any) -> Story:
    try:
        return story(party, name, viewer)
    except KeyError as unknown:
        raise Http404(name) from unknown


def _card(request: HttpRequest, party: Party, name: str, error: str = "", status: int = 200) -> HttpResponse:
    party.refresh_from_db()
    told = _story(party, name, request.user)
    context = {
        "party": party,
        "story": told,
        "seen": json.dumps(plain(told.value), ensure_ascii=False),
        "may_edit": may(request.user, "edit", party) and not told.masked,
        "error": error,
    }
    answer = render(request, "customers/identity/story.html", context, status=status)
    if error:
        answer["HX-Retarget"], answer["HX-Reswap"] = "closest .story", "innerHTML"
    return answer
