"""One true record, as its users would try it: import, duplicates in the queue, merged, bought, parted, taken back."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity import proposing
from guanxi.customers.models import MatchPair, Merge, Party
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake.tests.test_wizard_browser import SECONDS, choose, count, look, send, take_in, worker
from guanxi.orders.actions import Line, create_order
from guanxi.orders.models import Order

__all__ = ["worker"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PEOPLE = (
    "Kundennr.;Name;E-Mail;Mobil;Geburtstag;城市\r\n"
    "1;王小明;xm@web.tw;0912 345 678;05.03.1985;台北\r\n"
    "2;Wang Xiaoming;wang.xm@firma.tw;;05.03.1985;台北\r\n"
    "3;王曉明;;0912 345 687;05.03.1985;台北\r\n"
    "4;Anna Schmidt;anna@web.de;+49 221 4710100;30.11.1990;Köln\r\n"
    "5;陳志明;zhi@;02-2345-6789;31.12.1979;高雄\r\n"
)


def import_people(page: Any, path: Path) -> None:
    """From the file to the difference."""
    send(page, path)
    choose(page, "Geburtstag", "birth")
    choose(page, "Kundennr.", "customer n")
    page.get_by_label("Country").fill("TW")
    with page.expect_response("**/columns/"):
        page.get_by_label("Country").press("Tab")
    look(page)


def decide(page: Any, key: str) -> None:
    """Press a key in the queue and wait for what follows."""
    with page.expect_response(re.compile("/decide/")):
        page.keyboard.press(key)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def test_from_a_messy_file_to_one_record_and_back(staff_page: Any, worker: None, tmp_path: Path) -> None:
    page, staff = staff_page, get_user_model().objects.get(username="meihua")
    path = tmp_path / "客戶.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    import_people(page, path)
    assert (count(page, "new"), count(page, "rejected")) == (4, 1)
    take_in(page)
    imported = page.url

    # The three who are one wait in the queue; two keys make them one.
    deciding.set_matching(merge_from=1.0, ask_from=0.2, by_itself=False, by=SYSTEM)
    proposing.find_all(by=SYSTEM)
    three = list(Party.objects.order_by("created_at", "pk").exclude(name="Anna Schmidt").values_list("pk", flat=True))
    assert MatchPair.objects.filter(low__in=three, high__in=three, probability__gte=0.2).count() >= 2
    page.goto("/customers/duplicates/")
    decide(page, "m")
    page.get_by_text("are one now").wait_for()
    proposing.find_all(by=SYSTEM)
    page.goto("/customers/duplicates/")
    decide(page, "m")
    page.get_by_text("are one now").wait_for()
    survivor = Party.objects.visible_to(staff).exclude(name="Anna Schmidt").get()
    for number in three:
        page.goto(f"/customers/{number}/")
        page.wait_for_url(f"**/customers/{survivor.pk}/")

    # He buys; then one merge is undone by hand: the order stays with him.
    create_order(survivor, [Line(description="烏龍茶", amount=Decimal(120))], by=staff)
    page.reload()
    page.get_by_text("Also known as").wait_for()
    page.locator("a", has_text="Undo").first.click()
    page.get_by_role("button", name="Undo this merge").click()
    page.get_by_text("is a customer of its own again").wait_for()
    assert Merge.objects.filter(undone_at__isnull=True).count() == 1
    assert Order.objects.get().party_id == survivor.pk

    # The import is taken back; who bought stays, and that is said.
    page.goto(imported)
    page.get_by_role("link", name="Take the whole import back").click()
    page.get_by_role("button", name="Take the import back").click()
    page.get_by_role("heading", name="Taken back", exact=True).wait_for(timeout=SECONDS)
    assert list(Party.objects.visible_to(staff).values_list("pk", flat=True)) == [survivor.pk]
    page.locator("#kept a").first.wait_for()
