"""The page of what the business has set, and ticking steps off."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation import clock, shell
from guanxi.foundation.actions import Refused
from guanxi.foundation.steps import actions, declaration
from guanxi.foundation.visibility import require


@require_GET
def business(request: HttpRequest) -> HttpResponse:
    """Country, currency, time zone and mail server as they are set, and where each is changed."""
    require(request.user, "view", "settings")
    lines = [
        (_("Country"), settings.GUANXI_COUNTRY, "GUANXI_COUNTRY", _("How telephone numbers and addresses are read.")),
        (_("Currency"), settings.GUANXI_CURRENCY, "GUANXI_CURRENCY", _("That of amounts which name none.")),
        (_("Time zone"), settings.TIME_ZONE, "GUANXI_TIME_ZONE", _("Which day it is, and when reports go out.")),
        (
            _("Today"),
            clock.today().isoformat(),
            "GUANXI_TODAY",
            _("Frozen for the demonstration data, else the real day."),
        ),
        (
            _("Mail server"),
            settings.EMAIL_HOST or _("none: mails are written to files"),
            "GUANXI_MAIL_HOST",
            _("What carries reports, reminders and invitations."),
        ),
    ]
    return render(request, "steps/business.html", {"lines": lines})


@require_GET
def go(request: HttpRequest, slug: str) -> HttpResponse:
    """To the place where a step is done."""
    step = next((one for one in declaration.all() if one.slug == slug), None)
    return redirect(shell.address(step.url) or "/" if step else "/")


@require_POST
def settle(request: HttpRequest, slug: str) -> HttpResponse:
    """Tick a step off, or dismiss it."""
    try:
        actions.settle(slug, by=request.user, dismissed=request.POST.get("as") == "dismissed")
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("/")
