"""The pages of custom fields, and the story of one in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from guanxi.catalog.actions import create_product
from guanxi.catalog.models import Product
from guanxi.foundation.custom_fields import values
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.visibility import SYSTEM

Make = Callable[..., CustomField]
PAGES = ["/fields/", "/fields/new/", "/fields/{pk}/", "/fields/{pk}/outlook/?kind=text"]


@pytest.mark.parametrize("address", PAGES)
def test_only_those_who_may_see_the_pages(address: str, field: Make, staff_client: Client, stranger: Any) -> None:
    made = field("catalog.product", "extra", "choice")
    assert staff_client.get(address.format(pk=made.pk)).status_code == 200
    other = Client()
    other.force_login(stranger)
    assert other.get(address.format(pk=made.pk)).status_code == 403


@pytest.mark.parametrize("what", ["archive", "restore", "retype", "replace", "destroy"])
def test_only_those_who_may_change_anything(what: str, field: Make, stranger: Any) -> None:
    made = field("catalog.product", "extra", "text")
    other = Client()
    other.force_login(stranger)
    assert other.post(f"/fields/{made.pk}/{what}/", {"kind": "number", "count": 0}).status_code == 403
    made.refresh_from_db()
    assert (made.kind, made.archived_at) == ("text", None)


def test_a_wrong_form_keeps_what_was_typed(staff_client: Client, db: None) -> None:
    sent = {"object_type": "catalog.product", "kind": "number", "name.en": "Share", "least": "9", "most": "1"}
    answer = staff_client.post("/fields/new/", sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "The least is above the most." in page
    assert 'value="Share"' in page


def test_a_double_click_adds_one_field(staff_client: Client, db: None) -> None:
    sent = {"object_type": "catalog.product", "kind": "text", "name.en": "Origin", "once": "token-1"}
    assert staff_client.post("/fields/new/", sent).status_code == 302
    assert staff_client.post("/fields/new/", sent).status_code == 302
    assert CustomField.objects.count() == 1


def test_removing_restoring_and_deleting(field: Make, staff_client: Client) -> None:
    made = field("catalog.product", "extra", "text")
    product = create_product(by=SYSTEM, code="P1", name="Tea")
    values.set_values(product, {"extra": "a"}, by=SYSTEM)
    staff_client.post(f"/fields/{made.pk}/archive/")
    assert "Extra" not in staff_client.get(f"/products/{product.pk}/").content.decode()
    assert "Removed" in staff_client.get("/fields/?type=catalog.product").content.decode()
    staff_client.post(f"/fields/{made.pk}/restore/")
    assert "Extra" in staff_client.get(f"/products/{product.pk}/").content.decode()
    staff_client.post(f"/fields/{made.pk}/archive/")
    told = staff_client.post(f"/fields/{made.pk}/destroy/", {"count": "7"}, follow=True).content.decode()
    assert "1 records have a value" in told or "1 record" in told
    staff_client.post(f"/fields/{made.pk}/destroy/", {"count": "1"})
    assert not CustomField.objects.exists()
    product.refresh_from_db()
    assert not product.custom


def test_the_pages_ask_few_questions(field: Make, staff_client: Client, django_assert_max_num_queries: Any) -> None:
    made = [field("catalog.product", f"extra_{number}", "choice") for number in range(12)]
    with django_assert_max_num_queries(12):
        staff_client.get("/fields/?type=catalog.product")
    with django_assert_max_num_queries(16):
        staff_client.get(f"/fields/{made[-1].pk}/")


def test_sections_stand_on_the_record_and_in_the_form(field: Make, staff_client: Client) -> None:
    field("catalog.product", "extra", "text", section="Storing", required=True)
    field("catalog.product", "shelf", "text", section="Storing")
    product = create_product(by=SYSTEM, code="P1", name="Tea")
    values.set_values(product, {"extra": "dry"}, by=SYSTEM)
    page = staff_client.get(f"/products/{product.pk}/").content.decode()
    known, unknown = page.split("facts-unknown", 1)
    assert known.index(">Tea<") < known.index('<h3 class="facts-section">Storing</h3>') < known.index("dry")
    assert unknown.index('<h3 class="facts-section">Storing</h3>') < unknown.index("Shelf")
    form = staff_client.get("/products/new/").content.decode()
    assert form.index('name="name"') < form.index("<legend>Storing</legend>") < form.index('name="custom.extra"')
    assert "custom.shelf" not in form


@pytest.mark.browser
def test_a_field_is_added_used_retyped_and_removed(staff_page: Any, db: None) -> None:
    create_product(by=SYSTEM, code="P1", name="Oolong tea")
    page = staff_page
    page.goto("/fields/?type=catalog.product")
    page.get_by_role("link", name="New field").first.click()
    page.get_by_label("Kind").select_option("choice")
    page.get_by_label("Name in English").first.fill("Grade")
    rows = page.locator(".choice-row")
    rows.nth(0).get_by_label("Name in English").fill("Silver")
    page.get_by_role("button", name="One more choice").click()
    rows.nth(1).get_by_label("Name in English").fill("Gold")
    page.locator("#field-preview select option", has_text="Gold").wait_for(state="attached")
    rows.nth(1).get_by_label("One place up").click()
    with page.expect_response("**/fields/preview/"):
        page.get_by_label("stands in lists").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The field is there now").wait_for()
    assert [one["code"] for one in CustomField.objects.get().choice_list] == ["gold", "silver"]
    product = Product.objects.get()
    page.goto(f"/products/{product.pk}/")
    page.locator("details.facts-unknown summary").click()
    page.locator('[data-fact="custom.grade"] .fact-value').click()
    page.locator('[data-fact="custom.grade"] select').select_option("gold")
    page.locator('[data-fact="custom.grade"] button.btn-primary').click()
    page.locator('[data-fact="custom.grade"] .pill', has_text="Gold").wait_for()
    page.goto("/products/?f.custom.grade=gold")
    page.get_by_role("link", name="Oolong tea").wait_for()
    page.goto(f"/fields/{CustomField.objects.get().pk}/")
    page.locator("#f-retype").select_option("text")
    page.get_by_role("button", name="Retype to Text").click()
    page.get_by_text("It is retyped").wait_for()
    product.refresh_from_db()
    assert product.custom == {"grade": "Gold"}
