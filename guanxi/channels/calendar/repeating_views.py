"""How often a meeting of ours repeats, and single times of it, as the panel of invitations says it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST

from guanxi.channels.activities import rhythms
from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import actions
from guanxi.channels.calendar.views import written
from guanxi.foundation.actions import Refused


class RhythmForm(forms.Form):
    """How often, and until when; without a day for ever."""

    every = forms.ChoiceField(choices=[("", ""), *rhythms.EVERY], required=False, label=_lazy("It repeats"))
    until = forms.DateField(required=False, label=_lazy("Until"))


class TimeForm(forms.Form):
    """Which time of a series (by the rule), and when, how long and where it is to be."""

    at = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S%z"])
    starts_at = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M"], label=_lazy("When"))
    minutes = forms.IntegerField(required=False, min_value=0, max_value=60 * 24 * 31, label=_lazy("Minutes"))
    place = forms.CharField(required=False, max_length=250, label=_lazy("Place"))


@require_POST
def repeat(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it repeat, or not any more."""

    def work(said: dict[str, Any]) -> None:
        actions.repeat(pk, said["every"], said["until"] if said["every"] else None, by=request.user)

    return _done(request, pk, RhythmForm(request.POST), work)


@require_POST
def change_time(request: HttpRequest, pk: int) -> HttpResponse:
    """Move one time of it, or call it off (`do=cancel`)."""

    def work(said: dict[str, Any]) -> None:
        if request.POST.get("do") == "cancel":
            actions.cancel_time(pk, said["at"], by=request.user)
            return
        given = {name: said[name] for name in ("starts_at", "minutes") if said[name] is not None}
        actions.move_time(pk, said["at"], {**given, "place": said["place"]}, by=request.user)

    return _done(request, pk, TimeForm(request.POST), work)


def _done(request: HttpRequest, pk: int, form: forms.Form, work: Any) -> HttpResponse:
    get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)

    def checked() -> None:
        if not form.is_valid():
            raise Refused(str(next(iter(form.errors.values()))[0]))
        work(form.cleaned_data)

    return written(request, pk, checked, _("It is changed; whoever was invited is told by mail."))
