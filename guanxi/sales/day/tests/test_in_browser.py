"""A day worked off by keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from guanxi.foundation import clock
from guanxi.foundation.models import User
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.sales.deals.models import Deal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_one_key_does_it_and_opens_the_next(staff: User, staff_page: Any, make: Callable[..., Deal]) -> None:
    for number, what in enumerate(("first", "second", "third")):
        due = clock.today() + timedelta(days=number)
        todos.add(what, record=make(what.title(), owner=staff), is_next=True, by=staff, due_on=due)
    page = staff_page
    page.goto("/day/")
    chosen = page.locator("[data-line].current")
    chosen.filter(has_text="first").wait_for()
    page.keyboard.press("j")
    chosen.filter(has_text="second").wait_for()
    page.keyboard.press("k")
    page.keyboard.press("d")
    chosen.filter(has_text="second").wait_for()
    chosen.get_by_role("link", name="Acme Ltd").wait_for()  # it is opened, too
    assert [todo.what for todo in Todo.objects.filter(done_at__isnull=False)] == ["first"]
    page.keyboard.press("d")
    chosen.filter(has_text="third").wait_for()
    page.keyboard.press("u")
    chosen.filter(has_text="second").wait_for()
    assert [todo.what for todo in Todo.objects.filter(done_at__isnull=False)] == ["first"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/deals/*/")
