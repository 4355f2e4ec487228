"""Deals for programs: records, rows sent again, the steps beyond them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.sales.deals.models import Check, Deal, LostReason, Stage

JSON = "application/json"
RECORDS = "/api/v1/records/deals"
DEALS = "/api/v1/deals"


def test_records_and_rows(api: Client, acme: Party, stages: list[Stage], price: LostReason, rival: Party) -> None:
    made = api.post(RECORDS, {"name": "Pumps", "party": acme.pk, "value": "12.5", "number": "D-1"}, JSON)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["state"], told["stage"], told["value"], told["weighted"]) == ("open", stages[0].pk, "12.50", "1.25")
    here = f"{RECORDS}/{told['id']}"
    assert (
        api.patch(here, {"stage": stages[1].pk, "expected": {"stage": stages[0].pk}}, JSON).json()["stage"]
        == stages[1].pk
    )
    late = api.patch(here, {"stage": stages[2].pk, "expected": {"stage": stages[0].pk}}, JSON)
    assert late.status_code == 409
    lost = api.patch(here, {"state": "lost", "lost_reason": price.pk}, JSON)
    assert (lost.status_code, lost.json()["errors"][0]["field"]) == (422, "lost_to")
    assert (
        api.patch(here, {"state": "lost", "lost_reason": price.pk, "lost_to": rival.pk}, JSON).json()["state"] == "lost"
    )
    rows = [
        {"number": "D-1", "name": "Pumps and valves"},
        {"number": "D-2", "name": "Hoses", "party": "Acme Ltd"},
        {"number": "D-3", "name": "Nothing"},
    ]
    told = api.post(f"{RECORDS}/bulk", {"rows": rows}, JSON).json()["rows"]
    assert [row["result"] for row in told] == ["changed", "created", "rejected"]
    listed = api.get(f"{RECORDS}?f.state=open&fields=name,number").json()["items"]
    assert [(row["name"], row["number"]) for row in listed] == [("Hoses", "D-2")]
    assert api.delete(f"{RECORDS}/{told[1]['id']}").status_code == 204


def test_steps(api: Client, deal: Deal, stages: list[Stage], price: LostReason, rival: Party, staff: User) -> None:
    here = f"{DEALS}/{deal.pk}"
    moved = api.post(f"{here}/move", {"stage": stages[2].pk, "seen": stages[0].pk}, JSON).json()
    assert (moved["stage"], moved["probability"]) == (stages[2].pk, 50)
    assert api.post(f"{here}/move", {"stage": stages[1].pk, "seen": stages[0].pk}, JSON).status_code == 409
    assert api.post(f"{here}/move", {"stage": 987}, JSON).json()["errors"][0]["field"] == "stage"
    assert api.post(f"{here}/win", content_type=JSON).json()["state"] == "won"
    assert api.post(f"{here}/win", content_type=JSON).status_code == 422
    assert api.post(f"{here}/reopen", content_type=JSON).json()["state"] == "open"
    assert api.post(f"{here}/lose", {"reason": price.pk}, JSON).json()["errors"][0]["field"] == "lost_to"
    lost = api.post(f"{here}/lose", {"reason": price.pk, "competitor": rival.pk}, JSON).json()
    assert (lost["state"], lost["probability"]) == ("lost", 0)
    steps = [(one["from_state"], one["to_state"]) for one in api.get(f"{here}/changes").json()]
    assert steps == [("open", "lost"), ("won", "open"), ("open", "won"), ("open", "open"), ("", "open")]
    shared = api.put(f"{here}/credits", {"credits": [{"user": staff.pk, "percent": 100}]}, JSON).json()
    assert shared == [{"user": staff.pk, "percent": 100}]
    assert api.put(f"{here}/credits", {"credits": [{"user": staff.pk, "percent": 99}]}, JSON).status_code == 422
    assert api.get(f"{here}/credits").json() == shared


def test_committee_competitors_checks(api: Client, deal: Deal, acme: Party, rival: Party, staff: User) -> None:
    here = f"{DEALS}/{deal.pk}"
    lead = customers.create_party(by=staff, name="Lin Lead")
    seated = api.post(f"{here}/committee", {"person": lead.pk, "role": "decider", "influence": 4}, JSON)
    assert seated.status_code == 201
    told = api.get(f"{here}/committee").json()
    assert [(one["person"], one["role"], one["influence"]) for one in told["seats"]] == [(lead.pk, "decider", 4)]
    assert "No buyer known" in told["gaps"]
    assert api.post(f"{here}/committee", {"person": lead.pk, "role": "king"}, JSON).status_code == 422
    assert api.delete(f"{here}/committee/{seated.json()['id']}").status_code == 204
    assert api.post(f"{here}/competitors", {"party": rival.pk, "strength": 2}, JSON).status_code == 201
    assert [one["party"] for one in api.get(f"{here}/competitors").json()] == [rival.pk]
    Deal.objects.filter(pk=deal.pk).update(purchase_kind="straight_rebuy")
    items = api.get(f"{here}/checks").json()
    assert [one["done"] for one in items] == [False] * Check.objects.filter(purchase_kind="straight_rebuy").count()
    assert api.put(f"{here}/checks/{items[0]['id']}", {"done": True}, JSON).status_code == 204
    assert api.get(f"{here}/checks").json()[0]["done"] is True


def test_nothing_for_who_may_not(deal: Deal, colleague: Any, make: Callable[..., Deal], stages: list[Stage]) -> None:
    client = Client()
    client.force_login(colleague("rep", "sales"))
    here = f"{DEALS}/{deal.pk}"
    for name in ("changes", "credits", "committee", "competitors", "checks"):
        assert client.get(f"{here}/{name}").status_code == 404
    assert client.post(f"{here}/win", content_type=JSON).status_code == 404
