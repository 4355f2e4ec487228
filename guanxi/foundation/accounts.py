"""How people get in: accounts are made by an administrator, never by signing up; logging in and out is audited."""

from __future__ import annotations

import time
from typing import Any, TypeVar

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from guanxi.foundation import audit
from guanxi.foundation.access import factors, locking
from guanxi.foundation.access.middleware import SEEN
from guanxi.foundation.actions import acting
from guanxi.foundation.middleware import address_of
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM, Viewer

A_YEAR = 365 * 86_400
Response = TypeVar("Response", bound=HttpResponse)


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No signing up; at log-in the browser takes over the language and the theme kept with the user."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "0.0.0.0"  # noqa: S104 - no address known

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises ValidationError while the account or the address is locked; so the right password is not tried."""
        until = locking.locked_until(locking.account_key(_typed(credentials)), address_of(request))
        if until is not None:
            raise ValidationError(locking.words(until))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        if user is not None and not factors.has(user):  # else the count ends with the second factor
            locking.succeeded(f"user:{user.pk}")
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        typed = _typed(credentials)
        locking.failed(locking.account_key(typed), typed, address_of(request))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return remember(response, language=user.language, theme=user.theme)


def _typed(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or credentials.get("email") or credentials.get("login") or "")


def remember(response: Response, *, language: str = "", theme: str = "") -> Response:
    """Keep language and theme in the browser, where each page reads them; its scripts set them too (theme.js)."""
    for name, value in ((settings.LANGUAGE_COOKIE_NAME, language), ("theme", theme)):
        if value:
            response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


def _record(viewer: Viewer, name: str, user: User | None, label: str, request: HttpRequest | None) -> None:
    changes = {"address": [None, address_of(request) if request else ""]}
    with acting(viewer, f"accounts.{name}") as occasion:
        audit.record_summary(occasion, "foundation.user", user.pk if user else None, label, changes)


@receiver(user_logged_in)
def _logged_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    request.session[SEEN] = time.time()
    _record(user, "log_in", user, str(user), request)


@receiver(user_logged_out)
def _logged_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _record(user, "log_out", user, str(user), request)


@receiver(user_login_failed)
def _log_in_failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    _record(SYSTEM, "log_in_failed", None, _typed(credentials), request)
