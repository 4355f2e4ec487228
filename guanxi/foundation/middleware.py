"""What happens around every request: language, log-in, refusals."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation

from guanxi.foundation import audit
from guanxi.foundation.visibility import NotAllowed, is_staff, seeing

Handler = Callable[[HttpRequest], HttpResponse]
HEADERS = {
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OPEN_PREFIXES = (
    "/accounts/",
    "/static/",
    "/healthz",
    "/metrics",
    "/api/",
    "/language/",
    "/theme/",
    "/icons/",
    "/consent/",
    "/forms/",
    "/offers/",
    "/calendar/feed/",
)


def address_of(request: HttpRequest) -> str:
    """The network address of who asks. With GUANXI_PROXIES=1 that is what the nearest proxy wrote down, with 2 what
    the one before it did; whatever stands further left anybody may have written.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    count = settings.GUANXI_PROXIES
    if not count:
        return direct
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return passed[-count] if len(passed) >= count else direct


class LanguageMiddleware:
    """The language chosen on the page (cookie), else the browser's."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = translation.get_language_from_request(request)
        with translation.override(language):
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class HeadersMiddleware:
    """What browsers are told besides what Django and the Content-Security-Policy tell them."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class OriginMiddleware:
    """What is written while a request is answered says from which address it came."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit.coming_from(address_of(request)):
            return self.get_response(request)


class StaffOnlyMiddleware:
    """Every page but the open ones needs a log-in by somebody who works here."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OPEN_PREFIXES):
            return self.get_response(request)
        if not request.user.is_authenticated:
            if request.headers.get("HX-Request"):
                here = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
                target = f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': here})}"
                return HttpResponse(status=401, headers={"HX-Redirect": target})
            return redirect_to_login(request.get_full_path())
        if not is_staff(request.user):
            return render(request, "403.html", status=403)
        # The user himself in place of what looks him up: a page asks him for something some thousand times.
        request.user = getattr(request.user, "_wrapped", request.user)
        return self.get_response(request)


class SeeingMiddleware:
    """Whatever the request loads is for the eyes of its user, whom the API may find out later than this."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with seeing(lambda: request.user):
            return self.get_response(request)


class RefusalMiddleware:
    """A refusal of the rights becomes a 403 page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotAllowed) and not request.path.startswith("/api/"):
            return render(request, "403.html", status=403)
        return None
