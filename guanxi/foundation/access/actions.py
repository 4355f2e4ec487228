"""What can be done about access: rules, locks, factors and sessions of colleagues, invitations."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import audit, hooks, people
from guanxi.foundation.access import factors, inviting
from guanxi.foundation.access.models import Invitation, Lock, Rules
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import SYSTEM, Viewer, require

VALID = timedelta(days=7)


def rules() -> Rules:
    """What holds for everybody; the defaults where nobody has said anything."""
    return Rules.objects.first() or Rules()


@action
def set_rules(*, second_factor: bool, by: Viewer) -> Rules:
    """Say whether everybody must have a second factor. Who has none is led to make one at his next page.

    Refused where the administrator himself has none: he would be the first to be shut out.
    """
    require(by, "edit", User)
    if second_factor and isinstance(by, User) and not factors.has(by):
        raise Refused(_("Set up a second factor of your own first, then require it of everybody."), "second_factor")
    row = Rules.objects.first()
    row = create(Rules, second_factor=second_factor) if row is None else change(row, second_factor=second_factor)
    factors.forget()
    return row


@action
def unlock(lock: Lock, *, by: Viewer) -> None:
    """Let an account or an address try again at once."""
    require(by, "edit", User)
    delete(lock)


@action
def reset_factors(user: User, *, by: Viewer) -> int:
    """Take away all second factors of a colleague who lost them, and end his sessions; how many factors."""
    require(by, "edit", user)
    if by.pk == user.pk:
        raise Refused(_("Look after your own second factor on your account page."))
    rows = Authenticator.objects.filter(user=user)
    kinds = factors.of([user.pk])[user.pk]
    count = len(rows)
    rows.delete()
    audit.record(occasion(), user, {"second_factor": [", ".join(kinds), None]})
    _end(UserSession.objects.filter(user=user))
    return count


@action
def end_sessions(user: User, *, by: Viewer, only: int | None = None, but: str = "") -> int:
    """End sessions of a user: all, the one numbered `only`, or all but that with the key `but`; how many."""
    require(by, "edit", user)
    rows = UserSession.objects.filter(user=user).exclude(session_key=but)
    ended = _end(rows.filter(pk=only) if only is not None else rows)
    if ended:
        audit.record(occasion(), user, {"sessions": [ended, 0]})
    return ended


def _end(sessions: Any) -> int:
    found = list(sessions)
    for session in found:
        session.end()
    return len(found)


@action
def deactivate(user: User, *, by: Viewer) -> None:
    """Close the account of a colleague who leaves: he is logged out everywhere, and no program acts in his name any
    more. What he did stays. Refused for oneself, and for the last who may administrate."""
    require(by, "edit", user)
    if by.pk == user.pk:
        raise Refused(_("Nobody closes his own account; ask a colleague."))
    change(user, is_active=False)
    end_sessions(user, by=by)
    for token in ApiToken.objects.filter(user=user):
        people.revoke_token(token, by=by)


@action
def activate(user: User, *, by: Viewer) -> None:
    """Let a colleague in again whose account was closed; tokens he has to make anew."""
    require(by, "edit", user)
    change(user, is_active=True)


# Invitations ----------------------------------------------------------------------------------------------------------


@action
def invite(email: str, *, role: str = "", language: str = "", by: Viewer) -> Invitation:
    """Ask a colleague in by mail. Refused where he has an account, or the address or the role cannot be."""
    require(by, "create", User)
    email = User.objects.normalize_email(email.strip())
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), "email") from error
    if User.objects.filter(email__iexact=email).exists():
        raise Refused(_("Somebody with this mail address has an account already."), "email")
    if role not in dict(roles(by)) and (role or roles(by)):
        raise Refused(_("There is no such role; choose one of the list."), "role")
    for earlier in Invitation.objects.filter(email__iexact=email, accepted_at=None):
        delete(earlier)
    return _send(email, role, language, by)


def _send(email: str, role: str, language: str, by: Viewer) -> Invitation:
    row = create(
        Invitation,
        email=email,
        role=role,
        language=language,
        invited_by=by if isinstance(by, User) else None,
        expires_at=timezone.now() + VALID,
        nonce=secrets.token_urlsafe(16),
    )
    inviting.send(row)
    return row


@action
def invite_again(invitation: Invitation, *, by: Viewer) -> Invitation:
    """Send the mail once more, with a new link; the old one ends."""
    require(by, "create", User)
    earlier = _open(invitation.pk)
    delete(earlier)
    return _send(earlier.email, earlier.role, earlier.language, by)


@action
def withdraw(invitation: Invitation, *, by: Viewer) -> None:
    """Make the link worthless."""
    require(by, "create", User)
    delete(_open(invitation.pk))


def accept(
    invitation: Invitation, *, username: str, first_name: str, last_name: str, password: str | None = None
) -> User:
    """Make the account that somebody was invited to, with the role kept for him.

    The link itself is the right to do so; it works once. Without a password he signs on elsewhere.
    """
    user: User = accept_invitation(invitation.pk, username, first_name, last_name, password, by=SYSTEM)
    return user


@action
def accept_invitation(
    number: int, username: str, first_name: str, last_name: str, password: str | None, *, by: Viewer
) -> User:
    """Make the account of an open invitation; see `accept`."""
    row = _open(number)
    if row.expires_at < timezone.now():
        raise Refused(_("This invitation is no longer valid. Ask for a new one."))
    names = {"email": row.email, "first_name": first_name, "last_name": last_name}
    user = people.create_user(username, password or secrets.token_urlsafe(32), by=by, **names)
    if password is None:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    if row.language:
        people.set_language(user, row.language, by=by)
    give_role(user, row.role)
    change(row, accepted_at=timezone.now(), user=user)
    return user


def roles(viewer: Viewer) -> list[tuple[str, Any]]:
    """The roles that `viewer` may let an invitation carry: the door “invited_roles”, a function (viewer) → choices."""
    return [choice for door in hooks.get("invited_roles") for choice in door(viewer)]


def give_role(user: User, role: str) -> None:
    """Hand the role of an invitation to whoever gives roles: the door “invited”, a function (user, role, by=)."""
    if role:
        for door in hooks.get("invited"):
            door(user, role, by=SYSTEM)


def _open(number: int) -> Invitation:
    row = Invitation.objects.select_for_update().filter(pk=number, accepted_at=None).first()
    if row is None:
        raise Refused(_("This invitation was used or withdrawn."))
    return row
