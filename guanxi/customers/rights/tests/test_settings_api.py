"""Purposes, rules of retention and sensitive fields, as programs set them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions, purposes
from guanxi.customers.rights.models import SensitiveField
from guanxi.foundation import clock
from guanxi.foundation.models import User
from guanxi.ledger import actions as ledger
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db
JSON = "application/json"


def test_what_purposes_demand_and_how_they_are_asked_for(api: Client) -> None:
    def put(code: str, **body: Any) -> Any:
        return api.put(f"/api/v1/consent-purposes/{code}", body, content_type=JSON)

    listed = {row["code"]: row for row in api.get("/api/v1/consent-purposes").json()}
    assert (listed["marketing"]["months"], listed["marketing"]["quiet_from"]) == (36, None)
    changed = put("marketing", months=None, quiet_from="20:00", quiet_until="08:00", texts={"en": "May we write?"})
    assert changed.status_code == 200, changed.content
    assert changed.json()["months"] is None and changed.json()["double_opt_in"], "what is left out stays"
    assert {text["language"]: text["version"] for text in changed.json()["texts"]}["en"] == 1
    again = put("marketing", texts={"en": "May we write?", "zh-hant": ""}).json()
    assert again["quiet_until"] == "08:00:00"
    assert [text["version"] for text in again["texts"]] == [1, 0, 0], "the same words are no new version"
    assert put("tastings").status_code == 422, "a new one needs a name"
    assert put("tastings", names={"en": "Tastings"}, basis="contract").json()["label"] == "Tastings"
    assert purposes.every()["tastings"].basis == "contract"
    assert put("tastings", quiet_from="20:00+08:00").status_code == 422
    assert put("tastings", basis="whim").status_code == 422
    assert api.get("/api/v1/consent-purposes/none").status_code == 404


def test_a_rule_is_looked_at_confirmed_run_and_paused(api: Client, staff: User) -> None:
    party = actions.create_party(by=staff, name="王美玲")
    ledger.record("visit", by=staff, party=party, occurred_at=clock.now() - timedelta(days=500))
    sent = {"kind": "events", "what": "visit", "months": 12}
    number = api.post("/api/v1/records/retention", sent, content_type=JSON).json()["id"]

    def do(what: str) -> Any:
        return api.post(f"/api/v1/retention/{number}", {"do": what}, content_type=JSON)

    outlook = api.get(f"/api/v1/retention/{number}/outlook").json()
    assert (outlook["count"], outlook["held"], len(outlook["oldest"])) == (1, 0, 1)
    assert do("run").status_code == 422 and Event.objects.filter(kind="visit").exists()
    assert do("confirm").json()["state"] == "active"
    assert do("run").json()["last_deleted"] == 1
    assert not Event.objects.filter(kind="visit").exists()
    assert do("pause").json()["state"] == "paused"
    assert do("forget").status_code == 422


def test_a_field_is_marked_and_shown_again(api: Client) -> None:
    made = api.post("/api/v1/records/sensitive", {"field": "occupation"}, content_type=JSON)
    assert made.status_code == 201, made.content
    assert api.delete(f"/api/v1/sensitive/{made.json()['id']}").status_code == 204
    assert not SensitiveField.objects.exists()
    assert api.delete(f"/api/v1/sensitive/{made.json()['id']}").status_code == 404
