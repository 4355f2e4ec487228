"""A report on the screen, as PDF, and the switch for its mails."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.reports import Report, actions, pdf, queries
from guanxi.foundation.reports.declaration import Gone
from guanxi.foundation.reports.models import Subscription


@require_GET
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The report on the screen."""
    report = queries.report(slug, request.user)
    try:
        context = report.context(request.user, request.GET)
    except Gone as refusal:
        raise Http404(refusal.message) from refusal
    except Refused as refusal:  # a day that is none: say so, and show the newest instead
        messages.error(request, refusal.message)
        context = report.context(request.user, {})
    subscribed = Subscription.objects.filter(user=_user(request), report=slug).exists()
    return render(request, "reports/page.html", context | {"report": report, "subscribed": subscribed})


@require_GET
def as_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """The report as PDF."""
    report = queries.report(slug, request.user)
    try:
        document = pdf.render(report, report.context(request.user, request.GET))
    except Gone as refusal:
        raise Http404(refusal.message) from refusal
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(report.url)
    return HttpResponse(
        document, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{slug}.pdf"'}
    )


@require_POST
def subscription(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch the mails on or off."""
    report = queries.report(slug, request.user)
    try:
        rhythm = request.POST.get("rhythm", "")
        if request.POST.get("wanted") == "1" or rhythm:
            actions.subscribe(report, rhythm, by=_user(request))
            messages.success(request, _("You will get this report by mail."))
        else:
            actions.unsubscribe(report, by=_user(request))
            messages.success(request, _("You will get this report by mail no more."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect(_back(request, report))


def _back(request: HttpRequest, report: Report) -> str:
    """Where the switch stood, as long as that is a page of this site."""
    target = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else report.url


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the middleware lets nobody else in
    return request.user
