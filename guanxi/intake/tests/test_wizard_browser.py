"""The wizard in a real browser: a messy file twice, its rejects mended and sent again, the import taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from guanxi.customers.models import Party
from guanxi.foundation.tasks.worker import run_waiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MESSY = (
    "\ufeffKundennr.;Name;E-Mail;Mobil;Geburtstag;城市;Bemerkung\r\n"
    '1001;"王美玲";mei@example.com;0912 345 678;05.03.1985;台北;"VIP; sehr nett"\r\n'
    "1002;陳志明;zhi@;02-2345-6789;31.12.1979;高雄;\r\n"
    "1003; Anna Schmidt ;ANNA@Example.de;+49 221 4710100;30.11.1990;Köln;\r\n"
    "1004;林怡君;yijun@example.com;0922 333 444;29.02.2001;台中;\r\n"
)
SECONDS = 20_000  # milliseconds of patience on a busy machine


@pytest.fixture
def worker(live_app: str) -> Iterator[None]:
    """Background work is done while the browser waits."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.1):
            run_waiting()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()


def send(page: Any, path: Path) -> None:
    """Choose people and the file, and go on to the columns."""
    page.goto("/imports/start/")
    page.get_by_label("People").check(force=True)
    page.locator("#file").set_input_files(path)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/columns/")


def choose(page: Any, column: str, typed: str) -> None:
    """Feed a field by keyboard alone: type a part of its name, Enter."""
    field = page.get_by_role("combobox", name=column, exact=True)
    field.focus()
    field.press_sequentially(typed)
    with page.expect_response("**/columns/"):
        field.press("Enter")
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def look(page: Any) -> None:
    """From the columns over the rules to the difference."""
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/rules/")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("Nothing is written yet.").wait_for(timeout=SECONDS)


def count(page: Any, tile: str) -> int:
    """The figure of a tile."""
    return int(page.locator(f".tile.{tile} .tile-value").inner_text())


def take_in(page: Any) -> None:
    """Import, and wait for the result."""
    page.get_by_role("button", name="Import now").click()
    page.get_by_role("heading", name="Imported", exact=True).wait_for(timeout=SECONDS)


def test_messy_file_twice_mended_and_taken_back(staff_page: Any, worker: None, tmp_path: Path) -> None:
    page = staff_page
    path = tmp_path / "客戶.csv"
    path.write_text(MESSY, encoding="utf-8")

    page.goto("/imports/start/")
    page.get_by_role("button", name="Continue").click()  # nothing is chosen
    page.get_by_text("Choose what the file holds.").wait_for()
    send(page, path)
    page.get_by_text("Perhaps: Telephone").click()
    page.wait_for_function("() => document.querySelector('[name=seen]').value === '1'")
    choose(page, "Geburtstag", "birth")
    choose(page, "Kundennr.", "customer n")
    page.get_by_label("Country").fill("TW")
    with page.expect_response("**/columns/"):
        page.get_by_label("Country").press("Tab")
    page.get_by_text("“zhi@” is not a mail address").wait_for()
    page.get_by_label("Keep this mapping as").fill("Kundenliste")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_text("The mapping is kept.").wait_for()
    look(page)
    assert (count(page, "new"), count(page, "rejected")) == (2, 2)
    assert page.get_by_text("29.02.2001").is_visible()
    take_in(page)
    first = page.url
    assert sorted(Party.objects.values_list("name", flat=True)) == ["Anna Schmidt", "王美玲"]

    # The same file again: the mapping is found by itself, and nothing changes.
    send(page, path)
    assert page.get_by_text("“Kundenliste” is used").is_visible()
    look(page)
    assert (count(page, "unchanged"), count(page, "new"), count(page, "changed")) == (2, 0, 0)
    assert page.get_by_text("This very file was").is_visible()

    # The rejected rows, mended, come in by the same plan.
    page.goto(first)
    with page.expect_download() as download:
        page.get_by_role("link", name="Rejected rows").click()
    mended = tmp_path / "gemendet.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = text.replace('"zhi@";', "").splitlines()
    mended.write_text("\n".join(line.replace("zhi@", "zhi@example.com").replace("29.02.", "28.02.") for line in rows))
    page.get_by_role("link", name="Send the mended file").click()
    page.locator("#file").set_input_files(mended)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/columns/")
    look(page)
    assert (count(page, "new"), count(page, "rejected")) == (2, 0)
    take_in(page)
    assert Party.objects.count() == 4

    # And the first import is taken back as a whole.
    page.goto(first)
    page.get_by_role("link", name="Take the whole import back").click()
    page.get_by_role("button", name="Take the import back").click()
    page.get_by_role("heading", name="Taken back", exact=True).wait_for(timeout=SECONDS)
    assert sorted(Party.objects.values_list("name", flat=True)) == ["林怡君", "陳志明"]


def test_a_wrong_file_is_told_before_it_is_sent_and_telephones_have_room(
    staff_page: Any, tmp_path: Path, home: Path
) -> None:
    page = staff_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/imports/start/?what=people")
    picture = tmp_path / "bild.jpg"
    picture.write_bytes(b"\xff\xd8\xff")
    page.locator("#file").set_input_files(picture)
    page.get_by_text("A file of this kind cannot be read.").wait_for()
    table = tmp_path / "客戶.csv"
    table.write_text("姓名,電子郵件\n王美玲,mei@example.com\n")
    page.locator("#file").set_input_files(table)
    assert not page.locator("#file-error").is_visible()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/columns/")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
