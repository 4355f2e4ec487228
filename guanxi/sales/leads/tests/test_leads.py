"""Leads: recognised, assigned with a reason, answered, converted and taken back; the public form."""

from __future__ import annotations

import time as clocks
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.core import signing
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from guanxi.customers import actions as customers
from guanxi.customers.models import Consent, Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification, User
from guanxi.foundation.notes import actions as notes
from guanxi.ledger.actions import record
from guanxi.ledger.models import Event
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals import ready_made
from guanxi.sales.deals.models import Deal
from guanxi.sales.leads import actions, assigning, public
from guanxi.sales.leads.desk import Rules
from guanxi.sales.leads.models import AssignmentRule, Lead, LeadSource, RuleMember

JSON = "application/json"


@pytest.fixture(autouse=True)
def settled(db: None, settings: Any) -> None:
    settings.GUANXI_CURRENCY = "USD"
    ready_made.install(partial(apps.get_model, "deals"))
    cache.clear()


@pytest.fixture
def reps(colleague: Any) -> list[User]:
    return [colleague("lin", "sales"), colleague("wu", "sales")]


def rule(
    name: str, users: list[User], *, skills: str = "", most_open: int | None = None, **values: Any
) -> AssignmentRule:
    made = AssignmentRule.objects.create(name=name, **values)
    for user in users:
        RuleMember.objects.create(rule=made, user=user, skills=skills, most_open=most_open)
    return made


def lead(staff: User, name: str = "Chen Wei", **values: Any) -> Lead:
    return actions.create_lead(name=name, by=staff, **values)


def test_whom_we_know_is_recognised_at_once(staff: User) -> None:
    known = customers.create_party(by=staff, name="Chen Wei", mail="wei@acme.example", phone="+886912345678")
    by_mail = lead(staff, "W. Chen", mail="Wei@Acme.example")
    assert by_mail.same_as == known
    assert "mail address" in by_mail.why_same
    by_phone = lead(staff, "Somebody", phone="0912 345 678", country="TW")
    assert by_phone.same_as == known
    assert lead(staff, "Chen Wei").same_as is None  # a name alone says nothing of people
    assert lead(staff, "Info", mail="info@acme.example").same_as is None
    assert list(Event.objects.filter(kind="lead.created", party=known)) != []
    with pytest.raises(Refused, match="Say who it is"):
        actions.create_lead(by=staff, message="Hello")


def test_rules_give_in_turn_and_say_why(staff: User, reps: list[User]) -> None:
    rule("Abroad", [staff], position=1, query="f.country__not=TW")
    rule("At night", [staff], position=2, weekdays="1" if clock.now().isoweekday() != 1 else "2")
    rule("North", reps, position=3, query="f.territory=North")
    rule("Knows pumps", reps, position=4, by_skill=True, skills="valves")
    given = [lead(staff, f"Lead {number}", country="TW", territory="North").owner for number in range(3)]
    assert given == [reps[0], reps[1], reps[0]]
    assert Notification.objects.filter(user=reps[0], title__contains="Lead 0").exists()
    south = lead(staff, "South", country="TW", territory="South", topic="pumps")
    assert south.owner is None
    told = [assigning.words(step) for step in south.assignments.get().steps]
    assert told[0].startswith("Abroad: not for this lead (Country is not TW)") or "Abroad: not for this lead" in told[0]
    assert told[1] == "At night: outside of working hours"
    assert "North: not for this lead" in told[2]
    assert told[3] == "Knows pumps: nobody is free, knows the topic or has the territory"
    assert lead(staff, "Valves", country="TW", topic="Valves").owner in reps
    by_hand = lead(staff, "By hand", owner=staff)
    assert by_hand.owner == staff
    assert not by_hand.assignments.exists()


def test_the_least_loaded_gets_it_and_nobody_more_than_he_can(staff: User, reps: list[User]) -> None:
    rule("All", reps, way="load", most_open=2)
    lead(staff, "Busy", owner=reps[0])
    assert [lead(staff, f"Lead {number}").owner for number in range(4)] == [reps[1], reps[0], reps[1], None]


def test_working_hours(settings: Any) -> None:
    made = AssignmentRule(name="Office", weekdays="12345", from_time="09:00", until_time="18:00")
    made.clean_fields()
    monday = timezone.datetime(2026, 11, 30, 9, 0, tzinfo=clock.zone())
    assert made.is_on_duty(monday)
    assert not made.is_on_duty(monday - timedelta(minutes=1))
    assert not made.is_on_duty(monday.replace(hour=18))
    assert not made.is_on_duty(monday + timedelta(days=5))


