"""The public forms by which strangers say that they are interested; shown on sites that a source names, too.

Robots are kept out quietly: a field that people do not see, a form answered faster than anybody reads, too many from
one address. What a person agreed to is kept with its text as proof.
"""

from __future__ import annotations

import time
from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.middleware import address_of
from guanxi.foundation.visibility import SYSTEM
from guanxi.foundation.visitors import too_many
from guanxi.sales.leads import actions
from guanxi.sales.leads.models import LeadSource

BEGUN = "leads.form"  # the salt of the time at which a form was opened
SOONEST, LATEST = 2, 24 * 3600  # seconds from opening to sending
MOST_LOOKS, MOST_SENT, AN_HOUR = 60, 10, 3600
TRAP = "website"  # people do not see it


class InterestForm(forms.Form):
    """What a stranger says of himself."""

    name = forms.CharField(label=_("Your name"), max_length=200)
    organisation = forms.CharField(label=_("Organisation"), max_length=200, required=False)
    mail = forms.EmailField(label=_("Mail"))
    phone = forms.CharField(label=_("Telephone"), max_length=50, required=False)
    message = forms.CharField(label=_("What is it about?"), max_length=5000, required=False, widget=forms.Textarea)
    agreed = forms.BooleanField(required=False)

    def __init__(self, source: LeadSource, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source.consent_text:
            self.fields["agreed"].label = source.consent_text
            self.fields["agreed"].required = True
        else:
            del self.fields["agreed"]


@never_cache
@csrf_exempt  # nobody is logged in here, and a form within another site gets no cookie
@xframe_options_exempt  # who may embed it is said by `frame-ancestors`
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, token: str) -> HttpResponse:
    """The form (GET), sent (POST)."""
    source = get_object_or_404(LeadSource, token=token, has_form=True, active=True)
    if too_many(request, "lead-form", MOST_LOOKS):
        return render(request, "429.html", status=429)
    if request.method != "POST":
        return _page(request, source, InterestForm(source))
    said = InterestForm(source, request.POST)
    if _is_robot(request):
        return _thanks(request, source)  # told like anybody else, so that it learns nothing
    if not said.is_valid():
        return _page(request, source, said, 422)
    if too_many(request, "lead-sent", MOST_SENT, AN_HOUR):
        return render(request, "429.html", status=429)
    try:
        _take_in(request, source, said.cleaned_data)
    except Refused as refusal:
        said.add_error(refusal.field if refusal.field in said.fields else None, refusal.message)
        return _page(request, source, said, 422)
    return _thanks(request, source)


def _take_in(request: HttpRequest, source: LeadSource, said: dict[str, Any]) -> None:
    agreed = said.pop("agreed", False)
    proof = {"form": source.name, "address": address_of(request), "language": get_language() or ""}
    actions.create_lead(
        source=source,
        language=get_language() or "",
        consent=(source.consent_text, clock.now()) if agreed else None,
        proof=proof if agreed else {},
        by=SYSTEM,
        **said,
    )


def _is_robot(request: HttpRequest) -> bool:
    """Whether what people do not see was filled in, or the form was sent sooner than anybody reads, or far later."""
    if request.POST.get(TRAP):
        return True
    try:
        begun = int(signing.loads(request.POST.get("begun", ""), salt=BEGUN))
    except (signing.BadSignature, ValueError, TypeError):
        return True
    return not SOONEST <= time.time() - begun <= LATEST


def _page(request: HttpRequest, source: LeadSource, said: InterestForm, status: int = 200) -> HttpResponse:
    begun = request.POST.get("begun") or signing.dumps(int(time.time()), salt=BEGUN)
    context = {"source": source, "form": said, "begun": begun, "trap": TRAP}
    return _embeddable(render(request, "leads/public_form.html", context, status=status), source)


def _thanks(request: HttpRequest, source: LeadSource) -> HttpResponse:
    words = source.thanks or _now("Thank you. Somebody will answer you soon.")
    return _embeddable(render(request, "leads/public_thanks.html", {"source": source, "words": words}), source)


def _embeddable(response: HttpResponse, source: LeadSource) -> HttpResponse:
    """Let the sites that the source names show it within their pages."""
    hosts = [line.strip() for line in source.hosts.splitlines() if line.strip()]
    if hosts:
        response._csp_replace = {"frame-ancestors": ["'self'", *hosts]}  # type: ignore[attr-defined]
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if hosts else "same-origin"
    return response
