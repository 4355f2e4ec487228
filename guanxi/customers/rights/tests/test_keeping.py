"""How long what is kept, and who looks at what is sensitive."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from guanxi.customers import actions
from guanxi.customers.models import OptIn, Party
from guanxi.customers.rights import actions as rights
from guanxi.customers.rights import retention
from guanxi.customers.rights.models import RetentionRule, SensitiveLook
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import SYSTEM
from guanxi.ledger import actions as ledger
from guanxi.ledger.models import Event


@pytest.fixture
def mei(staff: User) -> Party:
    return actions.create_party(
        by=staff, name="王美玲", mail="mei@example.com", occupation="護理師", profile={"income": "50-74K"}
    )


def noted(party: Party, staff: User, months: int, kind: str = "visit") -> Event:
    return ledger.record(kind, by=staff, party=party, occurred_at=clock.now() - timedelta(days=31 * months))


# Retention ------------------------------------------------------------------------------------------------------------


def test_a_rule_deletes_nothing_before_it_is_confirmed(mei: Party, staff: User, staff_client: Client) -> None:
    old, young, other = noted(mei, staff, 13), noted(mei, staff, 2), noted(mei, staff, 13, "call")
    made = staff_client.post("/retention/new/", {"kind": "events", "what": "visit", "months": "12"})
    rule = RetentionRule.objects.get()
    assert (
        made.status_code == 302 and "1 row would go now" in staff_client.get(f"/retention/{rule.pk}/").content.decode()
    )
    with pytest.raises(Refused):
        retention.run(rule, by=SYSTEM)
    assert retention.run_all(by=SYSTEM) == {} and Event.objects.filter(pk=old.pk).exists()
    staff_client.post(f"/retention/{rule.pk}/do/", {"what": "confirm"})
    assert sum(retention.run_all(by=SYSTEM).values()) == 1
    left = set(Event.objects.values_list("pk", flat=True))
    assert old.pk not in left and {young.pk, other.pk} <= left
    rule.refresh_from_db()
    assert (rule.last_deleted, rule.deleted, rule.confirmed_by) == (1, 1, staff)
    assert AuditEntry.objects.filter(action="rights.retention", changes__deleted=[1, 0]).exists()
    assert staff_client.get("/retention/").status_code == 200


def test_a_rule_that_is_changed_is_confirmed_anew(staff: User) -> None:
    rule = rights.propose_rule(kind="notifications", months=12, by=staff)
    rights.confirm_rule(rule.pk, by=staff)
    assert rights.edit_rule(rule.pk, {"months": 3}, by=staff).state == RetentionRule.State.PROPOSED
    with pytest.raises(Refused, match="known are"):
        rights.propose_rule(kind="nonsense", months=1, by=staff)


def test_what_is_held_by_law_outlasts_every_rule(mei: Party, staff: User) -> None:
    event = noted(mei, staff, 13)
    rule = rights.propose_rule(kind="events", what="visit", months=12, by=staff)
    rights.hold(mei, "訴訟", by=staff)
    assert retention.preview(rule).count == 0 and retention.preview(rule).held == 1
    retention.run(rights.confirm_rule(rule.pk, by=staff), by=SYSTEM)
    assert Event.objects.filter(pk=event.pk).exists()


def test_prospects_without_contact_are_erased(home: object, staff: User) -> None:
    old = Party.objects.create(name="久無聯絡", created_at=clock.now() - timedelta(days=900))
    old.roles.create(role="prospect")
    spoken = Party.objects.create(name="剛聯絡過", created_at=clock.now() - timedelta(days=900))
    spoken.roles.create(role="prospect")
    noted(spoken, staff, 1)
    buyer = Party.objects.create(name="老主顧", created_at=clock.now() - timedelta(days=900))
    buyer.roles.create(role="customer")
    rule = rights.confirm_rule(rights.propose_rule(kind="prospects", months=24, by=staff).pk, by=staff)
    assert retention.preview(rule).sample == ["久無聯絡"]
    assert retention.run(rule, by=SYSTEM) == 1
    assert set(Party.objects.values_list("name", flat=True)) >= {"剛聯絡過", "老主顧"}
    assert not Party.objects.filter(pk=old.pk).exists()


def test_every_kind_of_data_can_be_previewed(mei: Party, staff: User) -> None:
    actions.request_consent(mei, "marketing", by=staff)
    OptIn.objects.update(asked_at=clock.now() - timedelta(days=400))
    for kind in retention.kinds():
        rule = rights.propose_rule(kind=kind.code, months=kind.months, by=staff)
        assert retention.preview(rule).count == (1 if kind.code == "opt_ins" else 0), kind.code


# Sensitive fields -----------------------------------------------------------------------------------------------------


@pytest.fixture
def sensitive(staff: User) -> None:
    rights.mark_sensitive(field="occupation", by=staff)
    rights.mark_sensitive(field="profile.income", by=staff)


def test_a_sensitive_field_is_shown_when_asked_for_and_that_is_recorded(
    mei: Party, sensitive: None, staff_client: Client
) -> None:
    page = staff_client.get(f"/customers/{mei.pk}/").content.decode()
    assert "護理師" not in page and "50–74K" not in page and "•••" in page
    assert not SensitiveLook.objects.exists()
    shown = staff_client.get(f"/customers/{mei.pk}/fact/occupation/?show").content.decode()
    assert "護理師" in shown
    look = SensitiveLook.objects.get()
    noted = AuditEntry.objects.get(object_type="rights.sensitivelook", object_id=look.pk)
    assert noted.changes["field"] == [None, look.field]
    assert (look.party, look.field, look.via, look.who) == (mei, "occupation", "screen", "陳 美華")
    assert "護理師" not in staff_client.get(f"/customers/{mei.pk}/fact/occupation/").content.decode()
    assert "護理師" in staff_client.get(f"/customers/{mei.pk}/fact/occupation/?edit").content.decode()
    assert SensitiveLook.objects.count() == 2  # who edits sees
    assert "陳 美華" in staff_client.get(f"/customers/{mei.pk}/panel/of_customer/").content.decode()
    assert "王美玲" in staff_client.get("/looks/").content.decode()


def test_history_and_lists_keep_it_veiled(mei: Party, sensitive: None, staff: User, staff_client: Client) -> None:
    actions.edit_party(mei.pk, {"occupation": "園藝師"}, by=staff)
    assert "園藝師" not in staff_client.get(f"/customers/{mei.pk}/history/").content.decode()
    assert "園藝師" not in staff_client.get(f"/customers/{mei.pk}/").content.decode()
    assert "50–74K" not in staff_client.get("/customers/?cols=name,profile.income").content.decode()


def test_an_export_of_it_is_recorded(mei: Party, sensitive: None, staff_client: Client) -> None:
    answer = staff_client.get("/customers/export.csv?cols=name,profile.income")
    assert "50–74K" in b"".join(answer.streaming_content).decode()
    look = SensitiveLook.objects.get()
    assert (look.party, look.field, look.via) == (None, "profile.income", "export")


def test_programs_get_it_only_by_name(mei: Party, sensitive: None, api: Client, staff: User) -> None:
    answer = api.get(f"/api/v1/parties/{mei.pk}").json()
    assert answer["occupation"] == "" and "income" not in answer["profile"]
    (item,) = [one for one in api.get("/api/v1/parties").json()["items"] if one["id"] == mei.pk]
    assert item["occupation"] == ""
    actions.edit_party(mei.pk, {"occupation": "園藝師"}, by=staff)
    assert "園藝師" not in api.get(f"/api/v1/parties/{mei.pk}/events").content.decode()
    assert not SensitiveLook.objects.exists()
    answer = api.get(f"/api/v1/parties/{mei.pk}?sensitive=profile.income").json()
    assert answer["profile"]["income"] == "50-74K" and answer["occupation"] == ""
    assert SensitiveLook.objects.get().via == "api"


def test_only_fields_that_are_there_can_be_marked(staff: User, staff_client: Client) -> None:
    with pytest.raises(Refused, match="no field"):
        rights.mark_sensitive(field="password", by=staff)
    assert staff_client.post("/sensitive/new/", {"field": "occupation"}).status_code == 302
    row = staff_client.get("/sensitive/").content.decode()
    assert "occupation" in row.lower()
    from guanxi.customers.rights.models import SensitiveField

    number = SensitiveField.objects.get().pk
    assert staff_client.get(f"/sensitive/{number}/").status_code == 200
    staff_client.post(f"/sensitive/{number}/remove/")
    assert not SensitiveField.objects.exists()


# For programs ---------------------------------------------------------------------------------------------------------


def test_programs_ask_whether_they_may(mei: Party, api: Client, staff: User) -> None:
    answer = api.get(f"/api/v1/parties/{mei.pk}/contactable?purpose=marketing&channel=mail").json()
    assert answer["allowed"] is False and answer["why"] == "never" and answer["words"]
    actions.give_consent(mei, "marketing", "mail", by=staff)
    assert api.get(f"/api/v1/parties/{mei.pk}/contactable?purpose=marketing&channel=mail").json()["allowed"]


def test_programs_note_requests_and_erase(home: object, mei: Party, api: Client) -> None:
    body = {"kind": "access", "party": mei.pk, "asked_by": "portal"}
    made = api.post("/api/v1/requests", body, content_type="application/json")
    assert made.status_code == 201 and made.json()["state"] == "open"
    assert api.get("/api/v1/requests").json()["items"][0]["party"] == mei.pk
    assert api.post("/api/v1/erasures", {"party": mei.pk}, content_type="application/json").status_code == 201
    answer = api.get(f"/api/v1/parties/{mei.pk}/contactable?purpose=service&channel=mail").json()
    assert answer["why"] == "erasing"
    assert api.get("/api/v1/erasures").json()["items"][0]["state"] == "running"
