"""In a browser: thirty rows edited together, two of them changed by a colleague meanwhile, and the whole undone."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from playwright.sync_api import Page, expect

from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Party: Any = apps.get_model("customers", "Party")


@pytest.fixture
def customers(live_app: str, staff: User) -> list[Any]:
    """Seventy: thirty of Kaohsiung, forty of Taipei."""
    made = [Party(name=f"客戶{number:02}", city="高雄" if number < 30 else "臺北") for number in range(70)]
    return list(Party.objects.bulk_create(made))


def test_select_edit_undo(staff_page: Page, customers: list[Any]) -> None:
    page = staff_page
    page.goto("/customers/?f.city=高雄")
    page.locator("[data-choose-all]").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("30 selected")
    page.locator("[data-bulk-bar]").get_by_role("button", name="Edit").click()
    dialog = page.locator("#bulk-edit")
    expect(dialog.get_by_text("30 selected")).to_be_visible()
    dialog.get_by_label("Field").select_option("city")
    value = dialog.locator("[name='edit.value.city']")
    expect(value).to_be_focused()
    value.fill("臺南")
    dialog.get_by_label("Field").select_option("occupation")
    dialog.get_by_role("button", name="Leave “Occupation” as it is").click()
    dialog.locator(".dialog-actions").get_by_role("button", name="Edit").click()
    toast = page.locator(".toast-line", has_text="30 records changed.")
    expect(toast).to_be_visible()
    assert Party.objects.filter(city="臺南").count() == 30

    other = User.objects.create_user("yating", is_staff=True)
    from guanxi.customers.actions import edit_party

    for row in customers[:2]:
        edit_party(row.pk, {"city": "花蓮"}, by=other)
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast-line", has_text="2 were kept, because they were changed since.")).to_be_visible()
    assert Party.objects.filter(city="高雄").count() == 28
    page.locator(".toast-line").get_by_role("link", name="Details").click()
    expect(page.locator("main")).to_contain_text("花蓮")
    expect(page.locator("main")).to_contain_text("28 records are as they were.")

    # All that match, also those that are not shown.
    page.goto("/customers/?f.kind=person")
    page.locator("[data-choose-all]").check()
    page.get_by_role("button", name="Choose all that match the filter").click()
    expect(page.locator("[data-chosen-all]")).to_have_text("All 70 that match the filter are chosen")
    page.locator("[data-bulk-bar]").get_by_role("button", name="Tag", exact=True).click()
    page.locator("#bulk-tag [name='tag.name']").fill("展覽")
    page.locator("#bulk-tag .dialog-actions").get_by_role("button", name="Tag").click()
    expect(page.locator(".toast-line", has_text="70 records changed.")).to_be_visible()
    assert BulkChange.objects.latest("pk").changed == 70


def test_cells_keys_favourites_and_neighbours(staff_page: Page, customers: list[Any]) -> None:
    page = staff_page
    page.goto("/customers/?f.city=高雄")
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator("tr[data-row]").nth(1)
    expect(row.locator("a").first).to_be_focused()
    city = row.locator("td[data-editable='city']")
    city.dblclick()
    box = city.locator("[name='value']")
    expect(box).to_be_focused()
    box.fill("嘉義")
    Party.objects.filter(pk=customers[1].pk).update(city="屏東")
    box.press("Enter")
    expect(city.locator(".conflict")).to_contain_text("屏東")
    expect(city.locator(".conflict")).to_contain_text("嘉義")
    city.get_by_role("button", name="Save mine").click()
    expect(city).to_have_text("嘉義")
    page.keyboard.press("e")  # the first cell of the current row: the name; Tab saves and goes on to the city
    name = row.locator("td[data-editable='name'] [name='value']")
    expect(name).to_be_focused()
    name.fill("王美玲")
    name.press("Tab")
    expect(city.locator("[name='value']")).to_be_focused()
    expect(row.locator("td[data-editable='name']")).to_have_text("王美玲")
    city.locator("[name='value']").press("Escape")
    expect(city).to_have_text("嘉義")
    assert Party.objects.get(pk=customers[1].pk).name == "王美玲"

    page.goto("/customers/?f.city=高雄")
    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("客戶03")
    page.wait_for_load_state()  # a key is heard when the page's scripts are there
    page.keyboard.press("s")
    expect(page.locator("[data-star]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-beside] a[rel='next']")).to_be_visible()
    page.keyboard.press("]")
    expect(page.locator("h1")).to_have_text("客戶04")
    page.wait_for_load_state()
    expect(page.locator("[data-beside] a[rel='prev']")).to_be_visible()
    page.keyboard.press("Control+ArrowLeft")
    expect(page.locator("h1")).to_have_text("客戶03")
    page.wait_for_load_state()
    page.locator("#habits > summary").click()
    expect(page.locator("[data-favourites]")).to_contain_text("客戶03")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-options .option").first).to_contain_text("客戶03")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#all-keys")).to_contain_text("Next row")
    page.locator("#all-keys").get_by_role("button", name="Switch off").click()
    expect(page.locator(".toast-line", has_text="Single keys do nothing any more.")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.keyboard.press("?")
    expect(page.locator("h1")).to_have_text("客戶03")
    expect(page.locator("#all-keys")).to_be_hidden()
