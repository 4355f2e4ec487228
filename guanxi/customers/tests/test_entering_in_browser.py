"""Entering by hand in a real browser, by keyboard: a colleague of a customer, from his organisation's page."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.customers import actions
from guanxi.customers.models import Party, Relationship
from guanxi.foundation.models import Notification, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_colleague_is_made_by_keyboard_with_note_file_tag_and_task(
    staff_page: Any, staff: User, settings: Any
) -> None:
    settings.GUANXI_COUNTRY = "TW"
    bakery = actions.create_party(by=staff, kind="organisation", name="陳記麵包店")
    actions.create_party(by=staff, name="王美玲", phone="+886 912 345 678")
    User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True)
    page = staff_page
    page.goto(f"/customers/{bakery.pk}/")
    page.keyboard.press("n")
    form = page.locator("#quick form.entry")
    form.get_by_label("Name", exact=False).first.wait_for()
    assert form.get_by_label("陳記麵包店").is_checked()
    page.wait_for_function("document.activeElement?.name === 'name'")
    page.keyboard.type("李小明")
    form.get_by_label("Telephone", exact=True).focus()
    page.keyboard.type("0912345678", delay=15)
    form.get_by_text("+886 912 345 678 · mobile · Taiwan").wait_for()
    assert form.get_by_label("Telephone", exact=True).input_value() == "0912 345 678"
    form.get_by_text("Known already?").wait_for()
    form.get_by_role("link", name="王美玲").wait_for()
    page.keyboard.press("Control+Enter")
    form.get_by_label("It is somebody else").check()
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="李小明").wait_for()
    party = Party.objects.get(name="李小明")
    assert Relationship.objects.get(party=party).other == bakery

    notes = page.locator("#notes")
    notes.get_by_label("Note").press_sequentially("請 @ya")
    notes.get_by_role("option", name="雅婷").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.type("回電")
    page.keyboard.press("Control+Enter")
    notes.get_by_text("@李 雅婷").wait_for()
    assert Notification.objects.filter(user__username="yating").count() == 1

    page.locator("#files input[type='file']").set_input_files(
        [{"name": "報價.txt", "mimeType": "text/plain", "buffer": "一".encode()}]
    )
    page.locator("#files").get_by_role("link", name="報價.txt").wait_for()
    page.locator("#tags").get_by_label("Add a tag").fill("重要")
    page.keyboard.press("Enter")
    page.locator("#tags").get_by_text("重要").wait_for()
    todos = page.locator("#todos")
    todos.get_by_role("button", name="Add a task").click()
    todos.get_by_label("What").fill("送貨")
    page.keyboard.press("Enter")
    todos.get_by_role("button", name="Done: 送貨").click()
    todos.locator(".todo-done").wait_for()

    page.keyboard.press("Control+k")
    page.keyboard.type("new organ")
    page.get_by_role("option", name="New organisation").wait_for()
    page.keyboard.press("Enter")
    form.get_by_label("Name", exact=False).first.wait_for()
    form.get_by_label("Country", exact=True).select_option("DE")
    form.get_by_label("City").wait_for()
    assert form.get_by_label("Works at").count() == 0
