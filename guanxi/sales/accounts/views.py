"""The account plan of an organisation: its page, and what is done on it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.once import FIELD, new_token, once
from guanxi.foundation.visibility import NotAllowed, may, require
from guanxi.lake.store import LakeBroken
from guanxi.sales.accounts import actions, queries, strength, whitespace
from guanxi.sales.accounts.models import AccountGoal, AccountReview


class GoalForm(forms.Form):
    """A new goal."""

    title = forms.CharField(max_length=200, label=_("Goal"))
    amount = forms.DecimalField(min_value=0, max_digits=15, decimal_places=4, required=False, label=_("Amount"))
    due_on = forms.DateField(label=_("Until"))


class ReviewForm(forms.Form):
    """When the plan is gone through next; of one that was held, what came of it."""

    day = forms.DateField(required=False, label=_("Next time"))
    text = forms.CharField(max_length=10_000, required=False, label=_("What came of it"))


def _party(request: HttpRequest, pk: int) -> Party:
    require(request.user, "view", AccountGoal)
    try:
        return queries.organisation(pk, request.user)
    except Party.DoesNotExist as missing:
        raise Http404 from missing


def _goals(party: Party, request: HttpRequest) -> dict[str, Any]:
    return {
        "party": party,
        "aims": queries.aims(party, request.user),
        "may_add": may(request.user, "create", AccountGoal),
        "may_edit": may(request.user, "edit", AccountGoal),
        "states": AccountGoal.State,
        "once": new_token(),
    }


def _reviews(party: Party, request: HttpRequest) -> dict[str, Any]:
    return {
        "party": party,
        "review": queries.to_come(party, request.user),
        "held": queries.held(party, request.user),
        "may_plan": may(request.user, "create", AccountReview),
    }


@require_GET
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """The page."""
    party = _party(request, pk)
    found = strength.departments(party, request.user)
    context = {**_goals(party, request), **_reviews(party, request), "departments": found}
    return render(request, "account_plans/plan.html", context)


@require_GET
def white_space(request: HttpRequest, pk: int) -> HttpResponse:
    """What others like it buy; asked by the page when it is there, for the lake takes its time."""
    party = _party(request, pk)
    context: dict[str, Any] = {"party": party}
    try:
        context["space"] = whitespace.of(party, request.user)
    except NotAllowed:
        context["closed"] = True
    except LakeBroken as broken:
        context["error"] = str(broken)
    return render(request, "account_plans/white_space.html", context)


@require_POST
def goals(request: HttpRequest, pk: int) -> HttpResponse:
    """A new goal, or (`goal` and `state`) what came of one; answers with all of them."""
    party = _party(request, pk)
    if request.POST.get("goal", "").isdecimal():
        goal = get_object_or_404(queries.goals(request.user).filter(party=party), pk=int(request.POST["goal"][:18]))
        return _decided(request, party, goal)
    form = GoalForm(request.POST)
    if not form.is_valid():
        name, messages = next(iter(form.errors.items()))
        return _wrong(request, party, name, str(messages[0]))
    try:
        token = request.POST.get(FIELD, "")
        once(request.user, token, lambda: actions.add_goal(by=request.user, party=party, **form.cleaned_data).pk)
    except Refused as refusal:
        return _wrong(request, party, refusal.field or "", refusal.message)
    return render(request, "account_plans/goals.html", _goals(party, request))


def _decided(request: HttpRequest, party: Party, goal: AccountGoal) -> HttpResponse:
    try:
        actions.decide_goal(goal.pk, request.POST.get("state", ""), by=request.user)
    except Refused as refusal:
        return _wrong(request, party, "state", refusal.message)
    return render(request, "account_plans/goals.html", _goals(party, request))


def _wrong(request: HttpRequest, party: Party, name: str, message: str) -> HttpResponse:
    draft = {field: request.POST.get(field, "") for field in GoalForm.base_fields}
    context = {**_goals(party, request), "draft": draft, "wrong": name, "error": message}
    return render(request, "account_plans/goals.html", context, status=422)


@require_POST
def reviews(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan a review (`day`), or hold the one that was planned (`held`, with `text` and the next `day`)."""
    party = _party(request, pk)
    form = ReviewForm(request.POST)
    try:
        if not form.is_valid():
            name, messages = next(iter(form.errors.items()))
            raise Refused(str(messages[0]), name)
        _review(request, party, form.cleaned_data)
    except Refused as refusal:
        context = {**_reviews(party, request), "error": refusal.message, "draft": request.POST}
        return render(request, "account_plans/reviews.html", context, status=422)
    return render(request, "account_plans/reviews.html", _reviews(party, request))


def _review(request: HttpRequest, party: Party, said: dict[str, Any]) -> None:
    held = request.POST.get("held", "")
    if held.isdecimal():
        row = get_object_or_404(AccountReview.objects.visible_to(request.user), pk=int(held[:18]), party=party)
        actions.hold_review(row.pk, said["text"], said["day"], by=request.user)
    elif said["day"] is None:
        raise Refused(str(_("Say on which day.")), "day")
    else:
        actions.plan_review(party, said["day"], by=request.user)
