"""Getting in and out: log-in, log-out, rate limit, passwords."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from guanxi.foundation.models import AuditEntry, User

LOG_IN = "/accounts/login/"
PASSWORD = "relation-8-ship"

pytestmark = pytest.mark.django_db


def log_in(client: Client, login: str, password: str = PASSWORD, **more: str):
    return client.post(LOG_IN, {"login": login, "password": password, **more})


def logged_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.parametrize("login", ["meihua", "meihua@example.com", "MEIHUA@example.com"])
def test_staff_log_in_by_name_or_mail(client: Client, staff: User, login: str) -> None:
    answer = log_in(client, login, next="/account/")

    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert "陳 美華" in client.get("/account/").content.decode()
    entry = AuditEntry.objects.get(action="accounts.log_in")
    assert (entry.actor, entry.actor_name, entry.object_id) == (staff, "陳 美華", staff.pk)


def test_log_in_leads_to_no_other_site(client: Client, staff: User) -> None:
    assert log_in(client, "meihua", next="https://elsewhere.example/")["Location"] == "/"


def test_wrong_password_says_so_keeps_the_name_and_is_audited(client: Client, staff: User) -> None:
    answer = log_in(client, "meihua", "wrong")

    page = answer.content.decode()
    assert 'value="meihua"' in page
    assert 'role="alert"' in page
    assert "wrong" not in page
    assert not logged_in(client)
    entry = AuditEntry.objects.get(action="accounts.log_in_failed")
    assert (entry.actor, entry.object_label) == (None, "meihua")
    assert "wrong" not in str(entry.changes)


def test_after_five_failures_even_the_right_password_has_to_wait(client: Client, staff: User) -> None:
    for _ in range(5):
        log_in(client, "meihua", "wrong")

    page = log_in(client, "meihua").content.decode()

    assert "Too many" in page
    assert not logged_in(client)


def test_who_does_not_work_here_is_refused_at_the_door(client: Client, stranger: User) -> None:
    page = log_in(client, "stranger").content.decode()

    assert "no access here" in page
    assert not logged_in(client)


def test_who_no_longer_works_here_sees_nothing(client: Client, staff: User) -> None:
    client.force_login(staff)
    User.objects.filter(pk=staff.pk).update(is_staff=False)

    answer = client.get("/account/")

    assert answer.status_code == 403
    assert "no right to this page" in answer.content.decode()


def test_a_page_leads_to_log_in_and_back(client: Client) -> None:
    assert client.get("/account/?a=1")["Location"] == "/accounts/login/?next=/account/%3Fa%3D1"


def test_a_part_of_a_page_leads_the_whole_page_to_log_in(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/account/"}

    answer = client.get("/notifications/", headers=headers)

    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/accounts/login/?next=%2Faccount%2F")


def test_log_out(staff_client: Client, staff: User) -> None:
    assert staff_client.get("/accounts/logout/").status_code == 200
    assert logged_in(staff_client), "a mere link must not log anybody out"

    answer = staff_client.post("/accounts/logout/")

    assert answer["Location"] == LOG_IN
    assert not logged_in(staff_client)
    assert AuditEntry.objects.get(action="accounts.log_out").actor == staff


def test_nobody_signs_up(client: Client) -> None:
    answer = client.post(
        "/accounts/signup/", {"username": "new", "email": "n@example.com", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert "made by an administrator" in answer.content.decode()
    assert not User.objects.exists()


def test_password_change_shows_the_rules_and_holds_them(staff_client: Client, staff: User) -> None:
    assert "at least 10 characters" in staff_client.get("/accounts/password/change/").content.decode()

    weak = {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    assert "too short" in staff_client.post("/accounts/password/change/", weak).content.decode()

    good = {"oldpassword": PASSWORD, "password1": "牡丹 and 11 cranes", "password2": "牡丹 and 11 cranes"}
    assert staff_client.post("/accounts/password/change/", good).status_code == 302
    staff.refresh_from_db()
    assert staff.check_password("牡丹 and 11 cranes")


def test_password_reset_by_mail(client: Client, staff: User, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.post("/accounts/password/reset/", {"email": "meihua@example.com"})
    link = re.search(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)
    assert link

    form = client.get(link[0], follow=True)
    path = form.redirect_chain[-1][0]
    client.post(path, {"password1": "牡丹 and 11 cranes", "password2": "牡丹 and 11 cranes"})

    staff.refresh_from_db()
    assert staff.check_password("牡丹 and 11 cranes")
    assert "no longer works" in Client().get(link[0], follow=True).content.decode()


def test_password_reset_tells_nobody_who_has_an_account(client: Client, staff: User, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    known = client.post("/accounts/password/reset/", {"email": "meihua@example.com"})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert known["Location"] == unknown["Location"] == "/accounts/password/reset/done/"
    assert [message.to for message in mail.outbox] == [["meihua@example.com"]]


def test_too_many_resets_get_a_page_of_our_own(client: Client, db: None, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    def ask() -> Any:
        return client.post("/accounts/password/reset/", {"email": "meihua@example.com"})

    answer = next((refused for refused in (ask() for _ in range(30)) if refused.status_code == 429), ask())

    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    assert "guanxi.css" in answer.content.decode()
