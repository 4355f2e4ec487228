"""What can be done on the page of a deal; each part answers with itself as it is then."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.customers.models import Relationship
from guanxi.customers.relations import charts
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.models import User
from guanxi.foundation.todos.queries import colleagues
from guanxi.foundation.visibility import require
from guanxi.sales.deals import actions, naming, panels, queries
from guanxi.sales.deals import committee as committees
from guanxi.sales.deals.models import Deal, LostReason, Stage

ROLES = Relationship.BuyingRole


def _deal(request: HttpRequest, pk: int) -> Deal:
    return get_object_or_404(queries.deals(request.user), pk=pk)


def _part(request: HttpRequest, name: str, deal: Deal, status: int = 200, **more: Any) -> HttpResponse:
    """One part of the page, as its panel has it."""
    contexts = {
        "meter": panels.meter,
        "guide": panels.guide,
        "credits": panels.credit,
        "contenders": panels.contenders,
        "committee": panels.committee_of,
    }
    context = {**contexts[name](deal, request.user), "record": deal, **more}
    return render(request, f"deals/{name}.html", context, status=status)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


# The stages -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def meter(request: HttpRequest, pk: int) -> HttpResponse:
    """The stages (GET; with `lose` the form of a loss). `do`: move (with `stage` and the stage `seen`), win, lose,
    reopen. What is done renews the page."""
    deal = _deal(request, pk)
    if request.method == "GET":
        return _part(request, "meter", deal, **(_loss({}) if "lose" in request.GET else {}))
    require(request.user, "edit", deal)
    try:
        _do(request, deal)
    except Conflict:
        deal.refresh_from_db()
        words = _("Somebody else moved this deal meanwhile: it is in “%(stage)s” now.") % {"stage": deal.stage}
        return _part(request, "meter", _deal(request, pk), 409, error=words)
    except Refused as refusal:
        form = _loss(request.POST) if request.POST.get("do") == "lose" else {}
        return _part(request, "meter", _deal(request, pk), 422, error=refusal.message, wrong=refusal.field, **form)
    except ValidationError as error:
        words = " ".join(error.messages)
        return _part(request, "meter", deal, 422, error=words, wrong="lost_to", **_loss(request.POST))
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def _do(request: HttpRequest, deal: Deal) -> None:
    what = request.POST.get("do")
    if what == "move":
        stage = get_object_or_404(Stage, pk=_number(request.POST.get("stage", "")) or 0)
        actions.move(deal.pk, stage, _number(request.POST.get("seen", "")) or ..., by=request.user)
    elif what == "win":
        actions.win(deal.pk, by=request.user)
    elif what == "lose":
        reason = LostReason.objects.filter(pk=_number(request.POST.get("lost_reason", "")) or 0).first()
        competitor = naming.read(request.POST.get("lost_to", ""))
        actions.lose(deal.pk, reason, competitor, note=request.POST.get("lost_note", ""), by=request.user)
    elif what == "reopen":
        actions.reopen(deal.pk, by=request.user)
    else:
        raise Refused(_("This cannot be done."))


def _loss(said: Any) -> dict[str, Any]:
    draft = {name: said.get(name, "") for name in ("lost_reason", "lost_to", "lost_note")}
    return {"losing": True, "draft": draft, "reasons": [(str(row.pk), row) for row in queries.reasons()]}


@require_POST
def tick(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """Something of the checklist or the playbook is done (`done=1`), or not."""
    deal = _deal(request, pk)
    try:
        actions.tick(deal.pk, item, request.POST.get("done") == "1", by=request.user)
    except Refused as refusal:
        return _part(request, "guide", deal, 422, error=refusal.message)
    return _part(request, "guide", deal)


# Credit, competitors --------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Whose merit it is (GET; with `edit` the form); said anew (POST: `percent.<number of a colleague>`)."""
    deal = _deal(request, pk)
    if request.method == "GET":
        return _part(request, "credits", deal, **(_shares(request, deal, {}) if "edit" in request.GET else {}))
    said = {
        key.removeprefix("percent."): str(value) for key, value in request.POST.items() if key.startswith("percent.")
    }
    numbers = {int(user): percent for user, percent in said.items() if user.isdecimal() and percent.strip()}
    if not all(_number(percent) for percent in numbers.values()):
        words = _("Write whole percents from 1 to 100.")
        return _part(request, "credits", deal, 422, **_shares(request, deal, said), error=words)
    users = User.objects.in_bulk(list(numbers))
    try:
        actions.set_credits(deal.pk, {users[one]: int(numbers[one]) for one in users}, by=request.user)
    except Refused as refusal:
        return _part(request, "credits", deal, 422, **_shares(request, deal, said), error=refusal.message)
    return _part(request, "credits", deal)