def test_a_rule_says_what_is_wrong_with_its_filter(staff: User) -> None:
    made = Rules.create(name="Here", query="https://x.example/leads/?f.country=TW", by=staff)
    assert made.query == "f.country=TW"
    for wrong in ("f.created_at__gte=soon", "f.nothing=1", "words"):
        with pytest.raises(Refused) as refused:
            Rules.edit(made.pk, {"query": wrong}, by=staff)
        assert refused.value.field == "query"


def test_speed_to_lead_is_the_time_to_the_first_activity(staff: User) -> None:
    first, second = lead(staff), lead(staff, "Other")
    Lead.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    notes.write(Lead.objects.get(pk=first.pk), "Called him", by=staff)
    first.refresh_from_db()
    assert first.state == "working"
    assert 300 <= first.seconds_to_activity < 400
    at = first.first_activity_at
    actions.note_activity(first.pk, by=staff)
    first.refresh_from_db()
    assert first.first_activity_at == at
    assert actions.edit_lead(second.pk, {"state": "working"}, by=staff).first_activity_at
    with pytest.raises(Refused, match="by the buttons"):
        actions.edit_lead(second.pk, {"state": "converted"}, by=staff)


def test_converted_and_taken_back(staff: User) -> None:
    source = LeadSource.objects.create(name="Web", consent_text="Write to me", consent_purpose="marketing")
    made = lead(
        staff, "Chen Wei", organisation="Acme Ltd", title="Buyer", mail="wei@acme.example", message="40 pumps\nsoon",
        source=source, consent=("Write to me", clock.now()), proof={"form": "Web"},
    )  # fmt: skip
    converted = actions.convert(made.pk, value=Decimal(500), by=staff)
    deal = Deal.objects.get()
    assert (converted.state, converted.deal, deal.name, deal.value) == ("converted", deal, "40 pumps", Decimal(500))
    assert (deal.party.name, deal.contact.name) == ("Acme Ltd", "Chen Wei")
    consent = Consent.objects.get()
    assert (consent.party, consent.purpose, consent.proof["text"]) == (deal.contact, "marketing", "Write to me")
    with pytest.raises(Refused, match="Nothing is to come"):
        actions.convert(made.pk, by=staff)
    back = actions.undo_conversion(made.pk, by=staff)
    assert (back.state, back.deal, back.same_as) == ("working", None, None)
    assert not Deal.objects.exists()
    assert not Party.objects.filter(name__in=["Acme Ltd", "Chen Wei"]).exists()


def test_whom_somebody_worked_with_stays(staff: User) -> None:
    made = lead(staff, "Chen Wei", organisation="Acme Ltd")
    converted = actions.convert(made.pk, by=staff)
    record("call", by=staff, party=converted.deal.contact, payload={"text": "Talked"})
    actions.undo_conversion(made.pk, by=staff)
    assert Party.objects.filter(name="Chen Wei").exists()
    assert not Party.objects.filter(name="Acme Ltd").exists()
    again = actions.convert(made.pk, by=staff)
    deals.win(again.deal_id, by=staff)
    with pytest.raises(Refused, match="closed already"):
        actions.undo_conversion(made.pk, by=staff)


def test_a_known_customer_is_added_to_not_doubled(staff: User) -> None:
    known = customers.create_party(by=staff, name="Chen Wei", mail="wei@acme.example")
    made = lead(staff, "Chen Wei", mail="wei@acme.example", phone="+886912345678")
    converted = actions.convert(made.pk, by=staff)
    assert converted.deal.party == known
    assert known.contact_points.filter(kind="phone").exists()
    actions.undo_conversion(made.pk, by=staff)
    assert Party.objects.filter(pk=known.pk).exists()
    apart = actions.convert(made.pk, use_known=False, with_deal=False, by=staff)
    assert apart.same_as != known
    assert apart.deal is None


# Pages and programs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def source(db: None) -> LeadSource:
    return LeadSource.objects.create(
        name="Web", has_form=True, heading="Ask us", consent_text="You may write to me.", territory="North",
        hosts="https://www.example.com",
    )  # fmt: skip


def filled(**values: Any) -> dict[str, Any]:
    begun = signing.dumps(int(clocks.time()) - 10, salt=public.BEGUN)
    said = {"name": "Chen Wei", "mail": "wei@acme.example", "message": "40 pumps", "agreed": "on", "begun": begun}
    return {**said, **values}


