"""The settings of identity: thresholds and what they would do, which source is believed, what tells nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.customers import following as following_rules
from guanxi.customers import junk
from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity import proposing
from guanxi.customers.identity.forms import JunkForm, ThresholdsForm
from guanxi.customers.identity.histogram import histogram
from guanxi.customers.identity.story import fields_of
from guanxi.customers.identity.views.queue import looking_context
from guanxi.customers.identity.waterfall import percent
from guanxi.customers.models import FieldRule, JunkValue, MatchingSettings, Party, Source
from guanxi.customers.survivorship import BY_HAND, field_names, rules
from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import desk as tasks_desk
from guanxi.foundation.visibility import Viewer, may, require


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """All settings; POST sets the thresholds."""
    require(request.user, "view", MatchingSettings)
    form = ThresholdsForm(request.POST) if request.method == "POST" else ThresholdsForm.of(deciding.settings())
    if form.is_bound and form.is_valid():
        try:
            deciding.set_matching(**form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("Kept. It holds from now on; what was merged before stays."))
            return redirect("customers:identity_settings")
    context = {"form": form, **_parts(request), **_outlook(form)}
    return render(request, "customers/identity/settings.html", context, status=422 if form.errors else 200)


@require_GET
def outlook(request: HttpRequest) -> HttpResponse:
    """What thresholds would do, before they are set."""
    require(request.user, "view", MatchingSettings)
    form = ThresholdsForm(request.GET)
    return render(request, "customers/identity/outlook.html", _outlook(form))


@require_POST
def rule(request: HttpRequest) -> HttpResponse:
    """Say which source is believed for a field."""
    try:
        deciding.set_rule(request.POST.get("field", ""), request.POST.get("rule", ""), by=request.user)
    except Refused as refusal:
        return _rules(request, error=refusal.message)
    return _rules(request, told=_("Kept."))


@require_GET
def following(request: HttpRequest) -> HttpResponse:
    """How far known customers follow the rules."""
    require(request.user, "view", FieldRule)
    return render(request, "customers/identity/following.html", _following_context(request.user))


@require_POST
def trust(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how far a source is trusted."""
    source = get_object_or_404(Source, pk=pk)
    typed = request.POST.get("trust", "").strip()
    try:
        if not typed.isdecimal() or len(typed) > 4:
            raise Refused(_("Trust goes from 0 to 99."), "trust")
        deciding.set_trust(source.pk, int(typed), by=request.user)
    except Refused as refusal:
        return _sources(request, error=refusal.message, wrong=pk, typed=typed)
    answer = _sources(request, told=_("Kept."))
    answer["HX-Trigger"] = "followed"  # the card of the rules says that customers follow
    return answer


@require_POST
def add_junk(request: HttpRequest) -> HttpResponse:
    """Put a value on the junk list."""
    form = JunkForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            deciding.add_junk(values["kind"], values["value"], values["note"], by=request.user)
        except Refused as refusal:
            form.add_error("value", refusal.message)
        else:
            return _junk(request, JunkForm(initial={"kind": values["kind"]}))
    return _junk(request, form, 422)


@require_POST
def remove_junk(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a value from the junk list; one that is gone already stays gone."""
    require(request.user, "edit", JunkValue)
    if JunkValue.objects.visible_to(request.user).filter(pk=pk).exists():
        deciding.remove_junk(pk, by=request.user)
    return _junk(request, JunkForm())


def _parts(request: HttpRequest) -> dict[str, Any]:
    return {
        **looking_context(request.user),
        "chosen": deciding.settings(),
        "may_edit": may(request.user, "edit", MatchingSettings),
        "may_merge": may(request.user, "merge", Party),
        **_rules_context(request.user),
        **_sources_context(),
        **_junk_context(JunkForm()),
    }


def _outlook(form: ThresholdsForm) -> dict[str, Any]:
    """The context of what the thresholds of a form would do; of one that is not valid, why not."""
    values = form.cleaned_data if form.is_bound and form.is_valid() else form.initial
    if not values or values["ask_from"] > values["merge_from"]:
        return {"outlook": None, "outlook_errors": bool(form.errors)}
    found = proposing.outlook(values["merge_from"], values["ask_from"])
    samples = [
        (label, [(side, found["samples"][name][side]) for side in ("above", "below")], percent(values[name]))
        for name, label in (("merge_from", _("Merged by itself")), ("ask_from", _("People are asked")))
    ]
    return {
        "outlook": found,
        "by_itself": values["by_itself"],
        "samples": samples,
        "histogram": histogram(found["histogram"], values["merge_from"], values["ask_from"]),
        "merge_percent": percent(values["merge_from"]),
        "ask_percent": percent(values["ask_from"]),
    }


def _rules(request: HttpRequest, *, error: str = "", told: str = "") -> HttpResponse:
    told_too = {"error": error, "told": told, "may_edit": may(request.user, "edit", FieldRule)}
    context = {**_rules_context(request.user), **told_too}
    return render(request, "customers/identity/rules.html", context, status=422 if error else 200)


def _rules_context(viewer: Viewer) -> dict[str, Any]:
    known = rules()
    rows = [(one, known.get(one.name, FieldRule.Rule.TRUSTED.value)) for one in fields_of(field_names())]
    return {"rules": rows, "rule_choices": FieldRule.Rule.choices, **_following_context(viewer)}


def _following_context(viewer: Viewer) -> dict[str, Any]:
    """Whether known customers are following the rules just now, and what came of it the last time."""
    now = following_rules.under_way(viewer)
    return {
        "following": now,
        "following_state": tasks_desk.state(now) if now else "",
        "followed": None if now else following_rules.last_followed(viewer),
    }


def _sources(request: HttpRequest, *, error: str = "", told: str = "", **more: Any) -> HttpResponse:
    context = {**_sources_context(), "error": error, "told": told, "may_edit": may(request.user, "edit", Source)}
    return render(request, "customers/identity/sources.html", {**context, **more}, status=422 if error else 200)


def _sources_context() -> dict[str, Any]:
    rows = list(Source.objects.order_by("-trust", "name")[:100])
    return {
        "sources": [row for row in rows if 0 <= row.trust < BY_HAND],
        "people": [row for row in rows if row.trust >= BY_HAND],
    }


def _junk(request: HttpRequest, form: JunkForm, status: int = 200) -> HttpResponse:
    context = {**_junk_context(form), "may_edit": may(request.user, "edit", JunkValue)}
    return render(request, "customers/identity/junk.html", context, status=status)


def _junk_context(form: JunkForm) -> dict[str, Any]:
    rows = JunkValue.objects.order_by("kind", "key")[:500]
    return {"junk": rows, "ready_made": junk.ready_made(), "junk_form": form}
