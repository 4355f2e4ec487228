"""What a token may: reading, writing, administering, of everything or of one kind of object.

A scope is a word: `read`, `write`, `admin`; or one of these with the first part of the address below /api/v1:
`read:orders`, `write:parties`. Writing includes reading. A token never does more than its user, whatever its scopes.

Which kinds need `admin` is said at the door “api_admin” (a kind); which POSTs only ask, at the door “api_reads” (an
address below /api/v1, such as "query").
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused

READ, WRITE, ADMIN = "read", "write", "admin"
VERBS: dict[str, Any] = {
    READ: gettext_lazy("Read"),
    WRITE: gettext_lazy("Read and write"),
    ADMIN: gettext_lazy("Administer"),
}
BASE = "/api/v1/"
_kinds: set[str] = set()
SAFE = {"GET", "HEAD", "OPTIONS"}
GRANTS = {READ: {READ, WRITE}, WRITE: {WRITE}, ADMIN: {ADMIN}}  # what is needed → by which it is given


class MissingScope(Exception):
    """The token lacks the scope that this needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


def kinds() -> list[str]:
    """The kinds of objects that scopes can name: the first parts of the addresses, noted when the API is built."""
    if not _kinds:
        import_module(settings.ROOT_URLCONF)  # which builds it
    return sorted(_kinds)


def note(prefix: str) -> None:
    """There is a router below this address."""
    _kinds.add(prefix.strip("/").split("/")[0])


def checked(scopes: Iterable[str]) -> list[str]:
    """Scopes without doubles; raises Refused with those there are where one is unknown."""
    found = list(dict.fromkeys(scopes))
    known = set(kinds())
    for scope in found:
        verb, _colon, kind = scope.partition(":")
        if verb not in VERBS or (kind and (kind not in known or verb == ADMIN)):
            words = _("There is no scope “%(scope)s”; there are read, write and admin, and such as read:%(kind)s.")
            raise Refused(words % {"scope": scope, "kind": next(iter(sorted(known)), "parties")}, "scopes")
    return found


def needed(request: HttpRequest) -> tuple[str, str]:
    """The verb and the kind of object that a request needs."""
    rest = request.path.removeprefix(BASE).strip("/")
    kind = rest.split("/")[0]
    if kind in hooks.get("api_admin"):
        return ADMIN, kind
    asks = request.method in SAFE or rest in hooks.get("api_reads")
    return READ if asks else WRITE, kind


def require(scopes: str, request: HttpRequest) -> None:
    """Raise MissingScope unless the scopes of a token, split by spaces, cover the request."""
    verb, kind = needed(request)
    has = set(scopes.split())
    if not any(given in has or f"{given}:{kind}" in has for given in GRANTS[verb]):
        raise MissingScope(verb if verb == ADMIN else f"{verb}:{kind}")


def in_words(scopes: str) -> str:
    """Scopes as people read them."""
    return " · ".join(
        f"{VERBS[verb]}: {kind}" if kind else str(VERBS.get(verb, verb))
        for verb, _colon, kind in (scope.partition(":") for scope in scopes.split())
    )
