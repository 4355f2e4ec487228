"""Reports by mail, as programs ask for them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.foundation.models import User
from guanxi.foundation.reports.models import Subscription

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/reports/today/subscription"


def put(api: Client, address: str, body: dict[str, Any]) -> Any:
    return api.put(address, body, content_type="application/json")


def test_a_report_comes_as_often_as_it_is_asked_for(api: Client, staff: User, colleague: Any) -> None:
    def told() -> Any:
        return next(row for row in api.get("/api/v1/reports").json() if row["slug"] == "today")

    assert (told()["subscribed"], told()["rhythm"]) == (None, "daily")
    assert put(api, ADDRESS, {"rhythm": "weekly"}).json()["subscribed"] == "weekly"
    assert put(api, ADDRESS, {}).json()["subscribed"] == "daily"
    assert told()["subscribed"] == "daily" and Subscription.objects.get().user == staff
    assert api.delete(ADDRESS).status_code == 204
    assert told()["subscribed"] is None
    assert put(api, ADDRESS, {"rhythm": "hourly"}).status_code == 422
    assert put(api, ADDRESS.replace("today", "nothing"), {}).status_code == 404
    User.objects.filter(pk=staff.pk).update(email="")
    refused = put(api, ADDRESS, {})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "email")
    nobody = Client()
    nobody.force_login(colleague("nothing"))
    assert nobody.get("/api/v1/reports").status_code == 403
