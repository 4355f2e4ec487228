"""What can be done with users, their preferences and their API tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import audit
from guanxi.foundation.actions import Refused, action, change, create, occasion
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import Viewer, require

TOKEN_PREFIX = "gx_"  # noqa: S105 - it says what the text is
TOKEN_BYTES = 30  # 40 characters of URL-safe base 64
HINT_LENGTH = 8
USE_NOTED_EVERY = timedelta(minutes=1)
ALL_SCOPES = ("read", "write", "admin")


@action
def create_user(
    username: str,
    password: str,
    *,
    by: Viewer,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
) -> User:
    """Make an account for somebody who works here. Raises Refused where the name is taken or the password weak."""
    draft = User(username=username, email=email, first_name=first_name, last_name=last_name)
    _check_password(password, draft)
    draft.set_password(password)
    return create(
        User,
        username=username,
        password=draft.password,
        email=User.objects.normalize_email(email),
        first_name=first_name,
        last_name=last_name,
        is_staff=True,
    )


@action
def create_outside(username: str, *, by: Viewer, email: str, first_name: str = "", last_name: str = "") -> User:
    """Make an account for somebody who signs on elsewhere, without a password of ours."""
    nobody = User()
    nobody.set_unusable_password()
    names = {"first_name": first_name, "last_name": last_name}
    return create(User, username=username, email=email, is_staff=True, password=nobody.password, **names)


@action
def set_password(user: User, password: str, *, by: Viewer) -> User:
    """Give the user a new password; the audit log says that it changed, never what it is."""
    require(by, "edit", user)
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(occasion(), user, {"password": [None, None]})
    return user


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), "password") from error


@action
def set_profile(user: User, *, by: Viewer, first_name: str, last_name: str, email: str) -> User:
    """Change name and mail address."""
    email = User.objects.normalize_email(email)
    if email and User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists():
        raise Refused(_("Another account has this mail address; write a different one."), "email")
    return change(user, first_name=first_name, last_name=last_name, email=email)


@action
def set_language(user: User, language: str, *, by: Viewer) -> User:
    """Keep the language (a code of LANGUAGES) with the user, for the next log-in anywhere."""
    if language not in dict(settings.LANGUAGES):
        known = ", ".join(dict(settings.LANGUAGES))
        raise Refused(
            _("There is no language “%(language)s”; choose one of %(known)s.") % {"language": language, "known": known},
            "language",
        )
    return change(user, language=language)


@action
def set_theme(user: User, theme: str, *, by: Viewer) -> User:
    """Keep the theme (light, dark or auto) with the user."""
    return change(user, theme=theme)


@action
def create_token(
    user: User,
    name: str = "",
    *,
    by: Viewer,
    scopes: Sequence[str] = ALL_SCOPES,
    expires_at: datetime | None = None,
    addresses: str = "",
) -> tuple[ApiToken, str]:
    """Make an API token; returns it and its plain text, which is shown once and not kept.

    `scopes` are words of foundation.api.scopes; `addresses` (networks, split by spaces or commas) from where it may be
    used, empty for everywhere.
    """
    if not scopes:
        raise Refused(_("Say what the token may do."), "scopes")
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused(_("The token would have expired already; choose a later day."), "expires_at")
    plain = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    token = create(
        ApiToken,
        user=user,
        name=name,
        digest=_digest(plain),
        hint=plain[:HINT_LENGTH],
        scopes=" ".join(scopes),
        expires_at=expires_at,
        addresses=_networks(addresses),
    )
    return token, plain


@action
def revoke_token(token: ApiToken, *, by: Viewer) -> None:
    """Make the token worthless, at once; one's own, or that of a colleague whose account one may change."""
    require(by, "edit", token.user)
    values = {name: [value, None] for name, value in audit.values_of(token).items() if value is not None}
    audit.record(occasion(), token, values)
    token.delete()


@dataclass(frozen=True)
class Known:
    """What a text proved to be: a token, and why it does not count (expired, elsewhere), if so."""

    token: ApiToken
    why: str = ""


def recognise_token(plain: str, address: str = "") -> Known | None:
    """The token of an active user, or None; notes the use at most once a minute."""
    token = ApiToken.objects.select_related("user").filter(digest=_digest(plain)).first()
    if token is None or not token.user.is_active:
        return None
    now = timezone.now()
    if token.expires_at is not None and token.expires_at <= now:
        return Known(token, "expired")
    if token.addresses and not _is_within(address, token.addresses):
        return Known(token, "elsewhere")
    if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_address=address[:45])
    return Known(token)


def authenticate_token(plain: str) -> User | None:
    """The active user in whose name `plain` acts, or None."""
    known = recognise_token(plain)
    return known.token.user if known and not known.why else None


def _networks(text: str) -> str:
    """Networks as they are kept; raises Refused where one is none."""
    found = []
    for part in text.replace(",", " ").split():
        try:
            found.append(str(ip_network(part, strict=False)))
        except ValueError as error:
            words = _("“%(part)s” is no address or network; write such as 192.0.2.7 or 192.0.2.0/24.")
            raise Refused(words % {"part": part}, "addresses") from error
    return " ".join(found)


def _is_within(address: str, networks: str) -> bool:
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    return any(asked in ip_network(one) for one in networks.split())


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