def test_the_public_form(client: Client, source: LeadSource) -> None:
    here = f"/forms/{source.token}/"
    page = client.get(here)
    assert page.status_code == 200
    assert "You may write to me." in page.content.decode()
    assert "https://www.example.com" in page.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in page.headers
    assert "Thank you" in client.post(here, filled()).content.decode()
    made = Lead.objects.get()
    assert (made.source, made.territory, made.consent_text) == (source, "North", "You may write to me.")
    assert made.proof["address"] == "127.0.0.1"
    assert client.post(here, filled(agreed="")).status_code == 422
    assert client.post(here, filled(mail="nonsense")).status_code == 422
    assert Lead.objects.count() == 1
    source.active = False
    source.save()
    assert client.get(here).status_code == 404


def test_robots_are_kept_out_quietly(client: Client, source: LeadSource) -> None:
    here = f"/forms/{source.token}/"
    fast = signing.dumps(int(clocks.time()), salt=public.BEGUN)
    for robot in ({public.TRAP: "x"}, {"begun": fast}, {"begun": "forged"}, {"begun": ""}):
        answer = client.post(here, filled(**robot))
        assert (answer.status_code, "Thank you" in answer.content.decode()) == (200, True)
    assert not Lead.objects.exists()
    statuses = [client.post(here, filled(mail=f"a{number}@acme.example")).status_code for number in range(11)]
    assert statuses == [200] * 10 + [429]
    assert Lead.objects.count() == 10


def test_on_the_screen(staff: User, staff_client: Client, reps: list[User]) -> None:
    rule("All", reps)
    sent = {"name": "Chen Wei", "mail": "wei@acme.example", "organisation": "Acme Ltd"}
    answer = staff_client.post("/leads/new/", sent)
    made = Lead.objects.get()
    assert answer.headers["Location"] == f"/leads/{made.pk}/"
    lead(staff, "Again", mail="wei@acme.example")
    page = staff_client.get(f"/leads/{made.pk}/").content.decode()
    for words in ("Came before", "All: given to lin", "Convert", "waits for"):
        assert words in page, words
    assert "Chen Wei" in staff_client.get("/leads/?f.unanswered=1").content.decode()
    assert "Chen Wei" in staff_client.get("/leads/?as=board").content.decode()
    here = f"/leads/{made.pk}/tools/"
    assert "Name of the deal" in staff_client.get(f"{here}?convert").content.decode()
    assert staff_client.post(here, {"do": "convert", "with_deal": "1", "value": "many"}).status_code == 422
    assert staff_client.post(here, {"do": "drop"}).status_code == 422
    assert staff_client.post(here, {"do": "answer"}).status_code == 204
    assert staff_client.post(here, {"do": "convert", "with_deal": "1", "deal_name": "Pumps"}).status_code == 204
    assert Deal.objects.get().name == "Pumps"
    assert "Take the conversion back" in staff_client.get(f"/leads/{made.pk}/").content.decode()
    assert staff_client.post(here, {"do": "undo"}).status_code == 204
    assert staff_client.post(here, {"do": "drop", "dropped_because": "No need"}).status_code == 204
    client = Client()
    client.force_login(reps[1])
    assert client.get(f"/leads/{made.pk}/").status_code == 404
    assert client.post(here, {"do": "answer"}).status_code == 404
    assert client.get("/lead-rules/new/").status_code == 403


def test_for_programs(api: Client, staff: User, reps: list[User]) -> None:
    rule("All", reps)
    rows = [{"number": "A1", "name": "Chen Wei"}, {"number": "A1", "city": "Taipei"}, {"number": "A2"}]
    told = api.post("/api/v1/records/leads/bulk", {"rows": rows}, JSON).json()["rows"]
    assert [row["result"] for row in told] == ["created", "changed", "rejected"]
    here = f"/api/v1/leads/{told[0]['id']}"
    assert api.get(f"{here}/assignments").json()[0]["why"] == ["All: given to lin"]
    assert api.post(f"{here}/answered", content_type=JSON).json()["state"] == "working"
    assert api.post(f"{here}/assign", content_type=JSON).json()["owner"] == reps[1].pk
    converted = api.post(f"{here}/convert", {"deal_name": "Pumps"}, JSON).json()
    assert (converted["state"], converted["deal"]) == ("converted", Deal.objects.get().pk)
    assert api.post(f"{here}/drop", {"because": "x"}, JSON).status_code == 422
    assert api.post(f"{here}/convert/undo", content_type=JSON).json()["state"] == "working"
    assert api.post(f"{here}/drop", {"because": "No need"}, JSON).json()["state"] == "dropped"
