"""Users and their API tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.foundation import people
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import ApiToken, AuditEntry, User
from guanxi.foundation.visibility import SYSTEM, NotAllowed

pytestmark = pytest.mark.django_db


def test_create_user() -> None:
    user = people.create_user("yating", "牡丹 and 11 cranes", by=SYSTEM, first_name="雅婷", last_name="李")

    assert user.is_staff
    assert user.check_password("牡丹 and 11 cranes")
    assert str(user) == "李 雅婷"
    entry = AuditEntry.objects.get(action="foundation.people.create_user")
    assert entry.object_id == user.pk
    assert "password" not in entry.changes


def test_create_user_refuses_a_weak_password_and_a_taken_name(staff: User) -> None:
    with pytest.raises(Refused) as weak:
        people.create_user("yating", "12345", by=SYSTEM)
    assert weak.value.field == "password"

    with pytest.raises(Refused) as taken:
        people.create_user("meihua", "牡丹 and 11 cranes", by=SYSTEM)
    assert taken.value.field == "username"


def test_set_password_leaves_a_trace_but_not_the_secret(staff: User) -> None:
    people.set_password(staff, "牡丹 and 11 cranes", by=SYSTEM)

    staff.refresh_from_db()
    assert staff.check_password("牡丹 and 11 cranes")
    assert AuditEntry.objects.get(action="foundation.people.set_password").changes == {"password": [None, None]}


def test_strangers_do_nothing(staff: User, stranger: User) -> None:
    with pytest.raises(NotAllowed):
        people.set_password(staff, "牡丹 and 11 cranes", by=stranger)
    with pytest.raises(NotAllowed):
        people.create_token(staff, by=stranger)


def test_two_people_cannot_share_a_mail_address(staff: User, stranger: User) -> None:
    with pytest.raises(Refused) as refused:
        people.set_profile(staff, by=staff, first_name="", last_name="", email="Stranger@example.com")
    assert refused.value.field == "email"


def test_life_of_a_token(staff: User) -> None:
    token, plain = people.create_token(staff, "till", by=staff)

    assert plain.startswith("gx_")
    assert len(plain) == 43
    assert token.hint == plain[:8]
    assert plain not in str(list(ApiToken.objects.values()))
    assert people.authenticate_token(plain) == staff

    people.revoke_token(token, by=staff)
    assert people.authenticate_token(plain) is None


@pytest.mark.parametrize("plain", ["", "gx_", "gx_" + "A" * 40, "關係", "\x00"])
def test_wrong_tokens_are_nobody(plain: str) -> None:
    assert people.authenticate_token(plain) is None


def test_the_token_of_somebody_who_left_is_worthless(staff: User) -> None:
    _, plain = people.create_token(staff, by=staff)
    User.objects.filter(pk=staff.pk).update(is_active=False)

    assert people.authenticate_token(plain) is None


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(staff: User, django_assert_num_queries) -> None:
    token, plain = people.create_token(staff, by=staff)
    people.authenticate_token(plain)
    with django_assert_num_queries(1):
        people.authenticate_token(plain)

    earlier = timezone.now() - timedelta(minutes=2)
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=earlier)
    with django_assert_num_queries(2):
        people.authenticate_token(plain)
    token.refresh_from_db()
    assert token.last_used_at and token.last_used_at > earlier


# The account page -------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once(staff_client: Client, staff: User) -> None:
    answer = staff_client.post("/account/tokens/", {"name": "收銀機"})

    page = answer.content.decode()
    token = ApiToken.objects.get(user=staff)
    plain = page.split('id="plain-token">')[1].split("<")[0]
    assert people.authenticate_token(plain) == staff
    assert answer["Cache-Control"] == "no-store"

    page = staff_client.get("/account/").content.decode()
    assert "收銀機" in page
    assert token.hint in page
    assert plain not in page

    staff_client.post(f"/account/tokens/{token.pk}/revoke/")
    assert not ApiToken.objects.exists()


def test_a_token_needs_to_say_what_it_is_for(staff_client: Client) -> None:
    answer = staff_client.post("/account/tokens/", {"name": ""})

    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()


def test_nobody_revokes_the_token_of_another(staff_client: Client, stranger: User) -> None:
    token, _ = people.create_token(stranger, by=SYSTEM)

    assert staff_client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_profile(staff_client: Client, staff: User) -> None:
    staff_client.post("/account/", {"first_name": "怡君", "last_name": "林", "email": "yijun@example.com"})

    assert "林 怡君" in staff_client.get("/account/").content.decode()
    staff.refresh_from_db()
    assert staff.email == "yijun@example.com"


def test_a_wrong_mail_address_is_shown_with_what_was_typed(staff_client: Client, staff: User, stranger: User) -> None:
    for wrong in ("yijun@", "stranger@example.com"):
        answer = staff_client.post("/account/", {"first_name": "怡君", "last_name": "林", "email": wrong})

        page = answer.content.decode()
        assert answer.status_code == 422
        assert f'value="{wrong}"' in page
        assert 'value="怡君"' in page
        assert "field-error" in page
    staff.refresh_from_db()
    assert staff.email == "meihua@example.com"
