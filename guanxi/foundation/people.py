"""What can be done with users, their preferences and their API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import audit
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import Viewer, require

TOKEN_PREFIX = "gx_"  # noqa: S105 - it says what the text is
TOKEN_BYTES = 30  # 40 characters of URL-safe base 64
HINT_LENGTH = 8
USE_NOTED_EVERY = timedelta(minutes=1)


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
def create_token(user: User, name: str = "", *, by: Viewer) -> tuple[ApiToken, str]:
    """Make an API token; returns it and its plain text, which is shown once and not kept."""
    plain = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    token = create(ApiToken, user=user, name=name, digest=_digest(plain), hint=plain[:HINT_LENGTH])
    return token, plain


@action
def revoke_token(token: ApiToken, *, by: Viewer) -> None:
    """Make the token worthless, at once."""
    delete(token)


def authenticate_token(plain: str) -> User | None:
    """The active user in whose name `plain` acts, or None; notes the use at most once a minute."""
    token = ApiToken.objects.select_related("user").filter(digest=_digest(plain)).first()
    if token is None or not token.user.is_active:
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token.user


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
