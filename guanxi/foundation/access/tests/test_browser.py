"""Passkeys in a real browser, with Chromium's virtual authenticator, under the strict Content-Security-Policy."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AbstractBaseUser

from guanxi.foundation.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "relation-8-ship"


@pytest.fixture
def meihua(db: None) -> AbstractBaseUser:
    return User.objects.create_user("meihua", "meihua@example.com", PASSWORD, is_staff=True)


def test_a_passkey_is_made_and_lets_in_without_and_with_a_password(page: Any, live_app: str, meihua: User) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    local = live_app.replace("127.0.0.1", "localhost")  # passkeys belong to a name, not to an address

    page.goto(f"{local}/accounts/login/?next=/accounts/2fa/webauthn/add/")
    page.get_by_label("User name or mail").fill("meihua")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("telephone")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert str(Authenticator.objects.get(type="webauthn")) == "telephone"

    page.context.clear_cookies()
    page.goto(f"{local}/accounts/login/?next=/account/")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.get_by_role("heading", name="My account").wait_for()
    assert page.get_by_text("1 passkey").count() == 1

    page.context.clear_cookies()
    page.goto(f"{local}/accounts/login/?next=/account/")
    page.get_by_label("User name or mail").fill("meihua")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="My account").wait_for()

    page.context.clear_cookies()
    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
