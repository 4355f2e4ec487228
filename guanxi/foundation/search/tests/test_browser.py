from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guanxi.foundation.models import Notification

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_arrow_keys_go_through_the_hits(staff_page: Any, note: Callable[..., Notification]) -> None:
    for name in ("王美玲", "王大明"):
        note(name, level="info")
    staff_page.goto("/search/")
    staff_page.fill("#search-q", "王")
    staff_page.press("#search-q", "Enter")
    staff_page.wait_for_selector(".search-hit")
    staff_page.focus("#search-q")
    staff_page.keyboard.press("ArrowDown")
    staff_page.keyboard.press("ArrowDown")
    assert "王美玲" in staff_page.evaluate("document.activeElement.textContent")
    staff_page.keyboard.press("ArrowUp")
    staff_page.keyboard.press("ArrowUp")
    assert staff_page.evaluate("document.activeElement.id") == "search-q"
