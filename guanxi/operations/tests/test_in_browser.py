"""In a browser: from a warning on the status page to a backup in the list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from guanxi.foundation.tasks import worker


@pytest.mark.browser
def test_from_a_warning_to_a_backup(staff_page: Any, home: Path, settings: Any) -> None:
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(home / "kept")}}
    settings.STORAGES = {**settings.STORAGES, "backups": place}
    staff_page.goto("/status/")
    line = staff_page.locator("li", has_text="Last backup")
    expect(line).to_contain_text("Does not work")
    expect(line).to_contain_text("Start one now")
    staff_page.get_by_role("button", name="Back up now").click()
    staff_page.wait_for_url(re.compile(r"/tasks/\d+/"))
    worker.run_waiting()
    staff_page.goto("/backups/")
    row = staff_page.locator("main table tbody tr").first
    expect(row).to_contain_text("Done")
    expect(row).to_contain_text("Started by hand")
    staff_page.goto("/status/")
    expect(staff_page.locator("li", has_text="Last backup")).to_contain_text("In order")
    assert len(list((home / "kept").glob("guanxi-*.tar.zst"))) == 1
