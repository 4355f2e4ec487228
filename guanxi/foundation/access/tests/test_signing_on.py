"""Single sign-on against a real provider on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.test import Client

from guanxi.foundation.access import actions
from guanxi.foundation.access.tests.provider import CLIENT, SECRET, Provider, running
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with running() as found:
        app = {
            "provider_id": "sign-on",
            "name": "Our house",
            "client_id": CLIENT,
            "secret": SECRET,
            "settings": {"server_url": found.url},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        found.claims = {"sub": "42", "email": "meihua@example.com", "email_verified": True}
        yield found


def sign_on(client: Client) -> Any:
    """The way of a browser: to us, to the provider, back to us."""
    to_provider = client.get("/accounts/oidc/sign-on/login/")
    assert to_provider.status_code == 302
    back = requests.get(to_provider["Location"], allow_redirects=False, timeout=5).headers["Location"]
    return client.get(back.removeprefix("http://testserver"))


def logged_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_the_log_in_offers_it(client: Client, provider: Provider) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "Log in with Our house" in page
    assert "/accounts/oidc/sign-on/login/" in page


def test_a_colleague_gets_in_and_is_known_again_by_his_number(client: Client, provider: Provider, staff: User) -> None:
    assert sign_on(client).status_code == 302
    assert logged_in(client)
    assert AuditEntry.objects.filter(action="accounts.sign_on_connected", actor=staff).count() == 1
    assert AuditEntry.objects.filter(action="accounts.log_in", actor=staff).count() == 1
    staff.refresh_from_db()
    assert staff.check_password("relation-8-ship")  # his password goes on working

    provider.claims["email"] = "another@example.com"
    again = Client()
    assert sign_on(again).status_code == 302
    assert logged_in(again)
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email_verified": False}, "does not vouch"),
        ({"email": "nobody@example.com"}, "Ask for an invitation"),
    ],
)
def test_others_are_told_why_they_are_not_let_in(
    client: Client, provider: Provider, staff: User, claims: dict[str, Any], said: str
) -> None:
    provider.claims |= claims
    answer = sign_on(client)
    assert answer.status_code == 403
    assert said in answer.content.decode()
    assert not logged_in(client)
    assert User.objects.count() == 1


def test_who_left_is_not_let_in(client: Client, provider: Provider, staff: User) -> None:
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    assert sign_on(client).status_code == 403
    assert not logged_in(client)


def test_a_token_for_another_client_is_worth_nothing(client: Client, provider: Provider, staff: User) -> None:
    provider.audience = "somebody else"
    assert "You were not let in" in sign_on(client).content.decode()
    assert not logged_in(client)


def test_whoever_was_invited_gets_his_account_with_the_role_kept(
    client: Client, provider: Provider, staff: User
) -> None:
    actions.invite("yating@example.com", role="sales", by=SYSTEM)
    provider.claims |= {"email": "yating@example.com", "given_name": "雅婷", "family_name": "李", "sub": "43"}
    assert sign_on(client).status_code == 302
    made = User.objects.get(email="yating@example.com")
    assert (str(made), made.username, made.is_staff, made.has_usable_password()) == ("李 雅婷", "yating", True, False)
    assert made.holdings.filter(role__key="sales").exists()
    assert logged_in(client)


def test_a_role_of_the_settings_lets_everybody_in_whom_the_provider_knows(
    client: Client, provider: Provider, staff: User, settings: Any
) -> None:
    settings.GUANXI_OIDC_ROLE = "read-only"
    provider.claims |= {"email": "meihua@elsewhere.example", "sub": "44"}
    assert sign_on(client).status_code == 302
    made = User.objects.get(email="meihua@elsewhere.example")
    assert made.username == "meihua2"
    assert made.holdings.filter(role__key="read-only").exists()