def _shares(request: HttpRequest, deal: Deal, said: dict[str, str]) -> dict[str, Any]:
    now = {str(row.user_id): str(row.percent) for row in deal.credits.all()}
    return {
        "editing": True,
        "lines": [(user, (said or now).get(str(user.pk), "")) for user in colleagues(request.user)],
    }


@require_http_methods(["GET", "POST"])
def contenders(request: HttpRequest, pk: int) -> HttpResponse:
    """Who stands against us (GET; with `add` the form); one more, or one less (POST with `remove`)."""
    deal = _deal(request, pk)
    if request.method == "GET":
        return _part(request, "contenders", deal, adding="add" in request.GET)
    try:
        if "remove" in request.POST:
            row = get_object_or_404(deal.contenders, pk=_number(request.POST["remove"]) or 0)
            actions.remove_contender(row.pk, by=request.user)
        else:
            party = naming.read(request.POST.get("party", ""))
            if party is None:
                raise Refused(_("Say who."), "party")
            strength = _number(request.POST.get("strength", ""))
            actions.add_contender(deal.pk, party, strength=strength, note=request.POST.get("note", ""), by=request.user)
    except (Refused, ValidationError) as refusal:
        words = refusal.message if isinstance(refusal, Refused) else " ".join(refusal.messages)
        return _part(request, "contenders", deal, 422, adding=True, error=words, draft=request.POST)
    return _part(request, "contenders", deal)


# The buying committee -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def committee(request: HttpRequest, pk: int) -> HttpResponse:
    """Who decides (GET; with `add` the form). `do`: seat, remove, propose (take over who has a role in general)."""
    deal = _deal(request, pk)
    if request.method == "GET":
        return _part(request, "committee", deal, adding="add" in request.GET)
    what = request.POST.get("do")
    try:
        if what == "propose":
            actions.propose_committee(deal.pk, by=request.user)
        elif what == "remove":
            row = get_object_or_404(deal.committee, pk=_number(request.POST.get("seat", "")) or 0)
            actions.remove_seat(row.pk, by=request.user)
        else:
            _seat(request, deal)
    except (Refused, ValidationError) as refusal:
        words = refusal.message if isinstance(refusal, Refused) else " ".join(refusal.messages)
        return _part(request, "committee", deal, 422, adding=True, error=words, draft=request.POST)
    return _part(request, "committee", deal)


def _seat(request: HttpRequest, deal: Deal) -> None:
    said = request.POST
    person = naming.read(said.get("person", ""))
    if person is None:
        raise Refused(_("Say who."), "person")
    values: dict[str, Any] = {}
    if said.get("stance", "") in {"-2", "-1", "0", "1", "2"}:
        values["stance"] = int(said["stance"])
    if influence := _number(said.get("influence", "")):
        values["influence"] = influence
    if said.get("note", "").strip():
        values["note"] = said["note"].strip()
    actions.seat(deal.pk, person, said.get("role", ""), by=request.user, **values)


@require_GET
def committee_chart(request: HttpRequest, pk: int) -> HttpResponse:
    """The organisation chart of the customer, with who decides over this deal drawn into it."""
    deal = _deal(request, pk)
    require(request.user, "view", deal.party)
    found = committees.members(deal, request.user)
    by_person = {one.person.pk: one for one in found}
    drawn = charts.chart(deal.party, request.user)
    outside = [one for one in found if one.person.pk not in drawn.seats]
    context = {
        "deal": deal,
        "organisation": deal.party,
        "drawn": drawn,
        "trees": [(seat, by_person.get(seat.party.pk)) for seat in drawn.trees],
        "loose": [(seat, by_person.get(seat.party.pk)) for seat in drawn.loose],
        "outside": outside,
        "gaps": committees.gaps(found),
    }
    return render(request, "deals/committee_chart.html", context)
