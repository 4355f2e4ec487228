"""Second factors, locks, invitations, sessions: through the pages, allowed and denied."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from click.testing import CliRunner
from django.core import mail
from django.test import Client
from django.utils import timezone

from guanxi.foundation.access import actions, factors
from guanxi.foundation.access.models import Invitation, Lock, Rules
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.project.cli.people import user as user_command

LOG_IN = "/accounts/login/"
PASSWORD = "relation-8-ship"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Any:
    factors.forget()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    yield
    factors.forget()


def log_in(client: Client, password: str = PASSWORD, login: str = "meihua", **more: Any) -> Any:
    return client.post(LOG_IN, {"login": login, "password": password}, **more)


def logged_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def code_of(secret: str, step: int = 0) -> str:
    """What the app on the telephone shows."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + step)))


def confirm(client: Client) -> None:
    """Write the password once more, as is asked before whatever changes how one gets in."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def set_up_codes(client: Client) -> str:
    """Set up an app as people do; its secret."""
    assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith("/accounts/reauthenticate/")
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = page.split('id="totp-secret">')[1].split("<")[0]
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


# Second factors -------------------------------------------------------------------------------------------------------


def test_codes_of_an_app_from_setting_up_to_removing(
    client: Client, staff: User, django_capture_on_commit_callbacks: Any
) -> None:
    log_in(client)
    with django_capture_on_commit_callbacks(execute=True):
        secret = set_up_codes(client)
    stored = Authenticator.objects.get(type="totp")
    assert secret not in str(stored.data)
    assert AuditEntry.objects.filter(action="accounts.factor_added").exists()
    assert len(re.findall(r'<li class="code">\d+', client.get("/accounts/2fa/recovery-codes/").content.decode())) == 10

    fresh = Client()
    assert log_in(fresh)["Location"] == "/accounts/2fa/authenticate/"
    assert not logged_in(fresh)
    wrong = fresh.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "This code is wrong" in wrong.content.decode()
    assert fresh.post("/accounts/2fa/authenticate/", {"code": code_of(secret, 1)}).status_code == 302
    assert logged_in(fresh)

    confirm(fresh)
    fresh.post("/accounts/2fa/totp/deactivate/")
    assert not factors.has(staff)
    assert AuditEntry.objects.filter(action="accounts.factor_removed").exists()


def test_a_code_counts_once_and_a_recovery_code_too(client: Client, staff: User) -> None:
    log_in(client)
    secret = set_up_codes(client)
    used, recovery = code_of(secret, 1), Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    for value, expected in ((used, True), (used, False), (recovery, True), (recovery, False)):
        fresh = Client()
        log_in(fresh)
        fresh.post("/accounts/2fa/authenticate/", {"code": value})
        assert logged_in(fresh) is expected, value
    assert AuditEntry.objects.filter(action="accounts.recovery_code_used").count() == 1
    assert AuditEntry.objects.filter(action="accounts.factor_failed").count() == 2


def test_wrong_codes_lock_the_account(client: Client, staff: User) -> None:
    log_in(client)
    secret = set_up_codes(client)
    fresh = Client()
    log_in(fresh)
    for _ in range(5):
        fresh.post("/accounts/2fa/authenticate/", {"code": "000000"})
    said = fresh.post("/accounts/2fa/authenticate/", {"code": code_of(secret, 1)}).content.decode()
    assert "Too many" in said
    assert not logged_in(fresh)
    assert Lock.objects.get(kind="account").until


def test_a_second_factor_for_everybody(client: Client, staff: User) -> None:
    with pytest.raises(Refused, match="of your own first"):
        actions.set_rules(second_factor=True, by=staff)
    other = User.objects.create_user("yating", "y@example.com", PASSWORD, is_staff=True)
    log_in(client)
    set_up_codes(client)
    answer = client.post("/access/rules/", {"second_factor": "on"})
    assert answer.status_code == 302
    assert Rules.objects.get().second_factor
    assert logged_in(client)  # who has one goes on

    her = Client()
    log_in(her, login="yating")
    assert her.get("/customers/")["Location"] == "/accounts/2fa/"
    assert her.get("/customers/", headers={"HX-Request": "true"})["HX-Redirect"] == "/accounts/2fa/"
    assert her.get("/api/v1/parties").status_code == 403
    assert "Set one up to go on" in her.get("/accounts/2fa/").content.decode()
    set_up_codes(her)
    assert logged_in(her)
    refused = her.post("/accounts/2fa/totp/deactivate/")
    assert "add another one first" in refused.content.decode()
    assert factors.has(other)


def test_an_administrator_takes_away_a_lost_factor(client: Client, staff: User) -> None:
    log_in(client)
    set_up_codes(client)
    admin = User.objects.create_user("admin", "a@example.com", PASSWORD, is_staff=True)
    desk = Client()
    desk.force_login(admin)
    page = desk.get(f"/access/{staff.pk}/").content.decode()
    assert "Codes of an app" in page and "10 recovery codes left" in page
    assert "Codes of an app" in desk.get("/access/").content.decode()
    assert "meihua" in desk.get("/access/?f.factors=totp").content.decode()
    assert "meihua" not in desk.get("/access/?f.factors=none").content.decode().split("<tbody")[1]

    desk.post(f"/access/{staff.pk}/factors/reset/")

    assert not Authenticator.objects.exists()
    assert not logged_in(client)  # everywhere
    entry = AuditEntry.objects.get(action="foundation.access.reset_factors")
    assert (entry.actor, entry.object_id) == (admin, staff.pk)


def test_the_command_line_lets_the_last_administrator_in_again(client: Client, staff: User) -> None:
    log_in(client)
    set_up_codes(client)
    for _ in range(5):
        log_in(Client(), "wrong")
    done = CliRunner().invoke(user_command, ["meihua", "--reset-factors"])
    assert "Took 2 second factors" in done.output
    fresh = Client()
    log_in(fresh)
    assert logged_in(fresh)
    assert CliRunner().invoke(user_command, ["nobody", "--reset-factors"]).exit_code == 1


# Locks ----------------------------------------------------------------------------------------------------------------


def test_an_account_is_locked_and_unlocked_by_an_administrator_or_by_time(client: Client, staff: User) -> None:
    for login in ("meihua", "MEIHUA@example.com", "meihua", "meihua", "meihua"):  # name and mail count together
        log_in(Client(), "wrong", login)
    assert "Too many failed attempts" in log_in(client).content.decode()
    lock = Lock.objects.get(kind="account")
    assert AuditEntry.objects.filter(action="accounts.locked", object_label="meihua").exists()
    admin = User.objects.create_user("admin", "a@example.com", PASSWORD, is_staff=True)
    desk = Client()
    desk.force_login(admin)
    assert "meihua" in desk.get("/access/rules/").content.decode()
    assert "Locked until" in desk.get(f"/access/{staff.pk}/").content.decode()
    desk.post(f"/access/locks/{lock.pk}/unlock/")
    log_in(client)
    assert logged_in(client)

    for _ in range(5):
        log_in(Client(), "wrong")
    Lock.objects.update(until=timezone.now() - timedelta(seconds=1))
    later = Client()
    log_in(later)
    assert logged_in(later)


def test_an_address_is_locked_for_all_accounts_but_others_go_on(client: Client, staff: User, settings: Any) -> None:
    settings.GUANXI_LOCK_ADDRESS_AFTER = 4
    for number in range(4):
        log_in(Client(REMOTE_ADDR="203.0.113.9"), "wrong", f"guess{number}")
    assert "Too many" in log_in(Client(REMOTE_ADDR="203.0.113.9")).content.decode()
    log_in(client)
    assert logged_in(client)


def test_behind_a_proxy_the_address_is_what_our_proxy_saw(staff: User, settings: Any) -> None:
    settings.GUANXI_PROXIES = 1
    made_up = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    log_in(Client(REMOTE_ADDR="10.0.0.2"), "wrong", headers=made_up)
    assert AuditEntry.objects.get(action="accounts.log_in_failed").address == "203.0.113.9"
    assert Lock.objects.get(kind="address").key == "203.0.113.9"


def test_success_ends_the_count(client: Client, staff: User) -> None:
    for _ in range(4):
        log_in(Client(), "wrong")
    log_in(client)
    log_in(Client(), "wrong")
    fresh = Client()
    log_in(fresh)
    assert logged_in(fresh)


# Invitations ----------------------------------------------------------------------------------------------------------


def link_in_mail() -> str:
    found = re.search(r"/accounts/invitation/\S+", mail.outbox[-1].body)
    assert found
    return found[0]


ANSWER = {
    "first_name": "雅婷",
    "last_name": "李",
    "username": "yating",
    "password": "牡丹 and 11 cranes",
    "again": "牡丹 and 11 cranes",
}


def test_a_colleague_is_invited_and_comes_in_once(staff_client: Client, staff: User) -> None:
    form = {"email": "yating@example.com", "role": "sales", "language": "zh-hant"}
    assert staff_client.post("/access/invite/", form)["Location"] == "/access/rules/"
    link = link_in_mail()
    guest = Client()
    assert "yating@example.com" in guest.get(link).content.decode()
    weak = guest.post(link, {**ANSWER, "password": "short", "again": "short"})
    assert weak.status_code == 422 and "too short" in weak.content.decode()
    unlike = guest.post(link, {**ANSWER, "again": "other"})
    assert unlike.status_code == 422 and "not the same" in unlike.content.decode()
    taken = guest.post(link, {**ANSWER, "username": "meihua"})
    assert taken.status_code == 422
    assert guest.post(link, ANSWER)["Location"] == "/"
    assert logged_in(guest)
    user = User.objects.get(username="yating")
    assert (user.email, user.language) == ("yating@example.com", "zh-hant")
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert user.holdings.filter(role__key="sales").exists()
    assert guest.get("/customers/").status_code == 200
    assert Client().get(link).status_code == 410
    assert Client().post(link, {**ANSWER, "username": "again"}).status_code == 410


def test_only_who_hands_out_roles_lets_an_invitation_carry_one(colleague: Any) -> None:
    made = roles.create_role("Doorkeeper", by=SYSTEM)
    roles.edit_role(made.pk, {"grants": {"people": {"view": "all", "create": "all", "edit": "all"}}}, by=SYSTEM)
    keeper = colleague("keeper")
    roles.give_roles(keeper, [made], by=SYSTEM)
    client = Client()
    client.force_login(keeper)
    assert 'name="role"' not in client.get("/access/invite/").content.decode()
    with pytest.raises(Refused):
        actions.invite("yating@example.com", role="administrator", by=keeper)
    assert actions.invite("yating@example.com", by=keeper).role == ""
    admin = User.objects.create_user("chief", "c@example.com", PASSWORD, is_staff=True)
    with pytest.raises(NotAllowed):
        actions.reset_factors(admin, by=keeper)
    with pytest.raises(Refused, match="your own"):
        actions.reset_factors(keeper, by=keeper)


def test_colleagues_without_the_right_administer_nothing(colleague: Any, staff: User) -> None:
    client = Client()
    client.force_login(colleague("wang", "sales"))
    for address in ("/access/", "/access/rules/", "/access/invite/", f"/access/{staff.pk}/"):
        assert client.get(address).status_code == 403, address
    for address in (f"/access/{staff.pk}/factors/reset/", f"/access/{staff.pk}/sessions/end/"):
        assert client.post(address).status_code == 403, address
    assert "/access/" not in client.get("/account/").content.decode()


@pytest.mark.parametrize("how", ["expired", "withdrawn", "sent again", "changed"])
def test_a_link_that_no_longer_counts(staff_client: Client, how: str) -> None:
    staff_client.post("/access/invite/", {"email": "yating@example.com", "role": "sales", "language": "en"})
    link, row = link_in_mail(), Invitation.objects.get()
    if how == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "withdrawn":
        staff_client.post(f"/access/invitations/{row.pk}/withdraw/")
    elif how == "sent again":
        staff_client.post(f"/access/invitations/{row.pk}/again/")
        assert Client().get(link_in_mail()).status_code == 200
    else:
        link = link[:-3] + "xx/"
    assert Client().get(link).status_code == 410
    assert Client().post(link, ANSWER).status_code == 410
    assert not User.objects.filter(username="yating").exists()


def test_who_cannot_be_invited(staff: User) -> None:
    for email in ("meihua@example.com", "no address"):
        with pytest.raises(Refused) as refused:
            actions.invite(email, role="sales", by=SYSTEM)
        assert refused.value.field == "email"
    with pytest.raises(Refused) as refused:
        actions.invite("y@example.com", role="emperor", by=SYSTEM)
    assert refused.value.field == "role"


def test_a_mail_server_that_is_down_invites_nobody(staff_client: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = staff_client.post("/access/invite/", {"email": "yating@example.com", "role": "sales", "language": "en"})
    assert answer.status_code == 422 and "could not be sent" in answer.content.decode()
    assert not Invitation.objects.exists()


# Sessions -------------------------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended(staff: User) -> None:
    chrome = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    here, there = Client(), Client(headers={"User-Agent": chrome})
    log_in(here)
    log_in(there)
    page = here.get("/account/").content.decode()
    assert "Chrome on Windows" in page
    session = UserSession.objects.get(user_agent=chrome)
    here.post("/account/sessions/end/", {"session": session.pk})
    assert logged_in(here) and not logged_in(there)

    log_in(there)
    here.post("/account/sessions/end/")
    assert logged_in(here) and not logged_in(there)
    assert AuditEntry.objects.filter(action="foundation.access.end_sessions").count() == 2

    admin = User.objects.create_user("admin", "a@example.com", PASSWORD, is_staff=True)
    desk = Client()
    desk.force_login(admin)
    desk.post(f"/access/{staff.pk}/sessions/end/")
    assert not logged_in(here)


def test_nobody_ends_the_session_of_another(staff: User) -> None:
    other = User.objects.create_user("yating", "y@example.com", PASSWORD, is_staff=True)
    hers, his = Client(), Client()
    log_in(hers, login="yating")
    log_in(his)
    session = UserSession.objects.get(user=other)
    his.post("/account/sessions/end/", {"session": session.pk})
    assert logged_in(hers)


def test_strangers_administer_nothing(client: Client, staff: User, stranger: User) -> None:
    client.force_login(stranger)
    lock = Lock.objects.create(kind="account", key="user:1", label="x", until=timezone.now() + timedelta(hours=1))
    for address in ("/access/rules/", "/access/invite/", "/access/"):
        assert client.get(address).status_code == 403
    for address in (f"/access/locks/{lock.pk}/unlock/", f"/access/{staff.pk}/factors/reset/"):
        assert client.post(address).status_code == 403
    for act in (
        lambda: actions.set_rules(second_factor=True, by=stranger),
        lambda: actions.unlock(lock, by=stranger),
        lambda: actions.reset_factors(staff, by=stranger),
        lambda: actions.end_sessions(staff, by=stranger),
        lambda: actions.invite("y@example.com", by=stranger),
    ):
        with pytest.raises(NotAllowed):
            act()
