"""What access asks of each request: that a second factor is there where everybody must have one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.access import factors
from guanxi.foundation.visibility import is_staff

Handler = Callable[[HttpRequest], HttpResponse]
OPEN = ("/accounts/", "/static/", "/healthz", "/language/", "/theme/", "/icons/", "/consent/")
SEEN_EVERY = timedelta(minutes=5)
HAS, SEEN = "second_factor", "seen"


class SecondFactorMiddleware:
    """Who has no second factor although everybody must is led to where he makes one, and nowhere else."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._must_first(request):
            return self.get_response(request)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=403, headers={"HX-Redirect": reverse("mfa_index")})
        if request.path.startswith("/api/"):
            return HttpResponse(_("A second factor has to be set up first."), status=403)
        messages.warning(request, _("Everybody needs a second factor here. Set one up to go on."))
        return redirect("mfa_index")

    def _must_first(self, request: HttpRequest) -> bool:
        if request.path.startswith(OPEN) or (request.path.startswith("/api/") and "Authorization" in request.headers):
            return False
        if not is_staff(request.user) or not factors.required() or request.session.get(HAS):
            return False
        if factors.has(request.user) or _trusted(request):  # type: ignore[arg-type]
            request.session[HAS] = True
            return False
        return True


def _trusted(request: HttpRequest) -> bool:
    """Whether somebody signed on where a second factor is asked for already (GUANXI_OIDC_SECOND_FACTOR=1)."""
    methods = request.session.get("account_authentication_methods", [])
    return settings.GUANXI_OIDC_SECOND_FACTOR and any(one.get("method") == "socialaccount" for one in methods)


class SeenMiddleware:
    """Notes every five minutes that a session is in use, and from where."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.session.session_key:
            self._note(request)
        return self.get_response(request)

    def _note(self, request: HttpRequest) -> None:
        now = timezone.now()
        seen = request.session.get(SEEN, 0.0)
        if now.timestamp() - seen < SEEN_EVERY.total_seconds():
            return
        UserSession.objects.create_from_request(request)  # or renews it
        request.session[SEEN] = now.timestamp()
