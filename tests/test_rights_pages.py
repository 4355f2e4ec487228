"""The pages of roles, teams and sharing, in a browser: give a role, and what it hides is gone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.foundation.roles import ready_made
from guanxi.foundation.roles.models import Role
from guanxi.foundation.visibility import SYSTEM

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_an_administrator_gives_a_role_and_shares_a_record(staff_page: Any, colleague: Any) -> None:
    rep = colleague("rep", "sales", first_name="雅婷", last_name="李")
    party = customers.create_party(name="王美玲", occupation="Clockmaker", by=SYSTEM)
    role = Role.objects.get(key=ready_made.SALES)

    staff_page.goto(f"/roles/{role.pk}/")
    staff_page.select_option("select[name='customers.edit']", "own")
    staff_page.click(".matrix-foot button")
    staff_page.wait_for_selector("select[name='customers.edit'].own")
    staff_page.select_option("select[name='field']", "customers.party:occupation")
    staff_page.click(".field-rule-new:has(select[name='rule']) button")
    staff_page.wait_for_selector("text=Occupation")
    staff_page.goto(f"/customers/{party.pk}/")
    staff_page.click("#sharing summary")
    staff_page.select_option("#sharing select[name='with']", f"user:{rep.pk}")
    staff_page.click("#sharing form button")
    staff_page.wait_for_selector("#sharing .lines >> text=雅婷")

    role.refresh_from_db()
    assert role.grants["customers"]["edit"] == "own"
    assert role.fields == {"customers.party": {"occupation": "hidden"}}
    his = Client()
    his.force_login(rep)
    page = his.get(f"/customers/{party.pk}/").content.decode()
    assert "王美玲" in page
    assert "Clockmaker" not in page
