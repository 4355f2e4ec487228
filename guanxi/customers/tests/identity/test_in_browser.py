"""The queue by keyboard, merging three by hand, undoing, and where a value comes from, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.customers import actions
from guanxi.customers.models import MatchPair, Merge, Party
from guanxi.customers.tests.identity.conftest import Propose
from guanxi.foundation.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_three_pairs_are_decided_by_keyboard_and_three_merged_by_hand(
    staff_page: Any, staff: User, twins: tuple[Party, Party], propose: Propose
) -> None:
    others = [
        actions.create_party(by=staff, name=name, city="台北") for name in ("陳志明", "陳誌明", "林雅婷", "林雅亭")
    ]
    first, second, third = propose(*twins, 0.97), propose(*others[:2], 0.9), propose(*others[2:], 0.85)
    staff_page.goto("/customers/duplicates/")
    told = staff_page.locator(".pair-told")
    name = staff_page.locator(".compare-name").first
    assert name.text_content() == "王美玲"
    staff_page.locator(".waterfall").wait_for(timeout=40_000)  # the model is opened at the first look
    staff_page.keyboard.press("s")
    assert staff_page.get_by_label("survives").nth(1).is_checked()
    staff_page.keyboard.press("n")
    staff_page.locator(".compare-name", has_text="陳志明").wait_for()
    staff_page.goto("/customers/duplicates/")
    staff_page.keyboard.press("s")
    staff_page.keyboard.press("m")
    told.get_by_text("are one now").wait_for()
    assert Merge.objects.get().survivor_id == twins[1].pk
    staff_page.keyboard.press("u")
    told.get_by_text("decide anew").wait_for()
    staff_page.locator(".compare-name", has_text="王美玲").wait_for()
    staff_page.keyboard.press("m")
    staff_page.locator(".compare-name", has_text="陳志明").wait_for()
    staff_page.keyboard.press("d")
    staff_page.locator(".compare-name", has_text="林雅婷").wait_for()
    staff_page.keyboard.press("l")
    staff_page.get_by_text("Nobody waits to be looked at").wait_for()
    states = [MatchPair.objects.get(pk=pair.pk).state for pair in (first, second, third)]
    assert states == ["merged", "different", "later"]

    survivor = twins[0]
    staff_page.goto(f"/customers/merge/?ids={survivor.pk},{others[0].pk}")
    staff_page.get_by_label("Whom").press_sequentially("雅婷")
    staff_page.locator(".pick", has_text="林雅婷").locator("input").check()
    staff_page.get_by_role("button", name="Add", exact=True).click()
    staff_page.get_by_role("button", name="Merge these 3 customers").wait_for()
    outcome = staff_page.locator("#outcome")
    assert "林雅婷" in outcome.text_content()  # of what was said by hand the newest
    staff_page.locator("[name='choice.name']").nth(1).check()
    outcome.get_by_text("chosen").wait_for()
    assert "陳志明" in outcome.text_content()
    staff_page.get_by_role("button", name="Merge these 3 customers").click()
    staff_page.get_by_text("3 customers are one now").wait_for()
    assert staff_page.url.endswith(f"/customers/{survivor.pk}/")
    staff_page.locator("#toasts").get_by_role("link", name="Undo").click()
    staff_page.get_by_role("button", name="Undo all 2 merges of that time").click()
    staff_page.get_by_text("2 merges are undone").wait_for()
    assert Party.objects.filter(merged_into=None).count() == 5


def test_where_a_value_comes_from_by_keyboard(staff_page: Any, staff: User, twins: tuple[Party, Party]) -> None:
    mei, twin = twins
    actions.merge_parties(mei, [twin], by=staff)
    staff_page.goto(f"/customers/{mei.pk}/")
    mark = staff_page.locator("[data-fact='city'] .fact-story > summary")
    mark.focus()
    staff_page.keyboard.press("Enter")
    card = staff_page.locator("[data-fact='city'] .story-card")
    card.get_by_text("By hand").first.wait_for()
    assert "高雄" in card.text_content()
    card.get_by_role("button", name="Use this one").click()
    staff_page.locator("[data-fact='city'] .fact-value", has_text="台北").wait_for()
    mei.refresh_from_db()
    assert mei.city == "台北"
    staff_page.wait_for_load_state("networkidle")
    settling = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
    staff_page.wait_for_function(f"() => !document.querySelector('{settling}')")
    mark.focus()
    staff_page.keyboard.press("Enter")
    card.wait_for()
    staff_page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    staff_page.get_by_role("heading", name="Also known as").wait_for()
