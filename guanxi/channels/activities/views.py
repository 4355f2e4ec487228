"""Calls, meetings and visits on a record page: noted in two clicks, arranged, and how they went."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from guanxi.channels.activities import actions, desk
from guanxi.channels.activities.models import Activity
from guanxi.customers.models import Party
from guanxi.foundation import belonging, clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.once import FIELD, new_token, once
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import may


class ActivityForm(forms.Form):
    """What is noted of an activity that was, or arranged of one to come; the next step becomes a task."""

    kind = forms.ChoiceField(choices=Activity.Kind.choices)
    outcome = forms.ChoiceField(choices=[("", ""), *Activity.Outcome.choices], required=False)
    subject = forms.CharField(max_length=200, required=False, label=_("About what"))
    starts_at = forms.DateTimeField(required=False, label=_("When"), input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])
    minutes = forms.IntegerField(required=False, min_value=0, max_value=60 * 24 * 31, label=_("Minutes"))
    place = forms.CharField(max_length=250, required=False, label=_("Place"))
    kilometres = forms.IntegerField(required=False, min_value=0, max_value=100_000, label=_("Kilometres"))
    expenses = forms.DecimalField(required=False, min_value=0, decimal_places=4, max_digits=14, label=_("Expenses"))
    text = forms.CharField(max_length=20_000, required=False, label=_("What was said"))
    direction = forms.ChoiceField(choices=[("", ""), ("in", ""), ("out", "")], required=False)
    next_verb = forms.ChoiceField(choices=Todo.Verb.choices, required=False, label=_("Next step"))
    next_what = forms.CharField(max_length=200, required=False, label=_("Next step"))
    next_on = forms.DateField(required=False, label=_("Due"))


STEP = ("next_verb", "next_what", "next_on")


@require_http_methods(["GET", "POST"])
def of(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The panel (GET; with `add` and a kind its form); a new activity (POST): noted where `outcome` says how it went,
    else arranged."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    if request.method == "GET":
        asked = request.GET.get("add", "")
        return _panel(request, record, **(_form(asked, {}) if asked in Activity.Kind.values else {}))
    form = ActivityForm(request.POST)
    if not form.is_valid():
        name, messages = next(iter(form.errors.items()))
        return _panel(
            request, record, 422, **_form(request.POST.get("kind", ""), request.POST, (name, str(messages[0])))
        )
    values = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    try:
        once(request.user, request.POST.get(FIELD, ""), lambda: _add(request, record, values))
    except Refused as refusal:
        wrong = (refusal.field or "", refusal.message)
        return _panel(request, record, 422, **_form(values["kind"], request.POST, wrong))
    return _panel(request, record)


def _add(request: HttpRequest, record: Any, values: dict[str, Any]) -> int:
    step = {name: values.pop(name, None) for name in STEP}
    outcome = values.pop("outcome", "")
    if outcome:
        made = actions.log(outcome, by=request.user, record=record, **values)
    else:
        if "starts_at" not in values:
            raise Refused(str(_("Say when it is.")), "starts_at")
        made = actions.plan(by=request.user, record=record, **values)
    if step["next_what"]:
        todos.add(
            step["next_what"],
            by=request.user,
            record=record,
            verb=step["next_verb"] or Todo.Verb.CALL,
            due_on=step["next_on"],
        )
    return int(made.pk)


def _panel(request: HttpRequest, record: Any, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "activities/panel.html", {**desk.panel_of(record, request.user), **more}, status=status)


def _form(kind: str, draft: Any, wrong: tuple[str, str] = ("", "")) -> dict[str, Any]:
    kind = kind if kind in Activity.Kind.values else Activity.Kind.CALL
    shown = {name: draft.get(name, "") for name in ActivityForm.base_fields}
    if not draft:
        soon = clock.now().astimezone(clock.zone()).replace(minute=0)
        shown |= {"starts_at": soon.strftime("%Y-%m-%dT%H:%M"), "minutes": actions.MINUTES[Activity.Kind(kind)] or ""}
    return {
        "adding": kind,
        "adding_label": Activity.Kind(kind).label,
        "draft": {**shown, "kind": kind},
        "wrong": wrong[0],
        "error": wrong[1],
        "outcomes": [(one.value, one.label) for one in actions.OUTCOMES[Activity.Kind(kind)]],
        "verbs": Todo.Verb.choices,
        "once": new_token(),
    }


def _seen(request: HttpRequest, pk: int) -> Activity:
    return get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)


def _answer(request: HttpRequest, pk: int, error: str = "") -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("desk:record", "activities", pk)
    context = {**desk.how_it_went(_seen(request, pk), request.user), "error": error}
    return render(request, "activities/held.html", context, status=422 if error else 200)


@require_POST
def held(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how it went; of a series with the time that is meant (`at`)."""
    _seen(request, pk)
    said = (request.POST.get("outcome", ""), request.POST.get("text"))
    try:
        actions.hold(pk, *said, _moment(request.POST.get("at", "")), by=request.user)
    except Refused as refusal:
        return _answer(request, pk, refusal.message)
    return _answer(request, pk)


def _moment(said: str) -> datetime | None:
    if not said:
        return None
    found = None
    with suppress(ValueError):
        found = datetime.fromisoformat(said)
    if found is None or found.tzinfo is None:
        raise Refused(str(_("It is not then, by its rule.")), "at")
    return found


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call it off."""
    _seen(request, pk)
    try:
        actions.cancel(pk, by=request.user)
    except Refused as refusal:
        return _answer(request, pk, refusal.message)
    return _answer(request, pk)


@require_POST
def participants(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody take part (`user`, `party` or `mail`), or not after all (`remove`)."""
    _seen(request, pk)
    try:
        if request.POST.get("remove", "").isdigit():
            actions.leave(pk, [int(request.POST["remove"])], by=request.user)
        else:
            actions.take_part(pk, _named(request), by=request.user)
    except Refused as refusal:
        return _answer(request, pk, refusal.message)
    return _answer(request, pk)


def _named(request: HttpRequest) -> list[User | Party | str]:
    found: list[User | Party | str] = []
    user, party, mail = (request.POST.get(name, "").strip() for name in ("user", "party", "mail"))
    if user:
        known = User.objects.filter(username=user, is_active=True, is_staff=True).first()
        if known is None:
            raise Refused(str(_("Nobody here is called “%(name)s”.") % {"name": user[:60]}), "user")
        found.append(known)
    if party.isdigit() and may(request.user, "view", Party):
        found.append(get_object_or_404(Party.objects.visible_to(request.user), pk=int(party)))
    if mail:
        found.append(mail)
    return found
