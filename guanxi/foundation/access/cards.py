"""What stands on one's own account page, and on a colleague's page of access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation.access import factors
from guanxi.foundation.access.models import Lock
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import Viewer

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Card:
    """A card of the account page."""

    template: str
    content: dict[str, Any]


def browser_in_words(agent: str) -> str:
    """“Firefox on Windows”; what cannot be made out stands as it is, cut short."""
    browser = next((name for sign, name in BROWSERS if sign in agent), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or agent[:40] or _("Unknown browser")


def second_factor(request: HttpRequest) -> Card:
    """Which second factors one has."""
    return Card("access/card_factors.html", {**_factors(request.user), "required": factors.required()})


def sessions(request: HttpRequest) -> Card:
    """Where one is logged in."""
    here = request.session.session_key
    found = _sessions(request.user)
    lines = [{**line, "here": line["session"].session_key == here} for line in found]
    return Card("access/card_sessions.html", {"sessions": lines, "others": any(not line["here"] for line in lines)})


def of_colleague(user: User, viewer: Viewer) -> dict[str, Any]:
    """What an administrator sees of a colleague's access."""
    key = Q(kind=Lock.Kind.ACCOUNT, key=f"user:{user.pk}", until__gt=timezone.now())
    return {
        **_factors(user),
        "sessions": _sessions(user),
        "tokens": ApiToken.objects.filter(user=user).order_by("-id"),
        "lock": Lock.objects.filter(key).first(),
    }


def _factors(user: Any) -> dict[str, Any]:
    rows = Authenticator.objects.filter(user_id=user.pk)
    kinds = [row.type for row in rows]
    codes = next((row.wrap() for row in rows if row.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "totp": "totp" in kinds,
        "passkeys": kinds.count("webauthn"),
        "codes": len(codes.get_unused_codes()) if codes else None,
        "any": any(kind in factors.MAIN for kind in kinds),
    }


def _sessions(user: Any) -> list[dict[str, Any]]:
    rows = UserSession.objects.purge_and_list(user)
    rows.sort(key=lambda row: row.last_seen_at, reverse=True)
    return [{"session": row, "browser": browser_in_words(row.user_agent)} for row in rows]
