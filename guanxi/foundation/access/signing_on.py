"""Single sign-on by OpenID Connect: whom the provider vouches for gets in, if he has an account here or may have one.

An account is found by a mail address that the provider says it verified. Who has none gets one if he was invited, or if
GUANXI_OIDC_ROLE names a role for whomever the provider lets in.
"""

from __future__ import annotations

import re
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import people
from guanxi.foundation.access import actions
from guanxi.foundation.access.models import Invitation
from guanxi.foundation.access.noting import note
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM, is_staff

NAME = "sign-on"  # in addresses: /accounts/oidc/sign-on/login/callback/


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Finds or makes the account that somebody vouched for has here; signing up by oneself stays closed."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Raises ImmediateHttpResponse with the reason where nobody is let in."""
        user = sociallogin.user if sociallogin.is_existing else None
        if user is None:
            user = self._by_mail(request, sociallogin)
            if not sociallogin.is_existing:
                sociallogin.connect(request, user)
                note("sign_on_connected", user, user, {"provider": [None, sociallogin.account.provider]})
        if not is_staff(user):
            raise _shut(request, _("Your account here was closed. Ask your administrator to let you in."))

    def _by_mail(self, request: HttpRequest, sociallogin: Any) -> User:
        verified = [one.email for one in sociallogin.email_addresses if one.verified]
        if not verified:
            raise _shut(
                request, _("Your provider does not vouch for your mail address, so we do not know who you are here.")
            )
        for email in verified:
            found = list(User.objects.filter(email__iexact=email)[:2])
            if len(found) == 1:
                return found[0]
        try:
            made = _make(verified[0], sociallogin.user)
        except Refused as refusal:
            raise _shut(request, refusal.message) from refusal
        if made is None:
            words = _("Nobody here has the mail address %(mail)s. Ask for an invitation.")
            raise _shut(request, words % {"mail": verified[0]})
        return made


def _make(email: str, told: User) -> User | None:
    """An account for somebody who was invited, or whom a role of the settings is for."""
    invited = Invitation.objects.filter(email__iexact=email, accepted_at=None, expires_at__gt=timezone.now()).first()
    names = {"first_name": told.first_name, "last_name": told.last_name}
    if invited is not None:
        return actions.accept(invited, username=_free_name(email), **names)
    role = settings.GUANXI_OIDC_ROLE
    if not role:
        return None
    user = people.create_outside(_free_name(email), email=email, by=SYSTEM, **names)
    actions.give_role(user, role)
    return user


def _free_name(email: str) -> str:
    """A user name made of the mail address that nobody has."""
    base = re.sub(r"[^\w.+-]", "", email.partition("@")[0])[:100] or "user"
    taken = set(User.objects.filter(username__istartswith=base).values_list("username", flat=True))
    taken = {name.lower() for name in taken}
    names = [base, *(f"{base}{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name.lower() not in taken)


def _shut(request: HttpRequest, why: str) -> ImmediateHttpResponse:
    return ImmediateHttpResponse(render(request, "socialaccount/authentication_error.html", {"why": why}, status=403))
