"""First steps know by themselves whether they are done, lead to their place, and go once all are done or dismissed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.steps import Step, actions, declaration, queries
from guanxi.foundation.steps.models import SettledStep


def open_steps(user: User) -> set[str]:
    return {line.step.slug for line in queries.lines(user) if not line.done}


def test_a_step_is_done_when_the_thing_is_done(staff: User, settings: Any) -> None:
    assert {"business", "mail", "import", "dashboard"} <= open_steps(staff)
    settings.EMAIL_HOST = "mail.example.com"
    assert "mail" not in open_steps(staff)
    assert "address" not in open_steps(staff), "the account has one"
    User.objects.filter(pk=staff.pk).update(email="")
    assert "address" in open_steps(User.objects.get(pk=staff.pk))


def test_a_step_of_the_house_is_settled_for_all_and_a_personal_one_for_oneself(staff: User, db: None) -> None:
    other = User.objects.create_user("zhiming", "zhiming@example.com", "relation-8-ship", is_staff=True)
    actions.settle("business", by=staff)
    actions.settle("dashboard", by=staff, dismissed=True)
    actions.settle("dashboard", by=staff, dismissed=True)
    assert SettledStep.objects.count() == 2
    assert "business" not in open_steps(other)
    assert "dashboard" in open_steps(other)
    assert "dashboard" not in {line.step.slug for line in queries.lines(staff)}, "dismissed: not shown at all"
    with pytest.raises(Refused):
        actions.settle("nothing", by=staff)


def test_today_shows_them_until_all_is_done(home: Any, staff_client: Client, staff: User) -> None:
    page = staff_client.get("/").content.decode()
    assert "First steps" in page and "/first-steps/import/" in page
    assert staff_client.get("/first-steps/import/").url == "/imports/start/"
    assert staff_client.get("/first-steps/nothing/").url == "/"
    assert "GUANXI_TIME_ZONE" in staff_client.get("/first-steps/business/").content.decode()
    staff_client.post("/first-steps/business/settle/")
    assert "business" not in open_steps(staff)
    for step in declaration.all():
        staff_client.post(f"/first-steps/{step.slug}/settle/", {"as": "dismissed"})
    assert queries.section(staff) is None
    assert "First steps" not in staff_client.get("/").content.decode()


def test_another_package_adds_a_step(staff: User) -> None:
    step = Step("till", "Connect the till", "It sells.", "/", "cash", done=lambda viewer: False)
    with hooks.registered("first_step", step):
        assert "till" in open_steps(staff)
    assert "till" not in open_steps(staff)


def test_the_list_costs_few_questions(staff: User, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        queries.section(staff)
