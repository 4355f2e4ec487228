"""The pages of the forecast: all that one sees, a team, a person; and another number said there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.catalog.exchange import own_currency
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.money import to_decimal
from guanxi.foundation.roles.models import Team
from guanxi.foundation.visibility import may
from guanxi.sales.forecast import (
    actions,
    asking,
    comparing,
    outlook,
    periods,
    queries,
    scoring,
    showing,
    simulating,
    tasks,
)
from guanxi.sales.forecast.models import Night, Quota
from guanxi.sales.forecast.outlook import ALL, PERSON, TEAM
from guanxi.sales.forecast.periods import Period


@require_GET
def everything(request: HttpRequest) -> HttpResponse:
    """All that the viewer sees."""
    return _page(request, ALL, None)


@require_GET
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """A team: the teams and people below it."""
    return _page(request, TEAM, pk)


@require_GET
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """A person."""
    return _page(request, PERSON, pk)


@require_POST
def judge_team(request: HttpRequest, pk: int) -> HttpResponse:
    """Say another number for a team, or take it back (`do=take_back`)."""
    return _judge(request, TEAM, pk, team=get_object_or_404(Team, pk=pk))


@require_POST
def judge_person(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a person."""
    return _judge(request, PERSON, pk, user=get_object_or_404(User, pk=pk))


@require_GET
def chances(request: HttpRequest) -> HttpResponse:
    """What the period may bring, drawn by chance: a part of the page, fetched after it."""
    period, whose = period_asked(request), _whose(request)
    found = outlook.outlook(period, request.user).of(whose.kind, whose.number)
    won = found.sums.won if found else Decimal(0)
    drawn = simulating.may_bring(period, won, whose.people)
    return render(request, "forecast/range.html", {"range": showing.range_words(drawn)})


@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """What changed between two nights: a waterfall, and with `kind` the deals of one step."""
    period, whose = period_asked(request), _whose(request)
    nights = queries.nights(request.user)
    since, until = _two(nights, request.GET, period)
    context: dict[str, Any] = {
        "period": period,
        "kinds": _kinds(period),
        "whose": whose,
        "teams": asking.choices(request.user),
        "nights": nights,
        "since": since,
        "until": until,
        "currency": own_currency(),
        "may_take": may(request.user, "edit", Night),
        "query": _query(request, "team", "user", "since", "until"),
    }
    if since and until:
        found = comparing.compare(period, since.day, until.day, whose.people)
        kind = request.GET.get("kind", "")
        moved = comparing.behind(period, since.day, until.day, whose.people, kind) if kind in comparing.KINDS else []
        context |= showing.waterfall(found) | {
            "kind": kind,
            "moved": showing.moved(moved, request.user),
            "kind_words": showing.step_name(kind),
        }
    return render(request, "forecast/changes.html", context)


@require_GET
def scores(request: HttpRequest) -> HttpResponse:
    """How right past forecasts were."""
    kind = periods.MONTH if request.GET.get("kind") == periods.MONTH else periods.QUARTER
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(one) for one in actions.HORIZONS} else scoring.USUAL
    found = scoring.scores(request.user, kind, days)
    context = {"found": found, "horizons": actions.HORIZONS, "nights": queries.nights(request.user)[:1]}
    return render(request, "forecast/scores.html", context | showing.scores(found))


@require_POST
def snapshot(request: HttpRequest) -> HttpResponse:
    """Keep how deals stand now; shows the task."""
    task = tasks.keep_now(by=request.user)
    return redirect("desk:record", "tasks", task.pk)


def _whose(request: HttpRequest) -> asking.Whose:
    try:
        return asking.whose(request.user, _number(request.GET.get("team")), _number(request.GET.get("user")))
    except asking.NotSeen as error:
        raise Http404 from error


def _number(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)


def _two(nights: list[Night], said: Any, period: Period) -> tuple[Night | None, Night | None]:
    """The nights that are compared: those asked for, else the last, and the first of the period."""
    by_day = {f"{night.day}": night for night in nights}
    until = by_day.get(said.get("until", "")) or (nights[0] if nights else None)
    since = by_day.get(said.get("since", ""))
    if since is None and until is not None:
        inside = [night for night in nights if period.start <= night.day < until.day]
        since = inside[-1] if inside else next((night for night in nights if night.day < until.day), None)
    if since and until and since.day > until.day:
        since, until = until, since
    return since, until


def _query(request: HttpRequest, *names: str) -> str:
    """What the address says of these, to go on with in a link."""
    return urlencode({name: request.GET[name] for name in names if request.GET.get(name)})


def _kinds(period: Period) -> list[tuple[str, Period]]:
    return [(one, periods.of(period.start, one)) for one in (periods.MONTH, periods.QUARTER)]


def period_asked(request: HttpRequest) -> Period:
    """The period that the address names; else the quarter that is now."""
    asked = request.GET.get("period") or request.POST.get("period") or ""
    try:
        return periods.read(asked) if asked else periods.now()
    except ValidationError as error:
        raise Http404(error.messages[0]) from error


def _judge(request: HttpRequest, kind: str, number: int, **whose: Any) -> HttpResponse:
    period = period_asked(request)
    try:
        value = None if request.POST.get("do") == "take_back" else _amount(request.POST.get("value", ""))
        actions.judge(period, value, request.POST.get("reason", ""), **whose, by=request.user)
    except Refused as refusal:
        said = {"value": request.POST.get("value", ""), "reason": request.POST.get("reason", "")}
        return _page(request, kind, number, 422, draft=said, error=refusal.message, wrong=refusal.field)
    messages.success(request, _("Kept; the number of the deals stays beside it."))
    return redirect(f"{reverse(f'forecast:{kind}', args=[number])}?period={period.key}")


def _amount(text: str) -> Decimal:
    """What was typed, with the thousands grouped or not."""
    try:
        return to_decimal(text.replace(",", "").replace(" ", ""))
    except ValidationError as error:
        raise Refused(_("Write an amount."), "value") from error


def _page(request: HttpRequest, kind: str, number: int | None, status: int = 200, **more: Any) -> HttpResponse:
    period = period_asked(request)
    found = outlook.outlook(period, request.user)
    line = found.of(kind, number)
    if line is None:
        raise Http404
    below = showing.ordered(found.under(number), request.GET.get("sort", "")) if kind != PERSON else []
    whole = "all" in request.GET
    shown = below if whole else below[: showing.MOST_LINES]
    may_judge = kind != ALL and outlook.changed_by(request.user, found.tree).has(
        person=number if kind == PERSON else -1, team=number if kind == TEAM else None
    )
    context = {
        "period": period,
        "kinds": _kinds(period),
        "line": line,
        "here": showing.shown(line, period),
        "tiles": showing.tiles(line, period),
        "rows": [showing.shown(one, period) for one in shown],
        "more": len(below) - len(shown),
        "sort": request.GET.get("sort", "name"),
        "plot": showing.plot(below),
        "crumbs": showing.crumbs(found, line.above if kind == PERSON else found.tree.parents.get(number or 0)),
        "currency": own_currency(),
        "query": "",
        "narrowed": f"&{'user' if kind == PERSON else kind}={number}" if kind != ALL else "",
        "judgements": queries.judgements(request.user, period, kind, number) if kind != ALL else [],
        "may_judge": may_judge,
        "may_see_quotas": may(request.user, "view", Quota),
        "may_set_quotas": may(request.user, "create", Quota),
        "draft": {},
        **more,
    }
    return render(request, "forecast/page.html", context, status=status)
