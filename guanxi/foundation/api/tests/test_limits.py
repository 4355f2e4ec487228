"""How often a program may ask, over all processes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.foundation.api import limits
from guanxi.foundation.api.models import Allowance
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock that stands at the tenth second of a minute."""
    now = {"time": 600_010.0}
    monkeypatch.setattr(limits.time, "time", lambda: now["time"])
    monkeypatch.setattr(limits, "_held", {})
    return now


def test_the_headers_tell_what_is_left(api: Client, settings: Any, still: dict[str, float]) -> None:
    settings.GUANXI_API_LIMIT = 3
    left = [api.get("/api/v1/events").headers["RateLimit"] for _ in range(3)]
    assert left == ['"minute";r=2;t=50', '"minute";r=1;t=50', '"minute";r=0;t=50']
    refused = api.get("/api/v1/events")
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "50"
    assert refused.headers["RateLimit-Policy"] == '"minute";q=3;w=60'
    assert refused.headers["Content-Type"] == "application/problem+json"
    still["time"] += 50
    assert api.get("/api/v1/events").status_code == 200
    still["time"] += 600
    assert limits.forget() == 2 and not Allowance.objects.exists()


def test_all_processes_share_one_allowance(
    api: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    settings.GUANXI_API_LIMIT = 80  # parts of two
    answers = []
    for _ in range(50):
        monkeypatch.setattr(limits, "_held", {})  # another process
        answers += [api.get("/api/v1/events").status_code for _ in range(2)]
    assert answers.count(200) == 80 and set(answers[80:]) == {429}


def test_one_write_serves_many_requests(api: Client, settings: Any) -> None:
    settings.GUANXI_API_LIMIT = 4000
    for _ in range(20):
        api.get("/api/v1/events")
    assert Allowance.objects.get().used == 100


def test_each_caller_has_his_own(api: Client, staff_client: Client, staff: User, settings: Any) -> None:
    settings.GUANXI_API_LIMIT = 1
    assert api.get("/api/v1/events").status_code == 200
    assert staff_client.get("/api/v1/events").status_code == 200
    assert api.get("/api/v1/events").status_code == 429


def test_none_is_counted_where_there_is_no_limit(api: Client, settings: Any) -> None:
    settings.GUANXI_API_LIMIT = 0
    assert "RateLimit" not in api.get("/api/v1/events").headers
    assert not Allowance.objects.exists()
