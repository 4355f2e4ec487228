"""Who is calling: a program by its token, or a person's browser by its session (then writes need the CSRF token)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError, HttpError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from guanxi.foundation import people
from guanxi.foundation.api import limits, scopes
from guanxi.foundation.middleware import address_of
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed, is_staff

LONGEST_TOKEN = 200


class Unwelcome(AuthenticationError):
    """A token of ours that does not count (any more, or from here)."""

    def __init__(self, known: people.Known) -> None:
        super().__init__()
        self.known = known


class Token(HttpBearer):
    """`Authorization: Bearer gx_…`"""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        known = people.recognise_token(token, address_of(request)) if len(token) <= LONGEST_TOKEN else None
        if known is None:
            raise AuthenticationError
        limits.spend(request, hashlib.sha256(token.encode()).hexdigest())
        if known.why:
            raise Unwelcome(known)
        user = _admitted(request, known.token.user)
        scopes.require(known.token.scopes, request)
        return user


class Session(APIKeyCookie):
    """The session of somebody who is logged in on the pages."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:
        user = request.user
        if not user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise HttpError(403, _("The session's CSRF token is missing; send it as X-CSRFToken."))
        limits.spend(request, f"user:{user.pk}")
        return _admitted(request, user)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        raise NotImplementedError


WAYS = [Token(), Session()]


def caller(request: HttpRequest) -> User | None:
    """Who calls, None where nobody is named. Raises AuthenticationError, HttpError or NotAllowed as the ways do."""
    for way in WAYS:
        user = way(request)
        if user is not None:
            return user  # type: ignore[no-any-return]
    return None


def _admitted(request: HttpRequest, user: User) -> User:
    if not is_staff(user):
        raise NotAllowed(user, "use", "the API")
    request.user = user
    return user
