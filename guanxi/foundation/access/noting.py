"""What allauth tells of second factors and sign-on goes into the audit log."""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.dispatch import receiver
from django.http import HttpRequest

from guanxi.foundation import audit
from guanxi.foundation.access import factors, locking
from guanxi.foundation.actions import acting
from guanxi.foundation.middleware import address_of
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM, Viewer


def note(name: str, user: User, by: Viewer, changes: dict[str, Any]) -> None:
    """Enter something about a user's access."""
    with acting(by, f"accounts.{name}") as occasion:
        audit.record_summary(occasion, User._meta.label_lower, user.pk, str(user), changes)


@receiver(signals.authenticator_added)
def _added(sender: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    note("factor_added", user, user, {"second_factor": [None, _kind(authenticator)]})


@receiver(signals.authenticator_removed)
def _removed(sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    request.session.pop("second_factor", None)  # whether there still is one is to be asked again
    note("factor_removed", user, user, {"second_factor": [_kind(authenticator), None]})


@receiver(signals.authenticator_reset)
def _renewed(sender: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    note("factor_renewed", user, user, {"second_factor": [None, _kind(authenticator)]})


@receiver(signals.authenticator_used)
def _used(sender: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    locking.succeeded(f"user:{user.pk}")
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        note("recovery_code_used", user, user, {})


@receiver(signals.authentication_failed)
def _failed(sender: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
    locking.failed(f"user:{user.pk}", user.username, address_of(request))
    note("factor_failed", user, SYSTEM, {})


def _kind(authenticator: Authenticator) -> str:
    return str(factors.LABELS.get(authenticator.type, authenticator.type))
