"""The settings of identity and the search for duplicates, as programs see and set them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions
from guanxi.customers.models import JunkValue, MatchingSettings, Party, Source
from guanxi.customers.tests.identity.conftest import Propose
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/identity"
JSON = "application/json"


def test_thresholds_are_tried_and_set(
    api: Client, staff: User, twins: tuple[Party, Party], propose: Propose, colleague: Any
) -> None:
    sure, doubtful = propose(*twins, 0.97), propose(twins[0], actions.create_party(by=staff, name="王美伶"), 0.85)
    found = api.get(f"{ADDRESS}/outlook?merge_from=0.95").json()
    assert (found["merged"], found["asked"]) == (1, 1)
    assert sum(bucket["pairs"] for bucket in found["histogram"]) == 2
    near = found["near"]["merge_from"]
    assert ([one["id"] for one in near["above"]], [one["id"] for one in near["below"]]) == ([sure.pk], [doubtful.pk])
    assert api.get(f"{ADDRESS}/outlook?merge_from=0.5&ask_from=0.9").status_code == 422
    assert MatchingSettings.objects.get().merge_from == 0.999

    changed = api.patch(f"{ADDRESS}/settings", {"merge_from": 0.95, "by_itself": False}, content_type=JSON).json()
    assert (changed["merge_from"], changed["ask_from"], changed["by_itself"]) == (0.95, 0.8, False)
    assert api.get(f"{ADDRESS}/settings").json() == changed
    assert api.patch(f"{ADDRESS}/settings", {"ask_from": 0.99}, content_type=JSON).status_code == 422
    nobody = Client()
    nobody.force_login(colleague("nothing"))
    assert nobody.get(f"{ADDRESS}/settings").status_code == 403


def test_which_source_is_believed(api: Client) -> None:
    assert {row["field"]: row["rule"] for row in api.get(f"{ADDRESS}/rules").json()}["city"] == "trusted"
    assert api.get(f"{ADDRESS}/following").json() == {"now": None, "last": None}
    assert api.put(f"{ADDRESS}/rules/city", {"rule": "newest"}, content_type=JSON).status_code == 204
    assert {row["field"]: row["rule"] for row in api.get(f"{ADDRESS}/rules").json()}["city"] == "newest"
    assert api.get(f"{ADDRESS}/following").json()["now"]["state"] == "waiting"
    assert api.put(f"{ADDRESS}/rules/nothing", {"rule": "newest"}, content_type=JSON).status_code == 422
    assert api.put(f"{ADDRESS}/rules/city", {"rule": "loudest"}, content_type=JSON).status_code == 422
    till = Source.objects.create(code="till", name="Till")
    assert api.patch(f"/api/v1/records/sources/{till.pk}", {"trust": 80}, content_type=JSON).status_code == 200
    till.refresh_from_db()
    assert till.trust == 80


def test_what_tells_nothing(api: Client) -> None:
    def add(**body: Any) -> Any:
        return api.post(f"{ADDRESS}/junk", body, content_type=JSON)

    made = add(kind="mail", value="Nobody@corp.tw", note="the reception")
    assert (made.status_code, made.json()["value"]) == (201, "nobody@corp.tw")
    assert add(kind="mail", value="nobody@corp.tw").status_code == 422, "it is on the list already"
    assert [row["note"] for row in api.get(f"{ADDRESS}/junk").json()["items"]] == ["the reception"]
    assert any("info@" in row["values"] for row in api.get(f"{ADDRESS}/junk/ready-made").json())
    assert api.delete(f"{ADDRESS}/junk/{made.json()['id']}").status_code == 204
    assert not JunkValue.objects.exists()
    assert api.delete(f"{ADDRESS}/junk/{made.json()['id']}").status_code == 404


def test_all_are_compared_now(api: Client) -> None:
    assert api.get("/api/v1/duplicates/look").json() == {"last_looked": None, "task": None}
    begun = api.post("/api/v1/duplicates/look")
    assert (begun.status_code, begun.json()["state"]) == (202, "waiting")
    assert api.post("/api/v1/duplicates/look").json()["id"] == begun.json()["id"], "one waits, whoever asks"
    assert api.get("/api/v1/duplicates/look").json()["task"]["id"] == begun.json()["id"]
