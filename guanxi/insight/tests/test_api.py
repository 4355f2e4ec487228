"""What programs see of insight."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.insight.tests import learned
from tests.costs import statements

pytestmark = pytest.mark.django_db


def get(api: Client, address: str, status: int = 200) -> Any:
    response = api.get(f"/api/v1{address}")
    assert response.status_code == status, response.content
    return response.json()


def test_before_anything_was_learned(api: Client) -> None:
    party = learned.customer("王美玲")
    assert get(api, "/insight/models") == {"learning": None, "models": []}
    equity = get(api, "/insight/equity")
    assert equity["expected"] is None
    assert equity["over_time"] == []
    assert get(api, f"/parties/{party.pk}")["standing"] is None
    get(api, f"/parties/{party.pk}/standing", status=404)


def test_models_with_parameters_errors_and_hold_out(api: Client) -> None:
    learned.everything()
    found = get(api, "/insight/models")
    assert found["learning"]["day"] == "2017-12-31"
    models = {model["name"]: model for model in found["models"]}
    assert [model["state"] for model in found["models"]].index("compared") > 0
    assert models["bg_nbd"]["parameters"] == learned.BG_NBD
    assert models["bg_nbd"]["standard_errors"] == learned.ERRORS
    assert models["bg_nbd"]["log_likelihood"] == -9582.43
    assert models["bg_nbd"]["holdout"]["predictive"] == -2500.25
    assert models["pareto_nbd"]["state"] == "failed"
    assert models["pareto_nbd"]["reason"]["code"] == "not_converged"
    assert "Pareto/NBD" in models["pareto_nbd"]["reason"]["words"]


def test_the_model_in_use_may_be_of_an_earlier_learning(api: Client) -> None:
    learned.model(learned.learning(), "mbg_nbd", "used")
    second = learned.learning()
    learned.model(second, "bg_nbd", "refused", reason={"code": "worse_than_before", "new": -2600.0, "old": -2500.0})
    states = {model["name"]: model["state"] for model in get(api, "/insight/models")["models"]}
    assert states == {"mbg_nbd": "used", "bg_nbd": "refused"}


def test_equity_with_interval_and_time(api: Client) -> None:
    learned.everything()
    found = get(api, "/insight/equity")
    assert (found["expected"], found["low"], found["high"]) == ("2410000.00", "2180000.00", "2660000.00")
    assert found["horizon_years"] == 5
    assert len(found["over_time"]) == 12
    assert found["over_time"][0]["equity"] == "200000.00"
    assert [note["code"] for note in found["notes"]] == ["cost_unknown", "unheard_of"]


def test_a_party_comes_with_its_standing(api: Client) -> None:
    run = learned.everything()
    mei, wang = learned.customer("陳美華"), learned.customer("王志明")
    learned.standing(mei, run)
    told = get(api, f"/parties/{mei.pk}")["standing"]
    assert told == get(api, f"/parties/{mei.pk}/standing")
    assert told["expected_value"] == "4210.00"
    assert told["stage"] == "decline"
    assert told["next_from"] == "2018-01-04"
    listed = {party["id"]: party["standing"] for party in get(api, "/parties")["items"]}
    assert listed == {mei.pk: told, wang.pk: None}
    assert get(api, "/parties?q=陳美華")["items"][0]["standing"] == told


def test_a_list_of_parties_costs_the_same_with_many(api: Client) -> None:
    def cost() -> int:
        return statements(lambda: get(api, "/parties"))

    run = learned.everything()
    learned.standing(learned.customer("王美玲"), run)
    get(api, "/parties")
    one = cost()
    for number in range(10):
        learned.standing(learned.customer(f"客戶{number}"), run)
    assert cost() == one


def test_learning_is_queued_once(api: Client) -> None:
    first = api.post("/api/v1/insight/learn")
    assert first.status_code == 202, first.content
    assert api.post("/api/v1/insight/learn").json() == first.json()
    task = BackgroundTask.objects.get(pk=first.json()["task"])
    assert task.function == "guanxi.insight.tasks.learn"
    assert task.requested_by.username == "meihua"


def test_without_a_token_nothing(client: Client) -> None:
    for address in ("/insight/models", "/insight/equity", "/parties/1/standing"):
        get(client, address, status=401)
    assert client.post("/api/v1/insight/learn").status_code == 401


def test_the_description_of_a_party_has_its_standing(staff_client: Client) -> None:
    schemas = staff_client.get("/api/openapi.json").json()["components"]["schemas"]
    described = schemas["PartyOut"]["properties"]["standing"]["anyOf"]
    assert {"type": "null"} in described
    assert "lifetime_value" in described[0]["properties"]
    assert "standing" in schemas["PartyOut"]["required"]
    assert "additions" not in schemas["PartyOut"]["properties"]


def test_what_values_rest_on_is_read_and_changed(api: Client) -> None:
    def change(**body: Any) -> Any:
        return api.patch("/api/v1/insight/assumptions", body, content_type="application/json")

    assert get(api, "/insight/assumptions")["horizon_years"] == 5
    assert change(horizon_years=None, risk_days=60, bond=None).json()["horizon_years"] is None
    assert (get(api, "/insight/assumptions")["risk_days"], get(api, "/insight/assumptions")["bond"]) == (60, "open")
    clash = change(risk_days=90, expected={"risk_days": 30})
    assert (clash.status_code, clash.json()["theirs"]) == (409, 60)
    assert change(share_a=0.9, share_b=0.5).json()["errors"][0]["field"] == "share_b"
    assert change(discount_rate=7).status_code == 422
